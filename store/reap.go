package store

import (
	"context"
	"fmt"
	"slices"
)

const selectExpired = "SELECT id, epoch FROM runs WHERE state = 'running' AND lease_until < ?" + ofOpenRuns

// ReapExpired marks what was under way in runs whose lease has expired: dispatching and running targets are
// interrupted, for nobody knows how they ended (detached ones are due to be asked for); pending ones are skipped.
// Nothing is run again. Runs that the caller knows to be alive are left alone: after a pause of the whole machine their
// leases are late, not lost. It returns the runs that it marked.
func (s *Store) ReapExpired(ctx context.Context, alive ...string) ([]string, error) {
	var expired []Lease
	rows, err := s.read.QueryxContext(ctx, selectExpired, s.Now())
	if err != nil {
		return nil, fmt.Errorf("look for expired leases: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var l Lease
		if err := rows.Scan(&l.RunID, &l.Epoch); err != nil {
			return nil, fmt.Errorf("look for expired leases: %w", err)
		}
		if !slices.Contains(alive, l.RunID) {
			expired = append(expired, l)
		}
	}
	var reaped []string
	for _, lease := range expired {
		ok, err := s.reap(ctx, lease)
		if err != nil {
			return reaped, fmt.Errorf("mark an abandoned run: %w", err)
		}
		if ok {
			reaped = append(reaped, lease.RunID)
		}
	}
	return reaped, rows.Err()
}

func (s *Store) reap(ctx context.Context, lease Lease) (reaped bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		// A higher epoch shuts out the old owner, should it still live.
		reaped, err = t.change(ctx, `UPDATE runs SET epoch = epoch + 1, owner = 'reaper' WHERE id = ? AND epoch = ? AND state = 'running' AND lease_until < ?`,
			lease.RunID, lease.Epoch, t.now)
		if err != nil || !reaped {
			return err
		}
		if err := t.auditRun(ctx, Drover, "run.abandoned", lease.RunID, nil); err != nil {
			return err
		}
		if err := t.interruptOpen(ctx, lease.RunID, "drover stopped while this was under way: nobody saw how it ended",
			"drover stopped while this was under way. It goes on there, and its result follows"); err != nil {
			return err
		}
		_, err := t.finish(ctx, lease.RunID, lease.Epoch+1)
		return err
	})
	return reaped, err
}
