package store

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Lease is the right to work a run: it is good until it expires or somebody else holds a higher epoch.
type Lease struct {
	RunID string
	Epoch int64
}

// QueuedRuns lists the ids of the runs that wait to be claimed, oldest first.
func (s *Store) QueuedRuns(ctx context.Context) ([]string, error) {
	ids := []string{}
	if err := s.read.SelectContext(ctx, &ids, "SELECT id FROM runs WHERE state = 'queued' ORDER BY number"); err != nil {
		return nil, fmt.Errorf("list queued runs: %w", err)
	}
	return ids, nil
}

// Claim takes a queued run: queued → running. Of several that try, one gets the lease.
func (s *Store) Claim(ctx context.Context, id, owner string, hold time.Duration) (lease Lease, claimed bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		claimed, err = t.change(ctx, `UPDATE runs SET state = 'running', owner = ?, epoch = epoch + 1, lease_until = ?, started_at = ?
			WHERE id = ? AND state = 'queued'`, owner, t.now.Add(hold), t.now, id)
		if err != nil {
			return fmt.Errorf("claim a run: %w", err)
		}
		if !claimed {
			return nil
		}
		lease = Lease{RunID: id}
		if err := t.GetContext(ctx, &lease.Epoch, "SELECT epoch FROM runs WHERE id = ?", id); err != nil {
			return fmt.Errorf("claim a run: %w", err)
		}
		if err := t.touch(ctx, id); err != nil {
			return err
		}
		return t.auditRun(ctx, Drover, "run.started", id, detail{"owner": owner})
	})
	return lease, claimed, err
}

// Renew keeps a lease. It returns false when the lease is lost: the holder must stop at once.
func (s *Store) Renew(ctx context.Context, lease Lease, hold time.Duration) (held bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		held, err = t.change(ctx, "UPDATE runs SET lease_until = ? WHERE id = ? AND epoch = ? AND state = 'running'", t.now.Add(hold), lease.RunID, lease.Epoch)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("renew a lease: %w", err)
	}
	return held, nil
}

// Cancel asks for the end of a run. A queued run ends here; of a running one, whoever holds the lease ends the
// targets. It returns false when the run is over or somebody asked before.
func (s *Store) Cancel(ctx context.Context, actor Actor, id string) (accepted bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		accepted, err = t.change(ctx, `UPDATE runs SET cancel_by = ? WHERE id = ? AND cancel_by = ''
			AND state IN ('awaiting_approval', 'queued', 'running', 'paused')`, actor, id)
		if err != nil || !accepted {
			return err
		}
		if err := t.auditRun(ctx, actor, "run.cancel_requested", id, nil); err != nil {
			return err
		}
		ended, err := t.end(ctx, id, Queued, Cancelled, "")
		if err != nil || ended {
			return err
		}
		return t.touch(ctx, id)
	})
	if err != nil {
		return false, fmt.Errorf("cancel a run: %w", err)
	}
	return accepted, nil
}

// CancelRequested lists the running runs that somebody wants ended, with who it was.
func (s *Store) CancelRequested(ctx context.Context) (map[string]Actor, error) {
	var rows []struct {
		ID string `db:"id"`
		By Actor  `db:"cancel_by"`
	}
	if err := s.read.SelectContext(ctx, &rows, "SELECT id, cancel_by FROM runs WHERE state = 'running' AND cancel_by <> ''"); err != nil {
		return nil, fmt.Errorf("list cancelled runs: %w", err)
	}
	by := make(map[string]Actor, len(rows))
	for _, row := range rows {
		by[row.ID] = row.By
	}
	return by, nil
}

// DenyRun ends a claimed run before anything was sent: rights were lost or the plan changed since it was requested.
func (s *Store) DenyRun(ctx context.Context, lease Lease, why string) (denied bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		if ok, err := t.holds(ctx, lease); err != nil || !ok {
			return err
		}
		denied, err = t.end(ctx, lease.RunID, Running, Denied, why)
		return err
	})
	return denied, err
}

// ExpireQueued ends changing runs that nobody began within limit of being queued: what was asked for then may be
// wrong by now.
func (s *Store) ExpireQueued(ctx context.Context, limit time.Duration) error {
	var ids []string
	before := s.Now().Add(-limit)
	err := s.read.SelectContext(ctx, &ids, "SELECT id FROM runs WHERE state = 'queued' AND changes = TRUE AND queued_at < ?", before)
	if err != nil || len(ids) == 0 {
		return err
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		for _, id := range ids {
			if _, err := t.end(ctx, id, Queued, Expired, fmt.Sprintf("it was not begun within %s", limit)); err != nil {
				return err
			}
		}
		return nil
	})
}

// FinishRun ends a run whose targets are all over, in the state that follows from theirs. It returns false when a
// target is open or the lease is lost.
func (s *Store) FinishRun(ctx context.Context, lease Lease) (finished bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		finished, err = t.finish(ctx, lease.RunID, lease.Epoch)
		return err
	})
	return finished, err
}

