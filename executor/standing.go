package executor

import (
	"context"
	"fmt"

	"drover/store"
)

// AskStanding asks for the approval that a revision of a schedule needs before it may run what a request asks for. It
// returns no run when it needs none. The error is a *Refusal when nobody could give it, for one.
func (e *Engine) AskStanding(ctx context.Context, r Request) (store.Run, error) {
	plan, err := e.Plan(ctx, r)
	if err != nil || plan.Approval == nil {
		return store.Run{}, err
	}
	return e.Submit(ctx, r)
}

// MayAskStanding says whether AskStanding would be refused. Nothing is recorded.
func (e *Engine) MayAskStanding(ctx context.Context, r Request) error {
	rights, err := e.Rights(ctx, r.Actor)
	if err != nil {
		return err
	}
	plan, err := e.Plan(ctx, r)
	if err != nil || plan.Approval == nil {
		return err
	}
	_, err = e.admit(ctx, r, rights, plan)
	return err
}

// StandsApproved makes sure that a revision of a schedule may run what a request asks for now. The error is a *Refusal
// when it is not approved, or not any more.
func (e *Engine) StandsApproved(ctx context.Context, r Request, standing store.Standing) error {
	plan, err := e.Plan(ctx, r)
	if err != nil {
		return err
	}
	_, err = e.standingApprovals(ctx, r, plan, standing)
	return err
}

// standingApprovals are those of a revision of a schedule for a plan; none when it needs none.
func (e *Engine) standingApprovals(ctx context.Context, r Request, plan *Plan, standing store.Standing) ([]store.Approval, error) {
	if plan.Approval == nil {
		return nil, nil
	}
	run, err := e.standingRun(ctx, plan.Action, standing)
	if err != nil {
		return nil, err
	}
	if run.ActionID != plan.ActionID {
		return nil, refuse("`%s` was edited since #%d approved it for this schedule. Ask again: edit the schedule.", plan.Action, run.Number)
	}
	by, err := e.inSlack(ctx, r.Actor)
	if err != nil {
		return nil, err
	}
	p, err := e.proposal(ctx, plan.ActionID, plan.servers, by)
	if err != nil {
		return nil, err
	}
	if p, err = p.ofRun(run); err != nil {
		return nil, err
	}
	var given []store.Approval
	for _, a := range run.Approvals {
		if a.Decision != store.ApprovalGiven {
			continue
		}
		if err := e.stillMay(ctx, a.Actor, p); err != nil {
			return nil, err
		}
		given = append(given, a)
	}
	if len(given) < plan.Approval.Needed {
		return nil, refuse("`%s` needs %s by now, and #%d has %d. Ask again: edit the schedule.", plan.Action, approvals(plan.Approval.Needed), run.Number, len(given))
	}
	return given, nil
}

// standingRun is the run by which an action was approved for a revision of a schedule.
func (e *Engine) standingRun(ctx context.Context, action string, standing store.Standing) (store.Run, error) {
	runs, err := e.store.StandingRuns(ctx, standing)
	if err != nil {
		return store.Run{}, err
	}
	for _, run := range runs {
		switch {
		case run.Action != action:
			continue
		case run.State == store.Succeeded:
			return run, nil
		case run.State == store.AwaitingApproval:
			return run, refuse("Revision %d of it waits for approval: #%d.", standing.Revision, run.Number)
		}
		return run, refuse("Revision %d of it was not approved: #%d ended %s. Ask again: edit the schedule.", standing.Revision, run.Number, run.State)
	}
	return store.Run{}, refuse("Nobody was asked to approve `%s` in revision %d of it. Ask: edit the schedule.", action, standing.Revision)
}

// standingReason is what an approver reads of a schedule.
func StandingReason(s store.Schedule) string {
	text := fmt.Sprintf("schedule %s shall run it on %s at %q", s.Name, s.Selector, s.Cron)
	if s.Nth != "" {
		text += " nth " + s.Nth
	}
	return text + fmt.Sprintf(" (%s)", s.Timezone)
}
