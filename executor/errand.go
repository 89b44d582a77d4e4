package executor

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"drover/store"
)

// recheckEvery is for how long it is believed that a run may go on. Between two batches it is never believed.
const recheckEvery = time.Second

// errand is a claimed run that this process works.
type errand struct {
	engine *Engine
	lease  store.Lease
	run    store.Run // as it was when it was claimed
	plan   *Plan

	mu      sync.Mutex
	checked store.Time // when it was looked at last whether it may go on
	allowed bool       // it was let go on once: something may have begun
	doubt   *doubt     // nil: it was known then
}

// mayGoOn says whether what has not begun of a run may still begin: rights, approvals and servers are those of the moment,
// however long ago the run began. When it may not, it ends all of that. The error is errNotKnown while nobody can tell.
func (r *errand) mayGoOn(ctx context.Context) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, changed := r.engine.store.Now(), r.engine.store.Changed()
	age := now.Sub(r.checked.Time)
	if age >= 0 && age < recheckEvery && r.doubt.lasts(changed) { // a clock that was set back proves nothing
		return r.doubt == nil, r.doubt.err()
	}
	err := r.engine.recheckRest(ctx, r.lease, r.plan)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Unsure:
		r.checked = now
		return false, r.wonder(ctx, changed, refusal)
	case refusal != nil:
		return false, r.turnDown(ctx, refusal)
	case err != nil:
		return false, err
	}
	r.checked, r.allowed = now, true
	return true, r.believe(ctx)
}

// turnDown ends what has not begun of the run. Where nothing was let begin the run is denied, as it would have been when it
// was claimed had it been known then.
func (r *errand) turnDown(ctx context.Context, refusal *Refusal) error {
	if !r.allowed {
		denied, err := r.engine.store.DenyRun(context.WithoutCancel(ctx), r.lease, refusal.Text)
		if err != nil || denied {
			return err
		}
	}
	return r.endRest(ctx, "not begun: "+refusal.Text)
}

// endRest ends what has not begun of the run.
func (r *errand) endRest(ctx context.Context, why string) error {
	return r.engine.store.EndPending(context.WithoutCancel(ctx), r.lease, store.TargetSkipped, why)
}

// lookAgain makes the next look a new one.
func (r *errand) lookAgain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checked = store.Time{}
}

// recheckRest makes sure that what has not begun of a run is still what was asked for, and still allowed. What holds its
// servers is looked at for each on its own, and so is what must stay up. The error is a *Refusal when it is not.
func (e *Engine) recheckRest(ctx context.Context, lease store.Lease, plan *Plan) error {
	run, err := e.store.RunInBrief(ctx, lease.RunID)
	if err != nil {
		return err
	}
	run.Targets = slices.DeleteFunc(run.Targets, func(t store.Target) bool { return t.State != store.TargetPending })
	if len(run.Targets) == 0 {
		return nil
	}
	rest, err := e.replan(ctx, run)
	if err != nil {
		return err
	}
	if err := e.keepUp(ctx, lease, run, rest); err != nil {
		return err
	}
	if change := whatChanged(plan, rest); change != "" {
		return refuse("%s. Ask again to run it as it is now.", change)
	}
	if err := e.mayStillRun(ctx, run.RequestedBy, rest); err != nil {
		return err
	}
	return e.stillApproved(ctx, run, rest)
}

// mayStillRun makes sure that who asked for a run may go on with the rest of it.
func (e *Engine) mayStillRun(ctx context.Context, actor store.Actor, rest *Plan) error {
	rights, err := e.Rights(ctx, actor)
	if err != nil {
		return err
	}
	if server, why := rest.deniedTo(rights.atBest()); why != "" {
		return refuse("%s may not run `%s` on %s any more: %s", e.Name(ctx, actor), rest.Action, server, why)
	}
	if server, why := rest.deniedTo(rights); why != "" {
		return notKnown("Whether %s still may run `%s` on %s", e.Name(ctx, actor), rest.Action, server)
	}
	return nil
}

// deniedTo is the first server of a plan on which somebody may not run its action, and why; "": there is none.
func (p *Plan) deniedTo(rights Rights) (server, why string) {
	for _, s := range p.servers {
		if ok, why := rights.MayRun(store.Role(p.definition.Role), p.Action, s); !ok {
			return s.Name, why
		}
	}
	return "", ""
}
