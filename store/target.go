package store

import (
	"context"
	"fmt"
	"slices"
)

// TargetState is where one server of a run is.
type TargetState string

// The states of a target. From TargetSucceeded on they are final.
const (
	TargetPending     TargetState = "pending"
	TargetDispatching TargetState = "dispatching" // on disk before anything is sent to the server
	TargetRunning     TargetState = "running"
	TargetSucceeded   TargetState = "succeeded"
	TargetFailed      TargetState = "failed"
	TargetUnreachable TargetState = "unreachable" // the command was certainly not started
	TargetTimedOut    TargetState = "timed_out"
	TargetCancelled   TargetState = "cancelled"
	TargetSkipped     TargetState = "skipped"
	TargetInterrupted TargetState = "interrupted" // nobody knows how it ended
)

// Final says whether the target is over.
func (s TargetState) Final() bool {
	switch s {
	case TargetPending, TargetDispatching, TargetRunning:
		return false
	}
	return true
}

// The turns of targets. A batch begins when those before it are over; after the canary the run waits for Continue.
const (
	CanaryBatch = 0
	FirstBatch  = 1 // and so on
)

// Target is one server of a run.
type Target struct {
	ID         string      `db:"id"`
	RunID      string      `db:"run_id"`
	Position   int         `db:"position"`
	ServerID   string      `db:"server_id"`
	Server     string      `db:"server"`
	Batch      int         `db:"batch"` // its turn: CanaryBatch, FirstBatch, and so on
	Changes    bool        `db:"changes"`
	State      TargetState `db:"state"`
	WaitsFor   int         `db:"waits_for"` // the number of the run that has the server now; 0: none
	ExitCode   *int        `db:"exit_code"`
	ErrorKind  string      `db:"error_kind"`
	Summary    string      `db:"summary"` // one line, the outcome first
	Details    string      `db:"details"`
	Stdout     string      `db:"stdout"`
	Stderr     string      `db:"stderr"`
	LogSize    int64       `db:"log_size"` // in bytes, of the file with the whole output; 0: Stdout and Stderr hold it.
	LogFile    string      `db:"-"`        // where that file is, as long as it is kept
	Facts      Strings     `db:"facts"`
	MessageID  *string     `db:"message_id"` // the reply that tells of it
	StartedAt  *Time       `db:"started_at"`
	FinishedAt *Time       `db:"finished_at"`
	Detached   bool        `db:"detached"`    // the command outlives its connection
	Verify     Verify      `db:"verify"`      // how its end is proven beside the exit code; "": not at all
	HostBefore Host        `db:"host_before"` // of such a one: what the server said of itself before
	MachineID  string      `db:"machine_id"`  // of HostBefore
	SentAt     *Time       `db:"sent_at"`     // of such a one: when its command was about to be sent; nil: it was not
	ProbeAt    *Time       `db:"probe_at"`    // when to ask what became of it; nil: nothing is to be proven
	Probes     int         `db:"probes"`      // how often it was asked for
	Look       string      `db:"look"`        // what the server looked like while the run waited for approval, in one line
	LookedAt   *Time       `db:"looked_at"`   // when that was; nil: it was not looked at
	LookAt     *Time       `db:"look_at"`     // when to look; nil: it is done, or need not be
}

// Result is how a target ended.
type Result struct {
	State     TargetState
	ExitCode  *int
	ErrorKind string
	Summary   string
	Details   string
	Stdout    string
	Stderr    string
	LogSize   int64
	Facts     Strings
	Host      Host
	GoesOn    bool // drover stopped waiting and the command did not: its end is to be proven
}

func (t *tx) createTargets(ctx context.Context, run Run, n NewRun) error {
	var lookAt any
	if run.State == AwaitingApproval {
		lookAt = run.CreatedAt
	}
	for i, server := range n.Servers {
		id, err := newID()
		if err != nil {
			return err
		}
		batch, ok := n.Batches[server.ID]
		if !ok {
			batch = FirstBatch
		}
		_, err = t.ExecContext(ctx, `INSERT INTO targets (id, run_id, position, server_id, server, batch, changes, detached, verify, look_at, state)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')`, id, run.ID, i, server.ID, server.Name, batch, run.Changes, n.Detached[server.ID], n.Verify, lookAt)
		if err != nil {
			return fmt.Errorf("record target %s: %w", server.Name, err)
		}
	}
	return nil
}

