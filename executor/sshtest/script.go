package sshtest

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Line is one line of a scripted output.
type Line struct {
	After  time.Duration // wait this long before it
	Text   string        // without the line break
	Stderr bool
}

// Play prints lines with their delays and returns code. It stops at once, with 143
// (ended by TERM), when the session's context ends.
func Play(s *Session, code int, lines ...Line) int {
	for _, line := range lines {
		if !Wait(s.Context(), line.After) {
			return 143
		}
		var out io.Writer = s.Stdout
		if line.Stderr {
			out = s.Stderr
		}
		if _, err := fmt.Fprintln(out, line.Text); err != nil {
			return 143
		}
	}
	return code
}

// Wait waits for a time and says false when the context ends first.
func Wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
