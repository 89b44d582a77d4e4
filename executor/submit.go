package executor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"drover/store"
)

// Submit checks a request and records it as a run that is ready to be claimed. Every origin comes through here. The
// error is a *Refusal when the request was turned down; nothing was recorded then but the audit entry. When Slack
// delivers a request twice, both calls return the same run. ErrTooLate: the occurrence that it is for has gone on without it.
func (e *Engine) Submit(ctx context.Context, r Request) (store.Run, error) {
	run, err := e.submit(ctx, r)
	return run, e.AuditRefusal(ctx, r.Actor, "action/"+r.Action, err)
}

func (e *Engine) submit(ctx context.Context, r Request) (store.Run, error) {
	rights, err := e.Rights(ctx, r.Actor)
	if err != nil {
		return store.Run{}, err
	}
	if !rights.Any() {
		return store.Run{}, rights.authorise(r.Action, store.Viewer, nil) // an outsider learns no name of ours
	}
	plan, given, err := e.submitted(ctx, r)
	if err != nil {
		return store.Run{}, err
	}
	if r, err = e.admit(ctx, r, rights, plan); err != nil {
		return store.Run{}, err
	}
	if plan.Approval != nil {
		if plan.Approval.Cost, err = e.cost(ctx, plan); err != nil {
			return store.Run{}, err
		}
	}
	n, err := e.newRun(ctx, r, plan)
	if err != nil {
		return store.Run{}, err
	}
	n.Approved = given
	run, _, err := e.store.CreateRun(ctx, n)
	return run, err
}

// submitted is the plan of a request and, of a schedule's, the approvals that it has beforehand.
func (e *Engine) submitted(ctx context.Context, r Request) (*Plan, []store.Approval, error) {
	plan, err := e.Plan(ctx, r)
	if err != nil || r.Stage == nil {
		return plan, nil, err
	}
	given, err := e.asApproved(ctx, r, plan, store.Standing{ScheduleID: r.Stage.Occurrence.ScheduleID, Revision: r.Stage.Occurrence.Revision})
	return plan, given, err
}

// admit makes sure that a request may become a run, and returns it as it then stands: with who answers for it, and where
// others are asked to approve it.
func (e *Engine) admit(ctx context.Context, r Request, rights Rights, plan *Plan) (_ Request, err error) {
	if plan.Approval != nil || plan.Options.Urgent {
		if r.Actor, rights, err = e.accountable(ctx, r, rights); err != nil {
			return r, err
		}
	}
	if plan.Options.Urgent {
		return e.breakGlass(ctx, r, rights, plan)
	}
	if err := e.check(ctx, rights, r, plan); err != nil {
		return r, err
	}
	if plan.Approval != nil && r.Stage == nil {
		r.Channel, err = e.askable(ctx, r, plan)
	}
	return r, err
}

// check is the policy of a plan that somebody asks for, the same at request, at approval and at dispatch: rights, then
// what holds its servers.
func (e *Engine) check(ctx context.Context, rights Rights, r Request, plan *Plan) error {
	err := rights.authorise(plan.Action, store.Role(plan.definition.Role), plan.servers)
	if err != nil || r.Standing != nil { // what only asks changes nothing now
		return err
	}
	return e.heldOff(ctx, r.Actor, r.Origin, plan)
}

func (e *Engine) newRun(ctx context.Context, r Request, plan *Plan) (store.NewRun, error) {
	hash, err := plan.Hash()
	if err != nil {
		return store.NewRun{}, err
	}
	planText, err := json.Marshal(plan)
	if err != nil {
		return store.NewRun{}, fmt.Errorf("record a plan: %w", err)
	}
	options, err := plan.Options.json()
	if err != nil {
		return store.NewRun{}, fmt.Errorf("record options: %w", err)
	}
	n := store.NewRun{InboxKey: r.InboxKey, Servers: plan.servers, Detached: plan.detached(), Verify: plan.verify(), Batches: plan.batchNumbers(), Stage: r.Stage, Run: store.Run{
		ActionID: plan.ActionID, Action: plan.Action, Changes: plan.definition.Changes, Preview: plan.Options.Preview,
		MaxFailures: plan.maxFailures(),
		Selector:    strings.Join(r.Selector, " "), Params: r.Params, Options: options,
		Plan: string(planText), PlanHash: hash, Reason: r.Reason, Origin: r.Origin,
		RequestedBy: r.Actor, Channel: r.Channel,
	}}
	if r.Standing != nil {
		n.StandingSchedule, n.StandingRevision = &r.Standing.ScheduleID, &r.Standing.Revision
	}
	if r.RetryOf != "" {
		n.RetryOf = &r.RetryOf
	}
	if plan.Approval != nil {
		n.ApprovalsNeeded = plan.Approval.Needed
		n.Expiry, err = e.expiry(ctx, r)
	}
	if n.Urgent = plan.Options.Urgent; n.Urgent {
		n.Tell, err = e.alarmed(ctx, r.Actor)
	}
	return n, err
}

