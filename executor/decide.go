package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"drover/store"
)

// Approve agrees to a run that waits for approval, as its plan is now and by the rights of now. A plan that has changed
// since it was asked for, or that is no longer allowed, is void: the run ends, and says what changed. key is what Slack
// calls this delivery.
func (e *Engine) Approve(ctx context.Context, actor store.Actor, run store.Run, key string) error {
	return e.decide(ctx, actor, run, func(run store.Run) error {
		if run.State == store.AwaitingApproval {
			if err := e.void(ctx, actor, run); err != nil {
				return err
			}
		}
		return e.store.Approve(ctx, actor, run.ID, key)
	})
}

// Deny ends a run that waits for approval. Whoever may approve it may.
func (e *Engine) Deny(ctx context.Context, actor store.Actor, run store.Run, reason, key string) error {
	if strings.TrimSpace(reason) == "" {
		return usage("Say why: `deny %d because …`. Nothing was done.", run.Number)
	}
	return e.decide(ctx, actor, run, func(run store.Run) error {
		return e.store.DenyApproval(ctx, actor, run.ID, reason, key)
	})
}

// MayDecide refuses whoever may not decide about a run, and says how it stands if there is nothing to decide any more.
func (e *Engine) MayDecide(ctx context.Context, actor store.Actor, run store.Run) error {
	return e.decide(ctx, actor, run, func(run store.Run) error {
		if run.State != store.AwaitingApproval {
			return decided(run, actor)
		}
		return nil
	})
}

// MayStillDecide says whether somebody may decide about a run that waits, and has not yet.
func (e *Engine) MayStillDecide(ctx context.Context, actor store.Actor, run store.Run) (bool, error) {
	if slices.ContainsFunc(run.Approvals, func(a store.Approval) bool { return a.Actor == actor }) {
		return false, nil
	}
	err := e.mayDecide(ctx, actor, run)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return false, nil
	}
	return err == nil, err
}

// decide lets somebody decide about a run who may. What was decided before is said as the answer.
func (e *Engine) decide(ctx context.Context, actor store.Actor, run store.Run, decision func(store.Run) error) error {
	run, err := e.store.Run(ctx, run.ID) // as it is now
	if err != nil {
		return err
	}
	return e.AuditRefusal(ctx, actor, fmt.Sprintf("run/%d", run.Number), e.decideNow(ctx, actor, run, decision))
}

func (e *Engine) decideNow(ctx context.Context, actor store.Actor, run store.Run, decision func(store.Run) error) error {
	if err := e.mayDecide(ctx, actor, run); err != nil {
		return err
	}
	err := decision(run)
	if !errors.Is(err, store.ErrTooLate) && !errors.Is(err, store.ErrExists) {
		return err
	}
	if run, err = e.store.Run(ctx, run.ID); err != nil {
		return err
	}
	return decided(run, actor)
}

func (e *Engine) mayDecide(ctx context.Context, actor store.Actor, run store.Run) error {
	rights, p, err := e.before(ctx, actor, run)
	if err != nil {
		return err
	}
	if why := p.whyNot(rights); why != "" {
		return refuse("You may not decide about #%d: %s. Nothing was done.", run.Number, why)
	}
	return nil
}

// before is what a run proposes, as it stands before somebody who is to judge it, with their rights. Judging is done in
// Slack, by people who have a role.
func (e *Engine) before(ctx context.Context, actor store.Actor, run store.Run) (Rights, proposal, error) {
	if actor.Local() {
		return Rights{}, proposal{}, refuse("Approvals are given in Slack, not at the terminal. Nothing was done.")
	}
	rights, err := e.Rights(ctx, actor)
	if err != nil {
		return rights, proposal{}, err
	}
	if !rights.Any() {
		return rights, proposal{}, rights.authorise(run.Action, store.Viewer, nil) // an outsider learns nothing
	}
	servers, err := e.serversOf(ctx, run)
	if err != nil {
		return rights, proposal{}, err
	}
	p, err := e.proposal(ctx, run.ActionID, servers, run.RequestedBy)
	if err != nil {
		return rights, p, err
	}
	p, err = p.ofRun(run)
	return rights, p, err
}

// serversOf are the servers of a run as they are now. One that was removed since has no tags any more: about a run on it
// nobody judges who may only do so on some servers.
func (e *Engine) serversOf(ctx context.Context, run store.Run) ([]store.Server, error) {
	all, err := e.store.Servers(ctx)
	if err != nil {
		return nil, err
	}
	servers := make([]store.Server, len(run.Targets))
	for i, target := range run.Targets {
		servers[i] = store.Server{ID: target.ServerID, Name: target.Server}
		if at := slices.IndexFunc(all, func(s store.Server) bool { return s.ID == target.ServerID }); at >= 0 {
			servers[i] = all[at]
		}
	}
	return servers, nil
}

