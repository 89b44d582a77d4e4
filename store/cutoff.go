package store

import (
	"context"
	"fmt"
)

// beforeCutoff is the condition that a target may still begin: the cutoff of its run's window has not passed.
const beforeCutoff = ` AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = targets.run_id AND runs.begin_by <= ?)`

// AfterCutoff is why a target of a schedule did not begin.
const AfterCutoff = "not begun: the cutoff of its window had passed"

const selectAtCutoff = `SELECT id, state FROM runs WHERE begin_by <= ? AND finished_at IS NULL
	AND EXISTS (SELECT 1 FROM targets WHERE run_id = runs.id AND state = 'pending')`

// EndAtCutoff ends what has not begun of the runs whose window is over. What runs is left to finish.
func (s *Store) EndAtCutoff(ctx context.Context) error {
	var late []Run
	err := s.read.SelectContext(ctx, &late, selectAtCutoff, s.Now())
	if err != nil || len(late) == 0 {
		return err
	}
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		for _, run := range late {
			if err := t.endAtCutoff(ctx, run.ID, run.State); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("end what a window is over for: %w", err)
	}
	return nil
}

func (t *tx) endAtCutoff(ctx context.Context, id string, state RunState) error {
	if state != Running {
		_, err := t.end(ctx, id, state, Expired, "the cutoff of its window had passed")
		return err
	}
	running, err := t.change(ctx, "UPDATE runs SET version = version + 1 WHERE id = ? AND state = 'running' AND begin_by <= ?", id, t.now)
	if err != nil || !running {
		return err
	}
	if err := t.endPending(ctx, id, TargetSkipped, AfterCutoff); err != nil {
		return err
	}
	return t.touch(ctx, id)
}
