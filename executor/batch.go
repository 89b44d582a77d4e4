package executor

import (
	"context"
	"fmt"
	"slices"

	"drover/store"
)

// runBatches works what is left of a run: a batch begins when the one before is over. After the canary the run is
// paused, until somebody continues it and it is claimed anew. Targets that have not begun when it returns without an
// error are left to whoever ended ctx.
func (r *errand) runBatches(ctx context.Context) error {
	turn := *r.run.QueuedAt
	for _, batch := range left(r.run) {
		r.runBatch(ctx, batch, turn)
		if ctx.Err() != nil {
			return nil
		}
		if over, err := r.engine.afterBatch(context.WithoutCancel(ctx), r.lease, r.run, batch); over || err != nil {
			return err
		}
		r.lookAgain()
		turn = r.engine.store.Now()
	}
	return nil
}

// left are the batches of a run in which a target has not begun, in their order.
func left(run store.Run) []int {
	var numbers []int
	for _, t := range run.Targets {
		if t.State == store.TargetPending {
			numbers = append(numbers, t.Batch)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// afterBatch decides whether a run goes on with its next batch. It asks the rows, and nothing when the run has neither
// a canary nor a limit.
func (e *Engine) afterBatch(ctx context.Context, lease store.Lease, run store.Run, batch int) (over bool, err error) {
	if batch == store.CanaryBatch {
		return e.afterCanary(ctx, lease, run)
	}
	if run.MaxFailures == nil {
		return false, nil
	}
	failed, err := e.store.CountFailed(ctx, run.ID)
	if err != nil || failed <= *run.MaxFailures {
		return false, err
	}
	why := fmt.Sprintf("not begun: stopped after %s (limit %d)", plural(failed, "failure"), *run.MaxFailures)
	return true, e.store.EndPending(ctx, lease, store.TargetSkipped, why)
}

// afterCanary pauses a run whose canary succeeded, and ends any other. A schedule's goes on by itself: nobody is awake.
func (e *Engine) afterCanary(ctx context.Context, lease store.Lease, run store.Run) (over bool, err error) {
	if run.Occurrence == nil {
		limit, err := e.span(ctx, PauseExpiry)
		if err != nil {
			return true, err
		}
		paused, err := e.store.Pause(ctx, lease, limit)
		if err != nil || paused {
			return true, err
		}
	}
	if run, err = e.store.Run(ctx, run.ID); err != nil {
		return true, err
	}
	if run.CancelBy != "" {
		state, why := notBegun(cancelledBy{run.CancelBy})
		return true, e.store.EndPending(ctx, lease, state, why)
	}
	var failed []string
	for _, t := range run.Targets {
		if t.Batch == store.CanaryBatch && t.State.Final() && t.State != store.TargetSucceeded {
			failed = append(failed, t.Server)
		}
	}
	if len(failed) == 0 && run.Occurrence != nil {
		return false, nil
	}
	return true, e.store.EndPending(ctx, lease, store.TargetSkipped, fmt.Sprintf("not begun: the canary did not succeed on %s", FoldNames(failed)))
}
