package executor

import (
	"context"
	"fmt"
	"slices"

	"drover/store"
)

// Continue lets a run go on after its canary. Who asked for it may, and every operator, if they may run its action on
// all servers that are left. The run is queued again, and checked again when it is claimed.
func (e *Engine) Continue(ctx context.Context, actor store.Actor, run store.Run, inboxKey string) error {
	run, err := e.store.Run(ctx, run.ID) // its state is that of now
	if err != nil {
		return err
	}
	if err := e.mayContinue(ctx, actor, run); err != nil {
		return e.AuditRefusal(ctx, actor, fmt.Sprintf("run/%d", run.Number), err)
	}
	var heard bool
	if run.State == store.Paused {
		heard, err = e.store.Continue(ctx, actor, run.ID, inboxKey)
	} else {
		heard, err = e.store.Receive(ctx, inboxKey) // what was not looked at for rights is not continued, whatever it is by now
	}
	if err != nil || heard {
		return err
	}
	if run, err = e.store.Run(ctx, run.ID); err != nil {
		return err
	}
	return notPaused(run)
}

func (e *Engine) mayContinue(ctx context.Context, actor store.Actor, run store.Run) error {
	rights, err := e.Rights(ctx, actor)
	if err != nil {
		return err
	}
	if !rights.Has(store.Operator) && actor != run.RequestedBy {
		return refuse("You may not continue #%d: that is for who asked for it, and for operators of its servers.", run.Number)
	}
	if run.State != store.Paused {
		return nil
	}
	plan, err := e.replan(ctx, run)
	if err != nil {
		return err
	}
	return e.check(ctx, rights, Request{Actor: run.RequestedBy, Origin: run.Origin}, plan.rest(run))
}

// rest is the plan of what has not begun of a run.
func (p *Plan) rest(run store.Run) *Plan {
	pending := map[string]bool{}
	for _, t := range run.Targets {
		pending[t.ServerID] = t.State == store.TargetPending
	}
	part := *p
	part.servers = slices.DeleteFunc(slices.Clone(p.servers), func(s store.Server) bool { return !pending[s.ID] })
	return &part
}

// notPaused says how a run stands that does not wait for Continue.
func notPaused(run store.Run) error {
	switch {
	case run.ContinuedAt != nil:
		return &Refusal{Text: fmt.Sprintf("#%d was continued already,", run.Number), By: run.ContinuedBy, At: *run.ContinuedAt}
	case run.State.Final():
		return over(run, "continue")
	case run.State == store.Paused: // its time is over, and that is not marked yet
		return usage("The time to continue #%d is over. Retry it if it is still wanted.", run.Number)
	}
	return usage("#%d does not wait for Continue.", run.Number)
}

// over says of a run with which somebody wants to do something how it ended, when, and by whom if somebody ended it.
func over(run store.Run, what string) error {
	r := &Refusal{Text: fmt.Sprintf("There is nothing to %s any more: #%d ended %s", what, run.Number, run.State)}
	if run.State == store.Cancelled {
		r.Text, r.By = fmt.Sprintf("There is nothing to %s any more: #%d was cancelled", what, run.Number), run.CancelBy
	}
	if run.FinishedAt != nil {
		r.At = *run.FinishedAt
	}
	return r
}