// standingExpiry is how long what a schedule may run waits for its approvals. They are no judgement of how servers are at
// this moment: nothing runs then, and each night they are checked anew.
const standingExpiry = 30 * 24 * time.Hour

// expiry is how long a request waits for its approvals.
func (e *Engine) expiry(ctx context.Context, r Request) (time.Duration, error) {
	if r.Standing != nil {
		return standingExpiry, nil
	}
	return e.span(ctx, ApprovalExpiry)
}

// Retry asks again for what a run did not achieve: the same action on the servers that did not succeed. It is a new
// run with all checks of one.
func (e *Engine) Retry(ctx context.Context, run store.Run, again Request) (store.Run, error) {
	again.Action, again.Params, again.Reason, again.RetryOf = run.Action, run.Params, run.Reason, run.ID
	options, err := OptionsOf(run)
	if err != nil {
		return store.Run{}, err
	}
	if run.OnlyAsks() {
		return store.Run{}, usage("#%d only asked what a schedule may run, so there is nothing to retry."+askAgain, run.Number)
	}
	if !run.State.Final() {
		return store.Run{}, usage("#%d is not over yet. Cancel it first, or wait for it.", run.Number)
	}
	for _, target := range run.Targets {
		if target.State != store.TargetSucceeded {
			again.Selector = append(again.Selector, target.Server)
		}
	}
	if len(again.Selector) == 0 {
		return store.Run{}, usage("#%d succeeded on every server: there is nothing to retry.", run.Number)
	}
	options.Urgent = false // a reason is good for once
	again.Options = options
	next, err := e.Submit(ctx, again)
	if errors.Is(err, store.ErrExists) {
		return next, e.retried(ctx, run)
	}
	return next, err
}

// retried says by which run one was retried already, whose that is, and since when.
func (e *Engine) retried(ctx context.Context, run store.Run) error {
	run, err := e.store.Run(ctx, run.ID)
	if err != nil {
		return err
	}
	next, err := e.store.RunNumbered(ctx, run.RetriedBy)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("#%d was retried already. To repeat it once more, retry #%d: it was asked for", run.Number, next.Number)
	return &Refusal{Text: text, By: next.RequestedBy, At: next.CreatedAt}
}

// Cancel ends a run: its owner may, and every operator who may run its action on all of its servers. key is what Slack
// calls this delivery.
func (e *Engine) Cancel(ctx context.Context, actor store.Actor, run store.Run, key string) error {
	run, err := e.store.Run(ctx, run.ID) // what Submit returned has no targets, and rights go by them
	if err != nil {
		return err
	}
	if err := e.mayCancel(ctx, actor, run); err != nil {
		return e.AuditRefusal(ctx, actor, fmt.Sprintf("run/%d", run.Number), err)
	}
	accepted, err := e.store.Cancel(ctx, actor, run.ID, key)
	if err != nil || accepted {
		return err
	}
	if run, err = e.store.Run(ctx, run.ID); err != nil {
		return err
	}
	if !run.State.Final() {
		return &Refusal{Text: fmt.Sprintf("#%d is being cancelled already,", run.Number), By: run.CancelBy}
	}
	return over(run, "cancel")
}

func (e *Engine) mayCancel(ctx context.Context, actor store.Actor, run store.Run) error {
	rights, err := e.Rights(ctx, actor)
	if err != nil || actor == run.RequestedBy {
		return err
	}
	concerned, err := e.serversOf(ctx, run)
	if err != nil {
		return err
	}
	if !rights.Has(store.Operator) || rights.authorise(run.Action, store.Operator, concerned) != nil {
		return refuse("You may not cancel #%d: that is for who asked for it, and for operators of its servers.", run.Number)
	}
	return nil
}
