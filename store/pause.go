package store

import (
	"context"
	"fmt"
	"time"
)

// Pause gives a run back after its canary: running → paused. Nobody holds it then; it is only rows, and expires when
// nobody continues it within limit. It returns false when the lease is lost, somebody cancels the run, or not every
// server of the canary has succeeded.
func (s *Store) Pause(ctx context.Context, lease Lease, limit time.Duration) (paused bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		paused, err = t.change(ctx, `UPDATE runs SET state = 'paused', paused_until = ?, owner = '', lease_until = NULL
			WHERE id = ? AND epoch = ? AND state = 'running' AND cancel_by = ''
			AND NOT EXISTS (SELECT 1 FROM targets WHERE run_id = runs.id AND CASE WHEN batch = 0 THEN state <> 'succeeded' ELSE state <> 'pending' END)`,
			t.now.Add(limit), lease.RunID, lease.Epoch)
		if err != nil || !paused {
			return err
		}
		if err := t.touch(ctx, lease.RunID); err != nil {
			return err
		}
		return t.auditRun(ctx, Drover, "run.paused", lease.RunID, detail{"limit": limit.String()})
	})
	if err != nil {
		return false, fmt.Errorf("pause a run: %w", err)
	}
	return paused, nil
}

// Continue lets a paused run go on in time: paused → queued, to be claimed like any other. Of several that try, one gets
// it; the run tells who. A delivery of Slack's that comes again, known by its key, has been heard: both calls return true.
func (s *Store) Continue(ctx context.Context, actor Actor, id, inboxKey string) (continued bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		continued, err = t.change(ctx, `UPDATE runs SET state = 'queued', queued_at = ?, continued_by = ?, continued_at = ?
			WHERE id = ? AND state = 'paused' AND paused_until > ?`, t.now, actor, t.now, id, t.now)
		if err != nil {
			return err
		}
		again, err := t.receive(ctx, inboxKey)
		if err != nil || !continued {
			continued = again
			return err
		}
		if err := t.touch(ctx, id); err != nil {
			return err
		}
		return t.auditRun(ctx, actor, "run.continued", id, nil)
	})
	if err != nil {
		return false, fmt.Errorf("continue a run: %w", err)
	}
	return continued, nil
}

// tooLongPaused is what has to be true of a paused run for it to expire.
const tooLongPaused = "state = 'paused' AND paused_until <= ?"

// ExpirePaused ends the runs that nobody continued in time.
func (s *Store) ExpirePaused(ctx context.Context) error {
	return s.expire(ctx, Paused, "nobody continued it in time", tooLongPaused, s.Now())
}