const leaseHeld = ` AND EXISTS (SELECT 1 FROM runs WHERE runs.id = targets.run_id AND runs.epoch = ? AND runs.state = 'running')`

// BeginTarget moves a target from pending to dispatching. It returns false when the lease is lost, the target is not
// pending any more, more targets of the run have failed than may, the cutoff of its window has passed, somebody else has
// locked the server, or another run is changing the server, or may still be: the end of its command is not proven. For
// the last two, waitsFor is that run's number.
func (s *Store) BeginTarget(ctx context.Context, lease Lease, id string) (began bool, waitsFor int, err error) {
	if err := ctx.Err(); err != nil {
		return false, 0, err // nobody is there to go on with what would begin
	}
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		began, err = t.change(ctx, `UPDATE targets SET state = 'dispatching', started_at = ?, waits_for = 0 WHERE id = ? AND state = 'pending'
			AND NOT (changes = TRUE AND EXISTS (SELECT 1 FROM targets AS o WHERE o.server_id = targets.server_id
				AND o.changes = TRUE AND (o.state IN ('dispatching', 'running') OR o.probe_at IS NOT NULL)))`+withinLimit+beforeCutoff+notLocked+notFrozen()+leaseHeld, t.now, id, t.now, t.now, t.now, lease.Epoch)
		if err != nil {
			return fmt.Errorf("begin a target: %w", err)
		}
		if began {
			return t.dispatched(ctx, lease.RunID, id)
		}
		waitsFor, err = t.wait(ctx, lease, id)
		return err
	})
	return began, waitsFor, err
}

// dispatched follows a target that is about to be sent its command: the log has it before the server does.
func (t *tx) dispatched(ctx context.Context, runID, id string) error {
	if err := t.touch(ctx, runID); err != nil {
		return err
	}
	var server string
	if err := t.GetContext(ctx, &server, "SELECT server FROM targets WHERE id = ?", id); err != nil {
		return fmt.Errorf("begin a target: %w", err)
	}
	return t.auditRun(ctx, Drover, "target.dispatched", runID, detail{"server": server})
}

// wait notes for which run a pending target waits. One that may not begin any more waits for none.
func (t *tx) wait(ctx context.Context, lease Lease, id string) (number int, err error) {
	var holders []int
	err = t.SelectContext(ctx, &holders, `SELECT runs.number FROM targets JOIN targets AS o ON o.server_id = targets.server_id AND o.changes = TRUE
		AND (o.state IN ('dispatching', 'running') OR o.probe_at IS NOT NULL) JOIN runs ON runs.id = o.run_id
		WHERE targets.id = ? AND targets.state = 'pending' AND targets.changes = TRUE`+withinLimit, id)
	if err != nil || len(holders) == 0 {
		return 0, err
	}
	noted, err := t.change(ctx, "UPDATE targets SET waits_for = ? WHERE id = ? AND state = 'pending' AND waits_for <> ?"+leaseHeld,
		holders[0], id, holders[0], lease.Epoch)
	if err != nil || !noted {
		return holders[0], err
	}
	return holders[0], t.touch(ctx, lease.RunID)
}

// TargetStarted moves a target from dispatching to running: the server has accepted the command.
func (s *Store) TargetStarted(ctx context.Context, lease Lease, id string) (moved bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		moved, err = t.change(ctx, "UPDATE targets SET state = 'running' WHERE id = ? AND state = 'dispatching'"+leaseHeld, id, lease.Epoch)
		if err != nil || !moved {
			return err
		}
		return t.touch(ctx, lease.RunID)
	})
	return moved, err
}

