package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jmoiron/sqlx"
)

// batch lets changes that arrive together share one commit, and so one fsync: a thousand targets that end at once cost
// a few commits, and a request that comes in between waits for one of them, not for all.
type batch struct {
	turn    sync.Mutex // held by the caller that commits
	mu      sync.Mutex
	waiting []*change
}

// change is one caller's part of a commit: all of it is done, or none.
type change struct {
	fn    func(context.Context, *tx) error
	wrote bool // a row was changed
	err   error
	done  chan struct{}
}

// transact runs fn in a write transaction, together with whatever else waits, and tells the watchers when it is
// committed. Whoever gets the turn commits for all. It does not end with ctx, and fn must use the context that it is
// given: a statement that is broken off would take everybody's transaction with it.
func (s *Store) transact(ctx context.Context, fn func(context.Context, *tx) error) error {
	mine := &change{fn: fn, done: make(chan struct{})}
	s.batch.mu.Lock()
	s.batch.waiting = append(s.batch.waiting, mine)
	s.batch.mu.Unlock()

	s.batch.turn.Lock()
	defer s.batch.turn.Unlock()
	select {
	case <-mine.done: // the one before us took it along
		return mine.err
	default:
	}
	s.batch.mu.Lock()
	together := s.batch.waiting
	s.batch.waiting = nil
	s.batch.mu.Unlock()
	s.commit(context.WithoutCancel(ctx), together)
	return mine.err
}

// commit makes all changes in one transaction. One that fails is undone alone; when the commit fails, all have failed.
func (s *Store) commit(ctx context.Context, together []*change) {
	err := s.attempt(ctx, together)
	wrote := false
	for _, c := range together {
		wrote = wrote || c.wrote
		if c.err == nil {
			c.err = err
		}
		close(c.done)
	}
	if err == nil && wrote { // whoever waits for a change and looks by a transaction would wake itself for ever
		s.changes.announce()
	}
}

// errRolledBack: SQLite has ended the whole transaction by itself, as it does when the disk is full.
var errRolledBack = errors.New("the transaction was rolled back")

func (s *Store) attempt(ctx context.Context, together []*change) error {
	if s.write == nil {
		return ErrReadOnly
	}
	sqlTx, err := s.write.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer sqlTx.Rollback() //nolint:errcheck // after Commit it does nothing; before it, the first error counts
	for _, c := range together {
		c.err = s.apply(ctx, sqlTx, c)
		if errors.Is(c.err, errRolledBack) {
			return c.err // what came next would commit itself, outside of any transaction
		}
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// apply makes one change, or leaves no trace of it.
func (s *Store) apply(ctx context.Context, sqlTx *sqlx.Tx, c *change) error {
	if _, err := sqlTx.ExecContext(ctx, "SAVEPOINT change"); err != nil {
		return fmt.Errorf("begin a change: %w", err)
	}
	t := &tx{Tx: sqlTx, keys: s.keys, now: s.Now()}
	failed := c.fn(ctx, t)
	c.wrote = t.wrote && failed == nil
	if failed != nil {
		if _, err := sqlTx.ExecContext(ctx, "ROLLBACK TO change"); err != nil {
			return errors.Join(failed, fmt.Errorf("undo a change: %w: %w", errRolledBack, err))
		}
	}
	if _, err := sqlTx.ExecContext(ctx, "RELEASE change"); err != nil {
		return errors.Join(failed, fmt.Errorf("end a change: %w", err))
	}
	return failed
}
