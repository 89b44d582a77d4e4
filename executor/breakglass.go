package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"drover/store"
)

// breakGlass makes sure that a request may go ahead without the approvals that it needs: somebody who answers for it
// says why, was given that right, and may run the action anyway. A deny binding stays a deny, and so do the engine's guards.
func (e *Engine) breakGlass(ctx context.Context, r Request, rights Rights, plan *Plan) (Request, error) {
	switch {
	case !plan.definition.Changes:
		return r, usage("`%s` changes nothing and waits for nobody: leave out `urgent=true`. Nothing was run.", r.Action)
	case r.Origin == store.Scheduled:
		return r, usage("A schedule is never urgent: leave out `urgent=true`.")
	case strings.TrimSpace(r.Reason) == "":
		return r, usage("`urgent=true` needs a reason. Write it at the end: `… because …`. Nothing was run.")
	}
	if err := e.check(ctx, rights, r, plan); err != nil {
		return r, err
	}
	if err := rights.mayBreakGlass(plan); err != nil {
		return r, err
	}
	return e.heard(ctx, r)
}

// heard makes sure that somebody else hears of a break-glass run: it goes where everybody sees it, or to the admins at least.
func (e *Engine) heard(ctx context.Context, r Request) (Request, error) {
	if r.Channel != "" && !r.Private {
		return r, nil
	}
	common, err := e.store.Setting(ctx, store.SettingChannel)
	if err != nil {
		return r, err
	}
	if common != "" {
		r.Channel = common
		return r, nil
	}
	others, err := e.alarmed(ctx, r.Actor)
	if err != nil || len(others) > 0 {
		return r, err
	}
	if alone, err := e.Enabled(ctx, SelfApproval); err != nil || alone {
		return r, err
	}
	return r, refuse("Nobody else would hear of it. Use `urgent=true` in a channel that drover is in, or start `drover serve` with DROVER_CHANNEL. Nothing was run.")
}

func (r Rights) mayBreakGlass(plan *Plan) error {
	refusal := r.lacksGlass(plan)
	if refusal == nil {
		return nil
	}
	if r.atBest().lacksGlass(plan) == nil {
		refusal.Unsure, refusal.Why = true, groupNotKnown
	}
	return refusal
}

// lacksGlass is mayBreakGlass by what is known; nil: nothing is lacking.
func (r Rights) lacksGlass(plan *Plan) *Refusal {
	for _, server := range plan.servers {
		if ok, why := r.MayRun(store.Breakglass, plan.Action, server); !ok {
			return &Refusal{Kind: Policy, Text: fmt.Sprintf("You may not use `urgent=true` for `%s` on %s: %s. Nothing was run. Without it, `%s` waits for whatever it has to wait for.",
				plan.Action, server.Name, why, plan.Action)}
		}
	}
	return nil
}

// alarmed are who is to know at once that somebody broke the glass: every admin but themselves.
func (e *Engine) alarmed(ctx context.Context, by store.Actor) ([]store.Actor, error) {
	admins, err := Admins(ctx, e.store)
	return slices.DeleteFunc(admins, func(a store.Actor) bool { return a == by }), err
}

func (e *Engine) remindReviews(ctx context.Context) error {
	return e.store.RemindReviews(ctx, func(ctx context.Context) ([]store.Actor, error) { return Admins(ctx, e.store) })
}

// Review notes that somebody else has looked at a break-glass run: an admin of its servers, or whoever could have approved
// it. key is what Slack calls this delivery.
func (e *Engine) Review(ctx context.Context, actor store.Actor, run store.Run, key string) error {
	run, err := e.store.Run(ctx, run.ID)
	if err != nil {
		return err
	}
	if err := e.mayReview(ctx, actor, run); err != nil {
		return e.AuditRefusal(ctx, actor, fmt.Sprintf("run/%d", run.Number), err)
	}
	if err := e.store.Review(ctx, actor, run.ID, key); !errors.Is(err, store.ErrTooLate) {
		return err
	}
	if run, err = e.store.Run(ctx, run.ID); err != nil {
		return err
	}
	return e.AuditRefusal(ctx, actor, fmt.Sprintf("run/%d", run.Number), reviewed(run))
}

// reviewed says why there is nothing to review, or not any more.
func reviewed(run store.Run) error {
	if run.ReviewedAt == nil {
		return usage("#%d was not urgent: there is nothing to review.", run.Number)
	}
	return &Refusal{Text: fmt.Sprintf("#%d was reviewed already,", run.Number), By: run.ReviewedBy, At: *run.ReviewedAt}
}

// OwnReview says whether whoever broke the glass may close it themselves: self-approval was on.
func OwnReview(run store.Run) bool {
	if !run.Urgent || !strings.Contains(run.Plan, `"self_review":`) { // as a key, see LeftOut
		return false
	}
	plan, err := PlanOf(run)
	return err == nil && plan.SelfReview
}

// MayStillReview says whether a break-glass run waits for somebody's review.
func (e *Engine) MayStillReview(ctx context.Context, actor store.Actor, run store.Run) (bool, error) {
	err := e.mayReview(ctx, actor, run)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return false, nil
	}
	return err == nil, err
}

func (e *Engine) mayReview(ctx context.Context, actor store.Actor, run store.Run) error {
	rights, p, err := e.before(ctx, actor, run)
	if err != nil || p.whyNot(rights) == "" {
		return err
	}
	if actor == run.RequestedBy && !p.self {
		return refuse("You ran #%d yourself: somebody else has to look at it%s. Nothing was done.", run.Number, p.unless())
	}
	for _, server := range p.servers {
		if ok, _ := rights.MayRun(store.Admin, run.Action, server); !ok {
			return refuse("You may not review #%d: that is for admins, and for those who may approve `%s` on %s. Nothing was done.", run.Number, run.Action, server.Name)
		}
	}
	return nil
}