// FinishTarget ends a target that was under way. What the server said of itself is kept with the server.
func (s *Store) FinishTarget(ctx context.Context, lease Lease, target Target, r Result) (finished bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		var probe any
		if r.GoesOn {
			probe = t.now
		}
		finished, err = t.change(ctx, `UPDATE targets SET state = ?, exit_code = ?, error_kind = ?, summary = ?, details = ?, stdout = ?, stderr = ?,
			log_size = ?, facts = ?, finished_at = ?, probe_at = ? WHERE id = ? AND state IN ('dispatching', 'running')`+leaseHeld,
			r.State, r.ExitCode, r.ErrorKind, r.Summary, r.Details, r.Stdout, r.Stderr, r.LogSize, r.Facts, t.now, probe, target.ID, lease.Epoch)
		if err != nil {
			return fmt.Errorf("record the result of %s: %w", target.Server, err)
		}
		if !finished {
			return nil
		}
		if err := t.saveSeen(ctx, target.ServerID, r); err != nil {
			return err
		}
		if err := t.touchReply(ctx, lease.RunID, target.ID); err != nil {
			return err
		}
		return t.auditRun(ctx, Drover, "target."+string(r.State), lease.RunID,
			detail{"server": target.Server, "exit_code": r.ExitCode, "error_kind": r.ErrorKind, "summary": r.Summary})
	})
	return finished, err
}

// touchReply marks the run as changed, and the reply that tells of the target as behind.
func (t *tx) touchReply(ctx context.Context, runID, targetID string) error {
	if err := t.touch(ctx, runID); err != nil {
		return err
	}
	_, err := t.ExecContext(ctx, `UPDATE messages SET wanted_version = (SELECT version FROM runs WHERE id = ?)
		WHERE id = (SELECT message_id FROM targets WHERE id = ?)`, runID, targetID)
	if err != nil {
		return fmt.Errorf("mark a reply as behind: %w", err)
	}
	return nil
}

// NotePending says what the targets of a run that have not begun wait for, in one line; "": nothing. What is said already
// is not said again.
func (s *Store) NotePending(ctx context.Context, lease Lease, summary string) error {
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		noted, err := t.change(ctx, "UPDATE targets SET summary = ? WHERE run_id = ? AND state = 'pending' AND summary <> ?"+leaseHeld, summary, lease.RunID, summary, lease.Epoch)
		if err != nil || !noted {
			return err
		}
		return t.touch(ctx, lease.RunID)
	})
	if err != nil {
		return fmt.Errorf("note what a run waits for: %w", err)
	}
	return nil
}

// EndPending ends the targets of a run that have not begun.
func (s *Store) EndPending(ctx context.Context, lease Lease, state TargetState, why string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		if held, err := t.holds(ctx, lease); err != nil || !held {
			return err
		}
		if err := t.endPending(ctx, lease.RunID, state, why); err != nil {
			return err
		}
		return t.touch(ctx, lease.RunID)
	})
}

func (t *tx) endPending(ctx context.Context, runID string, state TargetState, why string) error {
	_, err := t.endTargets(ctx, runID, state, why, `UPDATE targets SET state = ?, summary = ?, finished_at = ?
		WHERE run_id = ? AND state = 'pending' RETURNING server`, state, why, t.now, runID)
	return err
}

// endTargets ends targets of a run by an UPDATE that returns their servers, and tells of all of them in one entry.
func (t *tx) endTargets(ctx context.Context, runID string, state TargetState, why, update string, args ...any) (ended bool, err error) {
	var servers []string
	if err := t.SelectContext(ctx, &servers, update, args...); err != nil {
		return false, fmt.Errorf("end targets as %s: %w", state, err)
	}
	if len(servers) == 0 {
		return false, nil
	}
	t.wrote = true
	slices.Sort(servers)
	return true, t.auditRun(ctx, Drover, "target."+string(state), runID, detail{"servers": servers, "summary": why})
}

// interruptOpen marks targets whose end nobody saw, and has those asked for that go on without drover.
func (t *tx) interruptOpen(ctx context.Context, runID, why, whyDetached string) error {
	_, err := t.endTargets(ctx, runID, TargetInterrupted, why, `UPDATE targets SET state = 'interrupted', finished_at = ?,
		summary = CASE WHEN detached = TRUE THEN ? ELSE ? END, probe_at = CASE WHEN detached = TRUE THEN ? END
		WHERE run_id = ? AND state IN ('dispatching', 'running') RETURNING server`, t.now, whyDetached, why, t.now, runID)
	if err != nil {
		return err
	}
	return t.endPending(ctx, runID, TargetSkipped, "not begun: drover stopped before its turn")
}
