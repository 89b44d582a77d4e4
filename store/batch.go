package store

import (
	"context"
	"sync"
)

// batch lets many small changes that arrive together share one transaction, and so one fsync: a thousand targets that
// end at once cost a few commits.
type batch struct {
	turn    sync.Mutex // held by the caller that commits
	mu      sync.Mutex
	waiting []*batched
}

type batched struct {
	fn   func(*tx) error
	done chan error
}

// share runs fn in a transaction together with whatever else waits. Whoever gets the turn commits for all of them.
// It does not end with ctx: a result that is lost because somebody stopped waiting would be a lie on the card.
func (s *Store) share(ctx context.Context, fn func(*tx) error) error {
	entry := &batched{fn, make(chan error, 1)}
	s.batch.mu.Lock()
	s.batch.waiting = append(s.batch.waiting, entry)
	s.batch.mu.Unlock()

	s.batch.turn.Lock()
	defer s.batch.turn.Unlock()
	select {
	case err := <-entry.done: // the one before us took it along
		return err
	default:
	}
	s.batch.mu.Lock()
	entries := s.batch.waiting
	s.batch.waiting = nil
	s.batch.mu.Unlock()
	s.commit(context.WithoutCancel(ctx), entries)
	return <-entry.done
}

// commit runs all entries in one transaction, or, when one of them fails, each in its own.
func (s *Store) commit(ctx context.Context, entries []*batched) {
	err := s.transact(ctx, func(t *tx) error {
		for _, e := range entries {
			if err := e.fn(t); err != nil {
				return err
			}
		}
		return nil
	})
	for _, e := range entries {
		if err != nil && len(entries) > 1 {
			e.done <- s.transact(ctx, e.fn)
			continue
		}
		e.done <- err
	}
}
