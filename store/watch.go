package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// foreignEvery is how often a store looks for rows that other processes wrote.
const foreignEvery = 250 * time.Millisecond

// changes wakes whoever waits for the next commit.
type changes struct {
	mu   sync.Mutex
	next chan struct{}
}

// Changed returns a channel that is closed at the next commit of this process, or, while Watch runs, of any other.
// Take it before reading, so that no change falls between the read and the wait.
func (s *Store) Changed() <-chan struct{} {
	s.changes.mu.Lock()
	defer s.changes.mu.Unlock()
	if s.changes.next == nil {
		s.changes.next = make(chan struct{})
	}
	return s.changes.next
}

func (c *changes) announce() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next != nil {
		close(c.next)
		c.next = nil
	}
}

// Watch announces the commits of other processes until ctx ends. It asks SQLite's data_version, which costs no I/O to speak of.
func (s *Store) Watch(ctx context.Context) error {
	conn, err := s.read.Connx(ctx)
	if err != nil {
		return fmt.Errorf("watch the database: %w", err)
	}
	defer conn.Close()
	ticker := time.NewTicker(foreignEvery)
	defer ticker.Stop()
	var last int64
	for {
		var version int64
		if err := conn.GetContext(ctx, &version, "PRAGMA data_version"); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("watch the database: %w", err)
		}
		if version != last {
			last = version
			s.changes.announce()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
