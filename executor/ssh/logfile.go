package ssh

import (
	"fmt"
	"os"
	"sync"

	"github.com/dustin/go-humanize"
)

// maxLog is the size of a log file.
const maxLog = 8 << 20

// logFile takes the output of both streams as it arrives.
type logFile struct {
	mu      sync.Mutex
	file    *os.File
	left    int
	omitted int
	err     error
}

func createLog(path string) (*logFile, error) {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("replace log file: %w", err)
	}
	// O_EXCL does not follow a link that somebody put there.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create log file: %w", err)
	}
	return &logFile{file: f, left: maxLog}, nil
}

// add writes until the file is full or fails; the rest is only counted.
func (l *logFile) add(text []byte) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(text), l.left)
	if l.err != nil {
		n = 0
	}
	if n > 0 {
		l.left -= n
		if _, err := l.file.Write(text[:n]); err != nil {
			l.err = fmt.Errorf("write log file: %w", err)
		}
	}
	l.omitted += len(text) - n
}

// close says in the file what it does not hold.
func (l *logFile) close() (truncated bool, err error) {
	if l == nil {
		return false, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.omitted > 0 && l.err == nil {
		if _, err := fmt.Fprintf(l.file, "\n… %s omitted …\n", humanize.IBytes(uint64(l.omitted))); err != nil {
			l.err = fmt.Errorf("write log file: %w", err)
		}
	}
	if err := l.file.Close(); err != nil && l.err == nil {
		l.err = fmt.Errorf("close log file: %w", err)
	}
	return l.omitted > 0 || l.err != nil, l.err
}
