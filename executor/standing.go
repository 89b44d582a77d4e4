package executor

import (
	"context"
	"fmt"
	"reflect"

	"drover/store"
)

// askAgain ends a sentence about an approval that is lacking.
const askAgain = " Ask again: edit the schedule."

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
	_, err = e.asApproved(ctx, r, plan, standing)
	return err
}

// asApproved leaves out of a plan what was not approved with a revision of a schedule, and returns the approvals; none
// when it needs none.
func (e *Engine) asApproved(ctx context.Context, r Request, plan *Plan, standing store.Standing) ([]store.Approval, error) {
	if plan.Approval == nil {
		return nil, nil
	}
	run, err := e.standingRun(ctx, plan.Action, standing)
	if err != nil {
		return nil, err
	}
	if run.ActionID != plan.ActionID {
		return nil, refuse("`%s` was edited since #%d approved it for this schedule."+askAgain, plan.Action, run.Number)
	}
	if err := plan.keepApproved(run); err != nil {
		return nil, err
	}
	if err := e.complete(ctx, r, plan); err != nil || plan.Approval == nil {
		return nil, err
	}
	return e.standingApprovals(ctx, r, plan, run)
}

// keepApproved leaves only the servers in a plan on which exactly this was approved by a run that asked for it: no other
// server, no other login, no other command.
func (p *Plan) keepApproved(run store.Run) error {
	then, err := PlanOf(run)
	if err != nil {
		return err
	}
	approved := make(map[string]PlanTarget, len(then.Targets))
	for _, t := range then.Targets {
		approved[t.ServerID] = t
	}
	var kept []PlanTarget
	var servers []store.Server
	for i, t := range p.Targets {
		before, asked := approved[t.ServerID]
		before.Batch = t.Batch // its turn hangs on which others there are
		switch {
		case !asked:
			p.Excluded = append(p.Excluded, Exclusion{t.Server, fmt.Sprintf("not in what was approved (#%d)", run.Number)})
		case !reflect.DeepEqual(t, before):
			p.Excluded = append(p.Excluded, Exclusion{t.Server, fmt.Sprintf("changed since it was approved (#%d)", run.Number)})
		default:
			kept, servers = append(kept, t), append(servers, p.servers[i])
		}
	}
	p.Targets, p.servers = kept, servers
	if len(kept) == 0 {
		out := p.Excluded[len(p.Excluded)-1]
		return refuse("Nothing is left of what #%d approved. %s: %s."+askAgain, run.Number, out.Server, out.Reason)
	}
	return nil
}

// standingApprovals are those of a run that asked for a plan, if they still count and are enough.
func (e *Engine) standingApprovals(ctx context.Context, r Request, plan *Plan, run store.Run) ([]store.Approval, error) {
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
		return nil, refuse("`%s` needs %s by now, and #%d has %d."+askAgain, plan.Action, approvals(plan.Approval.Needed), run.Number, len(given))
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
		return run, refuse("Revision %d of it was not approved: #%d ended %s."+askAgain, standing.Revision, run.Number, run.State)
	}
	return store.Run{}, refuse("Nobody was asked to approve `%s` in revision %d of it."+askAgain, action, standing.Revision)
}

// StandingReason is what an approver reads of a schedule.
func StandingReason(s store.Schedule) string {
	text := fmt.Sprintf("schedule %s shall run it on %s at %q", s.Name, s.Selector, s.Cron)
	if s.Nth != "" {
		text += " nth " + s.Nth
	}
	return text + fmt.Sprintf(" (%s)", s.Timezone)
}
