package store

import (
	"context"
	"fmt"
)

// Cancel asks for the end of a run. One that waits to be approved, worked or continued ends here; of a running one,
// whoever holds the lease ends the targets. It returns false when the run is over or somebody asked before. A delivery of
// Slack's that comes again, known by its key, has been heard: both calls return true.
func (s *Store) Cancel(ctx context.Context, actor Actor, id, key string) (accepted bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		accepted, err = t.change(ctx, `UPDATE runs SET cancel_by = ? WHERE id = ? AND cancel_by = ''
			AND state IN ('awaiting_approval', 'queued', 'running', 'paused')`, actor, id)
		if err != nil {
			return err
		}
		again, err := t.receive(ctx, key)
		if err != nil || !accepted {
			accepted = again
			return err
		}
		if err := t.auditRun(ctx, actor, "run.cancel_requested", id, nil); err != nil {
			return err
		}
		for _, waiting := range []RunState{Queued, Paused, AwaitingApproval} {
			if ended, err := t.end(ctx, id, waiting, Cancelled, ""); err != nil || ended {
				return err
			}
		}
		return t.touch(ctx, id)
	})
	if err != nil {
		return false, fmt.Errorf("cancel a run: %w", err)
	}
	return accepted, nil
}

const selectCancelRequested = "SELECT id, cancel_by FROM runs WHERE state = 'running' AND cancel_by <> ''" + ofOpenRuns

// CancelRequested lists the running runs that somebody wants ended, with who it was.
func (s *Store) CancelRequested(ctx context.Context) (map[string]Actor, error) {
	var rows []struct {
		ID string `db:"id"`
		By Actor  `db:"cancel_by"`
	}
	if err := s.read.SelectContext(ctx, &rows, selectCancelRequested); err != nil {
		return nil, fmt.Errorf("list cancelled runs: %w", err)
	}
	by := make(map[string]Actor, len(rows))
	for _, row := range rows {
		by[row.ID] = row.By
	}
	return by, nil
}
