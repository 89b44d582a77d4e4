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
	checked store.Time // when it was known last that it may go on
}

// mayGoOn says whether what has not begun of a run may still begin: rights, approvals and servers are those of the moment,
// however long ago the run began. When it may not, it ends all of that.
func (r *errand) mayGoOn(ctx context.Context) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.engine.store.Now()
	if age := now.Sub(r.checked.Time); age >= 0 && age < recheckEvery { // a clock that was set back proves nothing
		return true, nil
	}
	err := r.engine.recheckRest(ctx, r.run.ID, r.plan)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return false, r.engine.store.EndPending(context.WithoutCancel(ctx), r.lease, store.TargetSkipped, "not begun: "+refusal.Text)
	}
	if err == nil {
		r.checked = now
	}
	return err == nil, err
}

// doubt makes the next look a new one.
func (r *errand) doubt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checked = store.Time{}
}

// recheckRest makes sure that what has not begun of a run is still what was asked for, and still allowed. What holds its
// servers is looked at for each on its own. The error is a *Refusal when it is not.
func (e *Engine) recheckRest(ctx context.Context, id string, plan *Plan) error {
	run, err := e.store.Run(ctx, id)
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
	for _, server := range rest.servers {
		if ok, why := rights.MayRun(store.Role(rest.definition.Role), rest.Action, server); !ok {
			return refuse("%s may not run `%s` on %s any more: %s", e.Name(ctx, actor), rest.Action, server.Name, why)
		}
	}
	return nil
}
