package ssh

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// maxLog is how much of an output a log file holds from its beginning on. Of what follows it holds as much as a Result does.
const maxLog = 8 << 20

// logFile takes the output of both streams as it arrives. Most commands say little, and for them no file is made. Until it
// is whole a file has another name, so that nobody reads a part of it.
type logFile struct {
	mu   sync.Mutex
	path string
	held []byte // the beginning, for as long as it may be all
	file *os.File
	size int64
	rest capped // what came when the file was full
	err  error
}

// partOf is the name of a file that is not whole.
func partOf(path string) string { return path + ".part" }

// create makes the file, and its folder when it is missing, for the owner alone.
func (l *logFile) create() error {
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return fmt.Errorf("make the folder of log files: %w", err)
	}
	if err := os.Remove(partOf(l.path)); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("replace log file: %w", err)
	}
	// O_EXCL does not follow a link that somebody put there.
	f, err := os.OpenFile(partOf(l.path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create log file: %w", err)
	}
	l.file = f
	return nil
}

// add keeps a text, in a file once it is too much to be held.
func (l *logFile) add(text []byte) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil && l.err == nil {
		if len(l.held)+len(text) <= headSize {
			l.held = append(l.held, text...)
			return
		}
		l.err = l.create()
		l.write(l.held)
		l.held = nil
	}
	l.write(text)
}

// write writes until the file is full or fails.
func (l *logFile) write(text []byte) {
	n := min(int64(len(text)), max(0, maxLog-l.size))
	l.put(text[:n])
	if l.err == nil && n < int64(len(text)) {
		l.rest.add(text[n:])
	}
}

func (l *logFile) put(text []byte) {
	if l.err != nil || len(text) == 0 {
		return
	}
	l.size += int64(len(text))
	if _, err := l.file.Write(text); err != nil {
		l.err = fmt.Errorf("write log file: %w", err)
	}
}

// close completes the file and gives it its name; or, when nothing needs it, removes it.
func (l *logFile) close(needed bool, res *Result) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	rest, truncated := l.rest.text()
	defer func() { res.LogError, res.LogTruncated = l.err, needed && (truncated || l.err != nil) }()
	if l.file == nil {
		return
	}
	l.put([]byte(rest))
	if err := l.file.Close(); err != nil && l.err == nil {
		l.err = fmt.Errorf("close log file: %w", err)
	}
	if needed && l.err == nil {
		if l.err = os.Rename(partOf(l.path), l.path); l.err == nil {
			res.LogSize = l.size
			return
		}
	}
	_ = os.Remove(partOf(l.path)) // what is left is removed in time
}
