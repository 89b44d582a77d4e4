package store

import (
	"context"
	"fmt"
	"time"
)

// DueProbes lists targets, at most limit, of which drover stopped seeing the end and which it is time to ask for, the
// longest due first. Their output is left out.
func (s *Store) DueProbes(ctx context.Context, limit int) ([]Target, error) {
	list := []Target{}
	err := s.read.SelectContext(ctx, &list, `SELECT id, run_id, server_id, server, state, summary, started_at, detached, verify, host_before, sent_at, probe_at, probes
		FROM targets WHERE probe_at <= ? ORDER BY probe_at LIMIT ?`, s.Now(), limit)
	if err != nil {
		return nil, fmt.Errorf("list what is to be proven: %w", err)
	}
	return list, nil
}

// ClaimProbe takes a target of DueProbes for hold. Of several that try, one gets it; the target that it returns has the
// epoch that Prove, PostponeProbe and EndProbes want. Should its prober die, the target is due again after hold.
func (s *Store) ClaimProbe(ctx context.Context, target Target, hold time.Duration) (claimed Target, ok bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		ok, err = t.change(ctx, "UPDATE targets SET probes = probes + 1, probe_at = ? WHERE id = ? AND probes = ? AND probe_at <= ?",
			t.now.Add(hold), target.ID, target.Probes, t.now)
		return err
	})
	if err != nil {
		return target, false, fmt.Errorf("claim a probe: %w", err)
	}
	target.Probes++
	return target, ok, nil
}

// PostponeProbe notes that a target still goes on, or could not be asked for, and when to ask again.
func (s *Store) PostponeProbe(ctx context.Context, target Target, after time.Duration) error {
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.change(ctx, "UPDATE targets SET probe_at = ? WHERE id = ? AND probes = ? AND probe_at IS NOT NULL", t.now.Add(after), target.ID, target.Probes)
		return err
	})
	if err != nil {
		return fmt.Errorf("postpone a probe: %w", err)
	}
	return nil
}

// EndProbes gives up asking for a target. It keeps its state; the summary says why nobody knows.
func (s *Store) EndProbes(ctx context.Context, target Target, summary string) (ended bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		ended, err = t.change(ctx, "UPDATE targets SET probe_at = NULL, summary = ? WHERE id = ? AND probes = ? AND probe_at IS NOT NULL",
			summary, target.ID, target.Probes)
		if err != nil || !ended {
			return err
		}
		if err := t.touchReply(ctx, target.RunID, target.ID); err != nil {
			return err
		}
		return t.auditRun(ctx, Drover, "target.not_proven", target.RunID, detail{"server": target.Server, "summary": summary})
	})
	if err != nil {
		return false, fmt.Errorf("give up a probe: %w", err)
	}
	return ended, nil
}

// Prove records how a target really ended, once drover has seen the proof: interrupted or timed_out → succeeded or
// failed. The run's state follows when it is over. It returns false when somebody else was first.
func (s *Store) Prove(ctx context.Context, target Target, r Result) (proven bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		proven, err = t.change(ctx, `UPDATE targets SET state = ?, exit_code = ?, error_kind = ?, summary = ?, details = ?, stdout = ?, stderr = ?,
			log_size = ?, facts = ?, finished_at = ?, probe_at = NULL WHERE id = ? AND probes = ? AND probe_at IS NOT NULL AND state IN ('interrupted', 'timed_out')`,
			r.State, r.ExitCode, r.ErrorKind, r.Summary, r.Details, r.Stdout, r.Stderr, r.LogSize, r.Facts, t.now, target.ID, target.Probes)
		if err != nil || !proven {
			return err
		}
		return t.proven(ctx, target, r)
	})
	if err != nil {
		return false, fmt.Errorf("record the proof of %s: %w", target.Server, err)
	}
	return proven, nil
}

// proven is what follows from a proof: for the server's facts, the log, the run and its messages.
func (t *tx) proven(ctx context.Context, target Target, r Result) error {
	if err := t.saveSeen(ctx, target.ServerID, r); err != nil {
		return err
	}
	err := t.auditRun(ctx, Drover, "target.proven", target.RunID, detail{
		"server": target.Server, "was": target.State, "state": r.State, "exit_code": r.ExitCode, "error_kind": r.ErrorKind, "summary": r.Summary,
	})
	if err != nil {
		return err
	}
	if err := t.rederive(ctx, target.RunID); err != nil {
		return err
	}
	if err := t.touchReply(ctx, target.RunID, target.ID); err != nil {
		return err
	}
	if err := t.touchReport(ctx, target.RunID); err != nil {
		return err
	}
	_, err = t.ExecContext(ctx, `UPDATE messages SET wanted_version = (SELECT version FROM runs WHERE id = ?)
		WHERE kind = 'file' AND key = (SELECT message_id FROM targets WHERE id = ?)`, target.RunID, target.ID)
	if err != nil {
		return fmt.Errorf("mark a file as behind: %w", err)
	}
	return nil
}

// rederive makes the state of a run that was over follow from its targets once more.
func (t *tx) rederive(ctx context.Context, id string) error {
	changed, err := t.change(ctx, `UPDATE runs SET finished_at = ?, state = `+derived+`
		WHERE id = ? AND state IN ('succeeded', 'failed', 'partial', 'cancelled', 'interrupted') AND state <> `+derived, t.now, id)
	if err != nil {
		return fmt.Errorf("derive a run's state: %w", err)
	}
	if !changed {
		return nil
	}
	var state RunState
	if err := t.GetContext(ctx, &state, "SELECT state FROM runs WHERE id = ?", id); err != nil {
		return fmt.Errorf("derive a run's state: %w", err)
	}
	return t.auditRun(ctx, Drover, "run.proven", id, detail{"state": state})
}

// SkipWaiting ends a pending target that waits for one whose end is not proven. It returns false when it does not.
func (s *Store) SkipWaiting(ctx context.Context, lease Lease, id, why string) (skipped bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		skipped, err = t.endTargets(ctx, lease.RunID, TargetSkipped, why, `UPDATE targets SET state = 'skipped', summary = ?, finished_at = ?
			WHERE id = ? AND state = 'pending' AND changes = TRUE
			AND EXISTS (SELECT 1 FROM targets AS o WHERE o.server_id = targets.server_id AND o.changes = TRUE AND o.probe_at IS NOT NULL)`+leaseHeld+
			" RETURNING server", why, t.now, id, lease.Epoch)
		if err != nil || !skipped {
			return err
		}
		return t.touch(ctx, lease.RunID)
	})
	if err != nil {
		return false, fmt.Errorf("skip a waiting target: %w", err)
	}
	return skipped, nil
}
