package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// LogsKept is how long the whole output of a target is kept, from its end on. The row keeps its part for good.
	LogsKept = 30 * 24 * time.Hour
	// partsKept is how long a file is kept that is not whole: drover was killed while it was written.
	partsKept = 2 * 24 * time.Hour
)

// LogFile is where the whole output of a target is kept, or would be: in a folder beside the database.
func (s *Store) LogFile(targetID string) string {
	return filepath.Join(s.logFolder(), targetID+".log")
}

func (s *Store) logFolder() string { return s.path + ".logs" }

// PruneLogs removes the files that are older than LogsKept, and what a drover that was killed has left.
func (s *Store) PruneLogs() error {
	entries, err := os.ReadDir(s.logFolder())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for old outputs: %w", err)
	}
	var failed []error
	for _, entry := range entries {
		kept := LogsKept
		switch {
		case strings.HasSuffix(entry.Name(), ".log.part"):
			kept = partsKept
		case !strings.HasSuffix(entry.Name(), ".log"):
			continue // it is not drover's
		}
		info, err := entry.Info()
		if err != nil || s.Now().Sub(info.ModTime()) < kept {
			continue // it may be gone already
		}
		if err := os.Remove(filepath.Join(s.logFolder(), entry.Name())); err != nil {
			failed = append(failed, fmt.Errorf("remove an old output: %w", err))
		}
	}
	return errors.Join(failed...)
}

// findLogs notes where the whole outputs of targets are kept.
func (s *Store) findLogs(targets []Target) {
	for i, t := range targets {
		if t.LogSize == 0 {
			continue
		}
		file, err := filepath.Abs(s.LogFile(t.ID))
		if err != nil {
			continue
		}
		if _, err := os.Stat(file); err == nil {
			targets[i].LogFile = file
		}
	}
}