// ReleaseOwners expires at once the leases of every owner whose name begins with prefix. Only for a caller who knows
// that they are dead: one that holds the Lock they held. What they were asking for is due at once, too.
func (s *Store) ReleaseOwners(ctx context.Context, prefix string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.changeMany(ctx, "UPDATE runs SET lease_until = 0 WHERE state = 'running' AND substr(owner, 1, ?) = ?", len(prefix), prefix)
		if err != nil {
			return err
		}
		_, err = t.changeMany(ctx, "UPDATE targets SET probe_at = ? WHERE probe_at > ?", t.now, t.now)
		return err
	})
}

// ReapExpired marks what was under way in runs whose lease has expired: dispatching and running targets are
// interrupted, for nobody knows how they ended (detached ones are due to be asked for); pending ones are skipped.
// Nothing is run again. Runs that the caller knows to be alive are left alone: after a pause of the whole machine their
// leases are late, not lost. It returns the runs that it marked.
func (s *Store) ReapExpired(ctx context.Context, alive ...string) ([]string, error) {
	var expired []Lease
	rows, err := s.read.QueryxContext(ctx, "SELECT id, epoch FROM runs WHERE state = 'running' AND lease_until < ?", s.Now())
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

func (t *tx) holds(ctx context.Context, lease Lease) (bool, error) {
	return t.change(ctx, "UPDATE runs SET version = version WHERE id = ? AND epoch = ? AND state = 'running'", lease.RunID, lease.Epoch)
}

// end moves a run that has begun nothing to a final state; its targets are skipped, or cancelled with it.
func (t *tx) end(ctx context.Context, id string, from, to RunState, why string) (bool, error) {
	ended, err := t.change(ctx, `UPDATE runs SET state = ?, state_reason = ?, finished_at = ? WHERE id = ? AND state = ?
		AND NOT EXISTS (SELECT 1 FROM targets WHERE run_id = runs.id AND state IN ('dispatching', 'running'))`, to, why, t.now, id, from)
	if err != nil || !ended {
		return false, err
	}
	state := TargetSkipped
	if to == Cancelled {
		state = TargetCancelled
	}
	if err := t.endPending(ctx, id, state, why); err != nil {
		return false, err
	}
	return true, t.finished(ctx, id, to)
}

// anyTarget and noTarget begin a question about the targets of a run: is there one, or none, whose state is so?
const anyTarget, noTarget = "EXISTS (SELECT 1 FROM targets WHERE run_id = runs.id AND state ", "NOT EXISTS (SELECT 1 FROM targets WHERE run_id = runs.id AND state "

// derived is the state of a run that follows from those of its targets: any target interrupted → interrupted; else cancelled by someone → cancelled; all
// succeeded → succeeded; none → failed; else partial.
const derived = `CASE
	WHEN ` + anyTarget + `= 'interrupted') THEN 'interrupted'
	WHEN ` + anyTarget + `= 'cancelled')   THEN 'cancelled'
	WHEN ` + noTarget + `<> 'succeeded') THEN 'succeeded'
	WHEN ` + noTarget + `= 'succeeded')  THEN 'failed'
	ELSE 'partial' END`

// finish ends a run whose targets are all over.
func (t *tx) finish(ctx context.Context, id string, epoch int64) (bool, error) {
	finished, err := t.change(ctx, `UPDATE runs SET finished_at = ?, state = `+derived+`
		WHERE id = ? AND epoch = ? AND state = 'running' AND `+noTarget+`IN ('pending', 'dispatching', 'running'))`, t.now, id, epoch)
	if err != nil {
		return false, fmt.Errorf("finish a run: %w", err)
	}
	if !finished {
		return false, nil
	}
	var state RunState
	if err := t.GetContext(ctx, &state, "SELECT state FROM runs WHERE id = ?", id); err != nil {
		return false, fmt.Errorf("finish a run: %w", err)
	}
	return true, t.finished(ctx, id, state)
}

func (t *tx) finished(ctx context.Context, id string, state RunState) error {
	if err := t.touch(ctx, id); err != nil {
		return err
	}
	return t.auditRun(ctx, Drover, "run."+string(state), id, nil)
}

// touch marks a run as changed, and its card as behind.
func (t *tx) touch(ctx context.Context, id string) error {
	if _, err := t.ExecContext(ctx, "UPDATE runs SET version = version + 1 WHERE id = ?", id); err != nil {
		return fmt.Errorf("mark a run as changed: %w", err)
	}
	_, err := t.ExecContext(ctx, "UPDATE messages SET wanted_version = (SELECT version FROM runs WHERE id = ?) WHERE owner = ? AND kind = 'card'", id, id)
	if err != nil {
		return fmt.Errorf("mark a card as behind: %w", err)
	}
	return nil
}

func (t *tx) auditRun(ctx context.Context, actor Actor, event, id string, d detail) error {
	var number int
	if err := t.GetContext(ctx, &number, "SELECT number FROM runs WHERE id = ?", id); err != nil {
		return fmt.Errorf("audit %s: %w", event, err)
	}
	return t.audit(ctx, actor, event, Run{Number: number}.subject(), d)
}
