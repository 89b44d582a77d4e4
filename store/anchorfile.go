package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// AnchorFile is the file that anchors are appended to, one JSON object a line.
func (s *Store) AnchorFile() string { return s.anchorFile }

// FileAnchors appends to the file what is not in it yet, each anchor once: what was written before a crash is found there,
// and what was not is written by the next call.
func (s *Store) FileAnchors(ctx context.Context) error {
	var waiting []Anchor
	err := s.read.SelectContext(ctx, &waiting, "SELECT * FROM anchors WHERE filed = FALSE ORDER BY at, seq")
	if err != nil {
		return fmt.Errorf("look for anchors to file: %w", err)
	}
	if len(waiting) == 0 {
		return nil
	}
	if err := appendAnchors(s.anchorFile, waiting); err != nil {
		return fmt.Errorf("file an anchor of the audit log: %w", err)
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		for _, a := range waiting {
			if _, err := t.change(ctx, "UPDATE anchors SET filed = TRUE WHERE occasion = ? AND filed = FALSE", a.Occasion); err != nil {
				return fmt.Errorf("note that an anchor is filed: %w", err)
			}
		}
		return nil
	})
}

// appendAnchors only ever appends, so that the file can be one that allows nothing else.
func appendAnchors(path string, anchors []Anchor) (err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", path, err)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	there, _ := parseAnchors(text)
	var lines bytes.Buffer
	if len(text) > 0 && text[len(text)-1] != '\n' {
		lines.WriteByte('\n') // the power went in the middle of the last line
	}
	encoder := json.NewEncoder(&lines)
	for _, a := range anchors {
		if contains(there, a) {
			continue
		}
		if err := encoder.Encode(a); err != nil {
			return err
		}
	}
	if _, err := file.Write(lines.Bytes()); err != nil {
		return err
	}
	return file.Sync()
}

func contains(anchors []Anchor, a Anchor) bool {
	return slices.ContainsFunc(anchors, func(b Anchor) bool { return a.Occasion == b.Occasion && a.Head == b.Head })
}

// filedAnchors are those in the file, and the numbers of the lines that are none. No file is no error: none was made yet.
func (s *Store) filedAnchors() (anchors []Anchor, bad []int, err error) {
	text, err := os.ReadFile(s.anchorFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the anchors of the audit log: %w", err)
	}
	anchors, bad = parseAnchors(text)
	return anchors, bad, nil
}

func parseAnchors(text []byte) (anchors []Anchor, bad []int) {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		var a Anchor
		switch err := json.Unmarshal(line, &a); {
		case len(bytes.TrimSpace(line)) == 0:
		case err != nil || a.Seq < 1 || a.Hash == "":
			bad = append(bad, number)
		default:
			anchors = append(anchors, a)
		}
	}
	return anchors, bad
}
