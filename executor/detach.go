package executor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drover/executor/action"
	"drover/executor/ssh"
	"drover/store"
)

// detached are the servers on which what a plan's command begins outlives its connection, by id. Devices without a shell
// cannot keep a command.
func (p *Plan) detached() map[string]bool {
	servers := map[string]bool{}
	for _, t := range p.Targets {
		servers[t.ServerID] = p.takesDown() || p.definition.Detach && t.Platform == string(action.Linux)
	}
	return servers
}

// goesOn is what becomes of a detached target when only the waiting ended, or when nobody knows whether it began.
func (j job) goesOn(out store.Result, cause error, failure *ssh.Error) store.Result {
	out.State, out.ErrorKind, out.GoesOn = store.TargetInterrupted, string(failure.Kind), true
	if failure.Kind == ssh.TimedOut || failure.Kind == ssh.WentSilent {
		out.State = store.TargetTimedOut
	}
	out.Summary = failure.Sentence() + " Its result follows."
	if failure.Stop != ssh.StopGoesOn {
		out.Summary = fmt.Sprintf("Whether the command was begun on %s is not known. If so, it goes on there. drover asks, and its result follows.", j.target.Server)
	}
	if errors.Is(cause, errStopped) {
		out.Summary = "drover was stopped. " + out.Summary
	}
	return out
}

// outwaited says whether a target that waits, since its turn, for a command whose end is not proven has waited for too
// long, and then ends it: what was asked for may be wrong by now.
func (j job) outwaited(ctx context.Context, waitsFor int) bool {
	limit, err := j.engine.span(ctx, RunExpiry)
	if err != nil {
		j.engine.report(ctx, "end a target that waits", err)
		return false
	}
	if j.engine.store.Now().Sub(j.turn.Time) < limit {
		return false
	}
	why := fmt.Sprintf("not begun within %s: #%d may still be changing this server", store.Span(limit), waitsFor)
	skipped, err := j.engine.store.SkipWaiting(context.WithoutCancel(ctx), j.lease, j.target.ID, why)
	if err != nil {
		j.engine.report(ctx, "end a target that waits", err)
	}
	return skipped
}

// wait waits for the next change, or until it is time to look again.
func wait(ctx context.Context, changed <-chan struct{}, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-changed:
	case <-timer.C:
	}
}
