package store

import (
	"context"
	"fmt"
	"strings"
)

// Notify records a notice in a change of its own.
func (s *Store) Notify(ctx context.Context, n Notice) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error { return t.notify(ctx, n) })
}

// Chronicle appends many entries to the audit log at once.
func (s *Store) Chronicle(ctx context.Context, entries int) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		for i := range entries {
			err := t.audit(ctx, Actor(fmt.Sprintf("T1/U%d", i%50)), "target.succeeded", fmt.Sprintf("run/%d", i/10), detail{
				"server": fmt.Sprintf("web%d", i%1000), "exit_code": 0, "summary": strings.Repeat("12 upgraded (3 security) ", 8),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Polled are the queries that drover makes again and again: at every change, or every second.
var Polled = []string{
	selectQueued, selectCancelRequested, selectExpired, selectUnapproved, selectAtCutoff, selectOpenOccurrences, selectDueLooks, selectDueReviews,
	selectExpiring(tooLongQueued), selectExpiring(tooLongPaused),
}

// Waiting is the number of changes that wait to share the next commit, and whether one is under way.
func (s *Store) Waiting() (waiting int, committing bool) {
	committing = !s.batch.turn.TryLock()
	if !committing {
		s.batch.turn.Unlock()
	}
	s.batch.mu.Lock()
	defer s.batch.mu.Unlock()
	return len(s.batch.waiting), committing
}

// WriterPragma is a setting of the connection that writes.
func (s *Store) WriterPragma(name string) (value string, err error) {
	err = s.write.Get(&value, "PRAGMA "+name)
	return value, err
}
