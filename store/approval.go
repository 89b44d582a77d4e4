package store

import (
	"context"
	"fmt"
)

// Decision is what somebody says to a run that waits for approval.
type Decision string

// The decisions. One denial ends the run.
const (
	ApprovalGiven  Decision = "approved"
	ApprovalDenied Decision = "denied"
)

// Approval is one person's decision about a run.
type Approval struct {
	RunID    string   `db:"run_id"   json:"-"`
	Actor    Actor    `db:"actor"    json:"user"`
	Decision Decision `db:"decision" json:"decision"`
	Reason   string   `db:"reason"   json:"reason"`
	At       Time     `db:"at"       json:"at"`
}

// Approve records that somebody agrees to a run. The last approval that is needed queues it: awaiting_approval →
// queued. key is what Slack calls this delivery; a second one changes nothing and is no error. ErrTooLate: the run does
// not wait any more. ErrExists: the actor has approved it already.
func (s *Store) Approve(ctx context.Context, actor Actor, id, key string) error {
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		if first, err := t.decide(ctx, id, key); err != nil || !first {
			return err
		}
		fresh, err := t.change(ctx, `INSERT INTO approvals (run_id, actor, decision, at) VALUES (?, ?, 'approved', ?)
			ON CONFLICT (run_id, actor) DO NOTHING`, id, actor, t.now)
		if err != nil || !fresh {
			return notAdded(err)
		}
		if err := t.auditDecision(ctx, actor, "approval.given", id, ""); err != nil {
			return err
		}
		if err := t.queueApproved(ctx, id); err != nil {
			return err
		}
		return t.touch(ctx, id)
	})
	if err != nil {
		return fmt.Errorf("approve a run: %w", err)
	}
	return nil
}

// DenyApproval ends a run that waits for approval: awaiting_approval → denied. For key and ErrTooLate see Approve. Who
// approved before can still change their mind.
func (s *Store) DenyApproval(ctx context.Context, actor Actor, id, reason, key string) error {
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		if first, err := t.decide(ctx, id, key); err != nil || !first {
			return err
		}
		_, err := t.ExecContext(ctx, `INSERT INTO approvals (run_id, actor, decision, reason, at) VALUES (?, ?, 'denied', ?, ?)
			ON CONFLICT (run_id, actor) DO UPDATE SET decision = excluded.decision, reason = excluded.reason, at = excluded.at`, id, actor, reason, t.now)
		if err != nil {
			return err
		}
		if err := t.auditDecision(ctx, actor, "approval.denied", id, reason); err != nil {
			return err
		}
		_, err = t.end(ctx, id, AwaitingApproval, Denied, reason)
		return err
	})
	if err != nil {
		return fmt.Errorf("deny a run: %w", err)
	}
	return nil
}

// decide begins a decision about a run that waits. Its first statement takes the run's row, so that of two decisions
// at once the second sees the first: on PostgreSQL, too, where each would otherwise count without the other. It returns
// false when Slack has delivered the decision before.
func (t *tx) decide(ctx context.Context, id, key string) (first bool, err error) {
	waits, err := t.change(ctx, "UPDATE runs SET version = version WHERE id = ? AND state = 'awaiting_approval' AND approve_by > ?", id, t.now)
	if err != nil {
		return false, err
	}
	duplicate, err := t.receive(ctx, key)
	if err == nil && !duplicate && !waits {
		err = ErrTooLate
	}
	return !duplicate, err
}

// approved is the condition that nobody's approval of a run is missing.
const approved = "approvals_needed <= (SELECT count(*) FROM approvals WHERE run_id = runs.id AND decision = 'approved')"

// queueApproved lets a run be claimed when nobody's approval is missing.
func (t *tx) queueApproved(ctx context.Context, id string) error {
	queued, err := t.change(ctx, `UPDATE runs SET state = 'queued', queued_at = ? WHERE id = ? AND state = 'awaiting_approval'
		AND standing_schedule IS NULL AND `+approved, t.now, id)
	if err != nil {
		return err
	}
	if !queued {
		return t.allowStanding(ctx, id)
	}
	return t.auditRun(ctx, Drover, "run.queued", id, nil)
}

func (t *tx) auditDecision(ctx context.Context, actor Actor, event, id, reason string) error {
	var hash string
	if err := t.GetContext(ctx, &hash, "SELECT plan_hash FROM runs WHERE id = ?", id); err != nil {
		return fmt.Errorf("audit %s: %w", event, err)
	}
	return t.auditRun(ctx, actor, event, id, detail{"plan_hash": hash, "reason": reason})
}

// VoidRun ends a run that waits for approval because it is no longer what was asked for, or no longer allowed. That was
// found out when the actor wanted to approve it.
func (s *Store) VoidRun(ctx context.Context, actor Actor, id, why string) (voided bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		if voided, err = t.end(ctx, id, AwaitingApproval, Denied, why); err != nil || !voided {
			return err
		}
		return t.auditRun(ctx, actor, "approval.void", id, detail{"why": why})
	})
	return voided, err
}

const selectUnapproved = "SELECT * FROM runs WHERE state = 'awaiting_approval' AND approve_by <= ?" + ofOpenRuns

// ExpireUnapproved ends the runs whose approval did not come in time.
func (s *Store) ExpireUnapproved(ctx context.Context) error {
	var late []Run
	err := s.read.SelectContext(ctx, &late, selectUnapproved, s.Now())
	if err != nil || len(late) == 0 {
		return err
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		for _, run := range late {
			why := "it was not approved within " + Span(run.ApproveBy.Sub(run.CreatedAt.Time)).String()
			if _, err := t.end(ctx, run.ID, AwaitingApproval, Expired, why); err != nil {
				return err
			}
		}
		return nil
	})
}

// AwaitingApprovals lists the runs that wait for approval, the oldest first.
func (s *Store) AwaitingApprovals(ctx context.Context) ([]Run, error) {
	return s.runs(ctx, " WHERE runs.state = 'awaiting_approval'"+ofOpenRuns+" ORDER BY runs.number")
}