// void ends a run that waits and is no longer what was asked for, or no longer allowed, and says so. What drover only does
// not know just now ends nothing.
func (e *Engine) void(ctx context.Context, actor store.Actor, run store.Run) error {
	plan, err := e.stillAsked(ctx, run)
	if err == nil {
		err = e.stillEnough(ctx, run, plan)
	}
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	if refusal.Unsure {
		return &Refusal{Kind: Policy, Unsure: true, Text: fmt.Sprintf("#%d was not approved, and still waits: whether %s may run it is not known, for %s. Try again in a few minutes.",
			run.Number, e.Name(ctx, run.RequestedBy), refusal.Why)}
	}
	voided, err := e.store.VoidRun(ctx, actor, run.ID, refusal.Text)
	if err != nil {
		return err
	}
	if !voided {
		return store.ErrTooLate
	}
	return &Refusal{Text: fmt.Sprintf("#%d was not approved, and is void: %s", run.Number, refusal.Text), audited: true}
}

// stillEnough makes sure that a run does not need more approvals than it was asked for with.
func (e *Engine) stillEnough(ctx context.Context, run store.Run, plan *Plan) error {
	needed, err := e.approvalsNeeded(ctx, plan.definition, plan.servers)
	if err == nil && needed > run.ApprovalsNeeded {
		return refuse("It needs %s since, and was asked for with %d. Ask again.", approvals(needed), run.ApprovalsNeeded)
	}
	return err
}

// stillApproved makes sure at dispatch that everybody who approved a run still may, and that they are enough. The error
// is a *Refusal when not.
func (e *Engine) stillApproved(ctx context.Context, run store.Run, plan *Plan) error {
	if run.Urgent {
		rights, err := e.Rights(ctx, run.RequestedBy)
		if err != nil {
			return err
		}
		return rights.mayBreakGlass(plan)
	}
	if err := e.stillEnough(ctx, run, plan); err != nil || run.ApprovalsNeeded == 0 {
		return err
	}
	p, err := e.proposal(ctx, run.ActionID, plan.servers, run.RequestedBy)
	if err != nil {
		return err
	}
	if p, err = p.ofRun(run); err != nil {
		return err
	}
	given := 0
	for _, a := range run.Approvals {
		if a.Decision != store.ApprovalGiven {
			continue
		}
		if err := e.stillMay(ctx, a.Actor, p); err != nil {
			return err
		}
		given++
	}
	if given < run.ApprovalsNeeded {
		return refuse("It needs %s and has %d.", approvals(run.ApprovalsNeeded), given)
	}
	return nil
}

func (e *Engine) stillMay(ctx context.Context, actor store.Actor, p proposal) error {
	rights, err := e.Rights(ctx, actor)
	var refusal *Refusal
	why, unsure := "", false
	switch {
	case errors.As(err, &refusal):
		why, unsure = refusal.Reason(), refusal.Unsure
	case err != nil:
		return err
	default:
		why = p.whyNot(rights)
		unsure = why != "" && p.whyNot(rights.atBest()) == ""
	}
	switch {
	case why == "":
		return nil
	case unsure:
		return notKnown("Whether %s, who approved it, still may", e.Name(ctx, actor))
	}
	return refuse("%s approved it and may not any more: %s. Ask again.", e.Name(ctx, actor), strings.TrimSuffix(why, "."))
}

// decided says how a run stands about which somebody has nothing to decide any more: who decided, and when.
func decided(run store.Run, actor store.Actor) error {
	own := slices.IndexFunc(run.Approvals, func(a store.Approval) bool { return a.Actor == actor })
	denial := slices.IndexFunc(run.Approvals, func(a store.Approval) bool { return a.Decision == store.ApprovalDenied })
	by := func(text string, who store.Actor, at store.Time) error {
		return &Refusal{Text: fmt.Sprintf(text, run.Number), By: who, At: at}
	}
	switch {
	case run.State == store.AwaitingApproval && own >= 0:
		return by("You have said yes to #%d, and it waits for others: it was approved", actor, run.Approvals[own].At)
	case run.State == store.AwaitingApproval:
		return usage("The time to decide about #%d is over. Ask again if it is still wanted.", run.Number)
	case run.ApprovalsNeeded == 0:
		return usage("#%d needs no approval.", run.Number)
	case denial >= 0:
		return by("There is nothing to decide any more: #%d was denied", run.Approvals[denial].Actor, run.Approvals[denial].At)
	case run.State == store.Cancelled && run.FinishedAt != nil:
		return by("There is nothing to decide any more: #%d was cancelled", run.CancelBy, *run.FinishedAt)
	case run.State == store.Denied, run.State == store.Expired:
		return usage("There is nothing to decide any more, for #%d is over: %s", run.Number, run.StateReason)
	}
	last := run.Approvals[len(run.Approvals)-1]
	return by("There is nothing to decide any more: #%d was approved", last.Actor, last.At)
}
