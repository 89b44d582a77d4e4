package store

import (
	"context"
	"fmt"
	"time"
)

const selectDueLooks = `SELECT targets.id, run_id, server_id, server, look_at FROM targets JOIN runs ON runs.id = run_id
	WHERE look_at <= ? AND runs.state = 'awaiting_approval' ORDER BY look_at, position LIMIT ?`

// DueLooks lists targets, at most limit, of runs that wait for approval and that it is time to look at.
func (s *Store) DueLooks(ctx context.Context, limit int) ([]Target, error) {
	list := []Target{}
	err := s.read.SelectContext(ctx, &list, selectDueLooks, s.Now(), limit)
	if err != nil {
		return nil, fmt.Errorf("list what is to be looked at: %w", err)
	}
	return list, nil
}

// ClaimLook takes a target of DueLooks for hold. Of several that try, one gets it; should it die, the target is due
// again.
func (s *Store) ClaimLook(ctx context.Context, target Target, hold time.Duration) (claimed bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		claimed, err = t.change(ctx, "UPDATE targets SET look_at = ? WHERE id = ? AND look_at = ? AND look_at <= ?", t.now.Add(hold), target.ID, target.LookAt, t.now)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("claim a look: %w", err)
	}
	return claimed, nil
}

// KeepLook records what a server looks like: the summary for the run's card, the rest with the server. When the run waits
// no more, nobody wants to know.
func (s *Store) KeepLook(ctx context.Context, target Target, seen Result) error {
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		kept, err := t.change(ctx, `UPDATE targets SET look = ?, facts = ?, looked_at = ?, look_at = NULL WHERE id = ? AND look_at IS NOT NULL
			AND EXISTS (SELECT 1 FROM runs WHERE id = run_id AND state = 'awaiting_approval')`, seen.Summary, seen.Facts, t.now, target.ID)
		if err != nil || !kept {
			return err
		}
		if err := t.saveSeen(ctx, target.ServerID, seen); err != nil {
			return err
		}
		return t.touch(ctx, target.RunID)
	})
	if err != nil {
		return fmt.Errorf("record what %s looks like: %w", target.Server, err)
	}
	return nil
}
