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

// job is one target of a run that this process works.
type job struct {
	engine  *Engine
	errand  *errand
	lease   store.Lease
	runRow  store.Run
	target  store.Target
	plan    *Plan
	planned PlanTarget
	turn    store.Time // since when it could have begun
}

// run takes the target to its end. Whatever happens is recorded; nothing is returned.
func (j job) run(ctx context.Context) {
	log := j.engine.log.With("run", j.runRow.Number, "server", j.target.Server)
	saving := context.WithoutCancel(ctx)
	if err := j.engine.sessions.Acquire(ctx, 1); err != nil {
		return // ended before its turn
	}
	began, err := j.begin(ctx)
	if err != nil && ctx.Err() == nil {
		log.Error("cannot begin on a server", "error", err)
	}
	if !began {
		return
	}
	defer j.engine.sessions.Release(1)
	result := j.execute(ctx)
	if _, err := j.engine.store.FinishTarget(saving, j.lease, j.target, result); err != nil {
		log.Error("cannot record a result", "error", err)
	}
}

// begin moves the target to dispatching, waiting for another run that is changing the server, and until it is known whether
// the run may go on. The caller holds a session; it is given back while waiting, and when begin returns false.
func (j job) begin(ctx context.Context) (bool, error) {
	for {
		changed := j.engine.store.Changed()
		began, waitsFor, err := j.tryBegin(ctx)
		if err == nil && began {
			return true, nil
		}
		j.engine.sessions.Release(1)
		switch {
		case errors.Is(err, errNotKnown):
		case err != nil, waitsFor == 0, j.outwaited(ctx, waitsFor):
			return false, err
		}
		wait(ctx, changed, housekeepEvery)
		if err := j.engine.sessions.Acquire(ctx, 1); err != nil {
			return false, nil
		}
	}
}

// tryBegin begins unless the run may not go on, or something is in the way. A lock that is made at this very moment keeps the target from beginning
// too, and is then seen by the second look.
func (j job) tryBegin(ctx context.Context) (began bool, waitsFor int, err error) {
	if on, err := j.errand.mayGoOn(ctx); !on || err != nil {
		return false, 0, err
	}
	if held, err := j.endIfHeld(ctx); held || err != nil {
		return false, 0, err
	}
	began, waitsFor, err = j.engine.store.BeginTarget(ctx, j.lease, j.target.ID)
	if err == nil && !began && waitsFor == 0 {
		_, err = j.endIfHeld(ctx)
	}
	return began, waitsFor, err
}

// endIfHeld ends the target when its server is held against the run since the run was begun.
func (j job) endIfHeld(ctx context.Context) (bool, error) {
	if !j.target.Changes {
		return false, nil
	}
	server := []store.Server{{ID: j.target.ServerID, Name: j.target.Server}}
	holds, err := j.engine.inTheWay(ctx, change{j.runRow.RequestedBy, j.runRow.Origin, j.runRow.Urgent}, server)
	if err != nil || len(holds) == 0 {
		return false, err
	}
	return j.engine.store.SkipHeld(context.WithoutCancel(ctx), j.lease, j.target.ID, "not begun: "+j.engine.tellHold(ctx, holds[0]))
}

// execute runs the command and judges what came back.
func (j job) execute(ctx context.Context) store.Result {
	login, err := j.engine.logins().login(ctx, j.planned.CredentialID)
	var jump *ssh.Server
	if err == nil {
		jump, err = j.engine.logins().way(ctx, j.planned.Jump)
	}
	if err != nil {
		return store.Result{State: store.TargetFailed, ErrorKind: "credential", Summary: fmt.Sprintf("drover could not open the credential of %s: %v", j.target.Server, err)}
	}
	command := ssh.Command{
		Text: j.planned.Command, Sudo: j.plan.definition.Sudo, Raw: j.planned.Platform != string(action.Linux), Timeout: j.timeout(), Silence: j.plan.definition.Silence,
		Started: func() { j.started(ctx) },
		LogFile: j.engine.store.LogFile(j.target.ID),
		Fresh:   j.plan.definition.Result == action.ResultTiming, // it measures the connection
	}
	server := j.planned.reach(login, jump)
	if j.target.Verify != "" {
		return j.takeDown(ctx, server, command)
	}
	if j.target.Detached {
		command.Detach = j.target.ID
	}
	result, err := j.engine.ssh.Run(ctx, server, command)
	return j.judge(ctx, result, err)
}

