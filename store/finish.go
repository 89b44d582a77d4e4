package store

import (
	"context"
	"fmt"
	"time"
)

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

// tooLongQueued is what has to be true of a queued run for it to expire.
const tooLongQueued = "state = 'queued' AND changes = TRUE AND begin_by IS NULL AND queued_at < ?"

// ExpireQueued ends changing runs that nobody began, or went on with, within limit of being queued: what was asked for
// then may be wrong by now. A schedule's run has until its cutoff; see EndAtCutoff.
func (s *Store) ExpireQueued(ctx context.Context, limit time.Duration) error {
	return s.expire(ctx, Queued, "it was not begun within "+Span(limit).String(), tooLongQueued, s.Now().Add(-limit))
}

func selectExpiring(condition string) string {
	return "SELECT id FROM runs WHERE " + condition + ofOpenRuns
}

// expire ends the runs in a state that meet a condition: found by reading, and met still when they are ended.
func (s *Store) expire(ctx context.Context, from RunState, why, condition string, before Time) error {
	var ids []string
	err := s.read.SelectContext(ctx, &ids, selectExpiring(condition), before)
	if err != nil || len(ids) == 0 {
		return err
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		for _, id := range ids {
			still, err := t.change(ctx, "UPDATE runs SET version = version WHERE id = ? AND "+condition, id, before)
			if err != nil {
				return err
			}
			if !still {
				continue
			}
			if _, err := t.end(ctx, id, from, Expired, why); err != nil {
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
	return true, t.finished(ctx, id, to, why)
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
	return true, t.finished(ctx, id, state, "")
}

func (t *tx) finished(ctx context.Context, id string, state RunState, why string) error {
	if err := t.touch(ctx, id); err != nil {
		return err
	}
	if err := t.showStanding(ctx, id); err != nil {
		return err
	}
	return t.auditRun(ctx, Drover, "run."+string(state), id, detail{"why": why})
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
