package store

import (
	"context"
	"fmt"
)

// Standing is a revision of a schedule that somebody asks approval for.
type Standing struct {
	ScheduleID string
	Revision   int
}

// OnlyAsks says whether the run asks for what a schedule may run from then on, and runs nothing itself.
func (r Run) OnlyAsks() bool { return r.StandingSchedule != nil }

// allowed is what the servers of a run say that only asked, when it was approved.
const allowed = "allowed: it runs there when the window of its schedule opens"

// allowStanding ends a run that only asks when nobody's approval is missing: awaiting_approval → succeeded.
func (t *tx) allowStanding(ctx context.Context, id string) error {
	done, err := t.change(ctx, `UPDATE runs SET state = 'succeeded', finished_at = ? WHERE id = ? AND state = 'awaiting_approval'
		AND standing_schedule IS NOT NULL AND `+approved, t.now, id)
	if err != nil || !done {
		return err
	}
	if err := t.endPending(ctx, id, TargetSkipped, allowed); err != nil {
		return err
	}
	if err := t.showStanding(ctx, id); err != nil {
		return err
	}
	return t.auditRun(ctx, Drover, "run.allowed", id, nil)
}

// showStanding has what a schedule is about to do told anew after a change of a run that only asks: whether it would run
// hangs on that.
func (t *tx) showStanding(ctx context.Context, runID string) error {
	return t.showUndone(ctx, "o.schedule_id = (SELECT standing_schedule FROM runs WHERE id = ?)", runID)
}

// showScheduled has what schedules are about to do told anew after a change of an action that they run, or may reboot with:
// what was approved does not count any more.
func (t *tx) showScheduled(ctx context.Context, action string) error {
	return t.showUndone(ctx, "o.state IN ('announced', 'asked') AND (s.action = ? OR s.reboot <> 'never')", action)
}

func (t *tx) showUndone(ctx context.Context, condition, value string) error {
	var told []Occurrence
	if err := t.SelectContext(ctx, &told, selectOccurrence+" WHERE o.finished_at IS NULL AND "+condition, value); err != nil {
		return fmt.Errorf("read what a schedule is about to do: %w", err)
	}
	for _, o := range told {
		if err := t.showAnew(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// voidStanding ends what asks for a schedule that is not the same any more.
func (t *tx) voidStanding(ctx context.Context, schedule Schedule, why string) error {
	var ids []string
	if err := t.SelectContext(ctx, &ids, "SELECT id FROM runs WHERE standing_schedule = ? AND state = 'awaiting_approval'", schedule.ID); err != nil {
		return fmt.Errorf("read what asks for schedule %s: %w", schedule.Name, err)
	}
	for _, id := range ids {
		if _, err := t.end(ctx, id, AwaitingApproval, Denied, why); err != nil {
			return err
		}
	}
	return nil
}

// StandingRuns lists the runs that asked for a revision of a schedule, the newest first.
func (s *Store) StandingRuns(ctx context.Context, standing Standing) ([]Run, error) {
	return s.runs(ctx, " WHERE runs.standing_schedule = ? AND runs.standing_revision = ? ORDER BY runs.number DESC", standing.ScheduleID, standing.Revision)
}

// copyApprovals records who has approved a schedule's run: they did so beforehand, with its revision.
func (t *tx) copyApprovals(ctx context.Context, runID string, given []Approval) error {
	for _, a := range given {
		a.RunID = runID
		_, err := t.NamedExecContext(ctx, "INSERT INTO approvals (run_id, actor, decision, reason, at) VALUES (:run_id, :actor, :decision, :reason, :at)", a)
		if err != nil {
			return fmt.Errorf("record an approval: %w", err)
		}
	}
	return nil
}