func (j job) timeout() time.Duration {
	if j.plan.Options.Timeout > 0 {
		return j.plan.Options.Timeout
	}
	return j.plan.definition.Timeout
}

func (j job) started(ctx context.Context) {
	if _, err := j.engine.store.TargetStarted(context.WithoutCancel(ctx), j.lease, j.target.ID); err != nil {
		j.engine.log.Error("cannot note that a command has started", "server", j.target.Server, "error", err)
	}
}

// judge turns what the server answered into the target's end.
func (j job) judge(ctx context.Context, r ssh.Result, err error) store.Result {
	out := j.engine.received(j.target, r)
	var failure *ssh.Error
	switch {
	case err == nil:
		return interpret(j.plan.definition, out, r, j.planned.Platform)
	case !errors.As(err, &failure):
		out.State, out.Summary = store.TargetFailed, fmt.Sprintf("drover failed: %v", err)
		return out
	}
	if failure.Stop == ssh.StopFinished {
		return interpret(j.plan.definition, out, r, j.planned.Platform) // it had ended by itself before it could be stopped
	}
	if j.target.Detached && j.target.Verify == "" && failure.Began && failure.Kind != ssh.JobDied {
		return j.goesOn(out, context.Cause(ctx), failure)
	}
	out.ErrorKind, out.Summary = string(failure.Kind), failure.Sentence()
	switch {
	case failure.Kind == ssh.Cancelled:
		out.State, out.Summary = stopped(context.Cause(ctx), failure)
	case failure.Unreachable():
		out.State = store.TargetUnreachable
	case failure.Kind == ssh.TimedOut, failure.Kind == ssh.WentSilent:
		out.State = store.TargetTimedOut
	case failure.Kind == ssh.LinkLost, failure.Kind == ssh.NoExitStatus, failure.Kind == ssh.NotStarted && failure.Stop == ssh.StopUnknown:
		out.State = store.TargetInterrupted
	default:
		out.State = store.TargetFailed
	}
	return out
}

// stopped tells apart who ended a command: a person, or drover itself on its way out.
func stopped(cause error, failure *ssh.Error) (store.TargetState, string) {
	var by cancelledBy
	if errors.As(cause, &by) {
		return store.TargetCancelled, failure.Sentence()
	}
	return store.TargetInterrupted, "drover was stopped. " + failure.Sentence()
}

// interpret reads what the action's output means. Of many devices no exit code comes.
func interpret(definition *action.Action, out store.Result, r ssh.Result, platform string) store.Result {
	outcome := definition.Summarize(action.Output{
		Device: platform != string(action.Linux), ExitCode: r.ExitCode, Stdout: r.Stdout, Stderr: r.Stderr, Connect: r.Connect, Login: r.Login, Run: r.Run,
	})
	if r.ExitCode != action.NoExitCode {
		out.ExitCode = &r.ExitCode
	}
	out.Summary, out.Details, out.Facts = outcome.Summary, outcome.Details, outcome.Facts
	out.State = store.TargetSucceeded
	if outcome.Failed {
		out.State, out.ErrorKind = store.TargetFailed, "exit"
		if r.Reason != nil {
			out.ErrorKind, out.Summary = string(r.Reason.Kind), r.Reason.Sentence()
		}
	}
	return out
}

// received is what came from a server, before anybody has judged it.
func (e *Engine) received(target store.Target, r ssh.Result) store.Result {
	if r.LogError != nil {
		e.log.Error("cannot keep a whole output", "server", target.Server, "error", r.LogError)
	}
	return store.Result{Stdout: r.Stdout, Stderr: r.Stderr, LogSize: r.LogSize, Host: hostOf(r)}
}

// hostOf is what the server said of itself, as it is kept.
func hostOf(r ssh.Result) store.Host {
	h := r.Host
	return store.Host{
		System: h.System, Distribution: h.Distribution, Version: h.Version, Like: h.Like, Kernel: h.Kernel, MachineID: h.MachineID, Boot: h.Boot(),
	}
}
