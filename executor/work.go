package executor

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"drover/store"
)

// work takes a claimed run to its end.
func (e *Engine) work(ctx context.Context, lease store.Lease) {
	ctx, cancel := context.WithCancelCause(ctx)
	var keeper sync.WaitGroup
	defer keeper.Wait()
	defer cancel(nil)
	e.begin(lease, cancel)
	defer e.forget(lease)
	keeper.Go(func() { e.keepLease(ctx, lease, cancel) })

	log := e.log.With("run", lease.RunID)
	if err := e.workTargets(ctx, lease); err != nil {
		log.Error("cannot go on with a run; what was under way will be marked interrupted", "error", err)
		return
	}
	if _, err := e.store.FinishRun(context.WithoutCancel(ctx), lease); err != nil {
		log.Error("cannot finish a run", "error", err)
	}
}

func (e *Engine) workTargets(ctx context.Context, lease store.Lease) error {
	saving := context.WithoutCancel(ctx)
	run, err := e.store.Run(saving, lease.RunID)
	if err != nil {
		return err
	}
	errand := &errand{engine: e, lease: lease, run: run} // its rest is looked at before anything begins
	var refusal *Refusal
	switch errand.plan, err = e.recheck(saving, run); {
	case errors.As(err, &refusal) && refusal.Unsure && errand.plan != nil:
		// it may be known by then
	case refusal != nil:
		_, err := e.store.DenyRun(saving, lease, refusal.Text)
		return err
	case err != nil:
		return err
	}
	if err := errand.runBatches(ctx); err != nil {
		return err
	}
	if ctx.Err() == nil {
		return e.endAtCutoff(saving, lease, run)
	}
	state, why := notBegun(context.Cause(ctx))
	return e.store.EndPending(saving, lease, state, why)
}

// endAtCutoff ends the targets that did not begin because their window was over: a run with open targets never ends.
func (e *Engine) endAtCutoff(ctx context.Context, lease store.Lease, run store.Run) error {
	if run.BeginBy == nil || e.store.Now().Before(run.BeginBy.Time) {
		return nil
	}
	return e.store.EndPending(ctx, lease, store.TargetSkipped, store.AfterCutoff)
}

// runBatch works the targets of one batch, whose turn came at a time, and returns when they are over.
func (r *errand) runBatch(ctx context.Context, batch int, turn store.Time) {
	var group errgroup.Group
	group.SetLimit(maxSessions)
	if r.plan.Options.Parallel > 0 {
		group.SetLimit(r.plan.Options.Parallel)
	}
	for i, target := range r.run.Targets {
		if target.Batch != batch || target.State != store.TargetPending {
			continue
		}
		job := job{r.engine, r, r.lease, r.run, target, r.plan, r.plan.Targets[i], turn}
		group.Go(func() error {
			job.run(ctx)
			return nil
		})
	}
	_ = group.Wait() // each target records its own end
}

// recheck makes sure, at the last moment, that the run is still what was asked for and still allowed. The error is a
// *Refusal when it is not; with a plan it is only that who asked for it, or approved it, may not.
func (e *Engine) recheck(ctx context.Context, run store.Run) (*Plan, error) {
	plan, err := e.stillAsked(ctx, run)
	if err != nil {
		return plan, err
	}
	return plan, e.stillApproved(ctx, run, plan)
}

// stillAsked makes sure that a run is what was asked for, and that who asked for it still may. With a plan the error is
// about the latter alone.
func (e *Engine) stillAsked(ctx context.Context, run store.Run) (*Plan, error) {
	replan := e.replan
	if run.ContinuedAt != nil {
		replan = e.replanAll // what must stay up since the canary is left out when the rest is looked at
	}
	plan, err := replan(ctx, run)
	if err != nil {
		return nil, err
	}
	hash, err := plan.Hash()
	if err != nil {
		return nil, err
	}
	if hash != run.PlanHash {
		return nil, e.changed(run, plan)
	}
	rights, err := e.Rights(ctx, run.RequestedBy)
	if err != nil {
		return plan, err
	}
	if err := rights.authorise(plan.Action, store.Role(plan.definition.Role), plan.servers); err != nil {
		return plan, err
	}
	if run.OnlyAsks() {
		return plan, nil
	}
	return plan, e.stillFree(ctx, run, plan.rest(run)) // what is done already cannot be kept off
}

// changed refuses a run whose plan is not the one that was asked for, and says in what.
func (e *Engine) changed(run store.Run, now *Plan) error {
	then, err := PlanOf(run)
	if err != nil {
		return err
	}
	change := whatChanged(&then, now)
	if change == "" {
		change = "What this run would do has changed since it was asked for"
	}
	return refuse("%s. Ask again to run it as it is now.", change)
}

// notBegun is what becomes of targets whose turn had not come when the run was ended.
func notBegun(cause error) (store.TargetState, string) {
	var by cancelledBy
	if errors.As(cause, &by) {
		return store.TargetCancelled, "not begun: the run was cancelled"
	}
	return store.TargetSkipped, "not begun: " + cause.Error()
}

// keepLease renews the lease until the work ends. A lost lease ends the work: another worker has marked the run.
func (e *Engine) keepLease(ctx context.Context, lease store.Lease, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(leaseTime / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		held, err := e.store.Renew(ctx, lease, leaseTime)
		if err != nil {
			e.report(ctx, "renew the lease of a run", err)
			continue
		}
		if !held && ctx.Err() == nil {
			cancel(errLeaseLost)
			return
		}
	}
}
