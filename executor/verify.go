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

// sendLimit is how long a command that takes a server down may take. It only asks for that, and returns.
const sendLimit = time.Minute

// takeDown runs a command that restarts a server or switches it off, and follows the server until that is proven. What
// the server was before is on disk before the command is sent.
func (j job) takeDown(ctx context.Context, server ssh.Server, command ssh.Command) store.Result {
	before, refused := j.lookBefore(ctx, server)
	if refused != nil {
		return *refused
	}
	sent, twin, err := j.engine.store.SendTarget(context.WithoutCancel(ctx), j.lease, j.target, before)
	switch {
	case err != nil:
		return store.Result{State: store.TargetFailed, ErrorKind: "store", Summary: fmt.Sprintf("drover failed, and sent nothing: %v", err)}
	case twin != "":
		return keptUp("same_machine", "it is the same machine as "+twin+", which was told to already", before)
	case !sent:
		return store.Result{State: store.TargetInterrupted, Summary: "nothing was sent: " + errLeaseLost.Error()}
	}
	command.Timeout = min(command.Timeout, sendLimit)
	r, err := j.engine.ssh.Run(ctx, server, command)
	if !tookDown(r, err) {
		out := j.judge(ctx, r, err)
		out.Host = before
		return out
	}
	o := j.outage(server, before)
	out, proven := o.follow(ctx)
	if !proven {
		out = j.leftDown(context.Cause(ctx), o)
	}
	out.Stdout, out.Stderr = r.Stdout, r.Stderr
	return out
}

// lookBefore asks a server which machine and which boot of it it is. The result is not nil when nothing must be sent.
func (j job) lookBefore(ctx context.Context, server ssh.Server) (store.Host, *store.Result) {
	if j.planned.Platform != string(action.Linux) {
		return store.Host{}, nil
	}
	r, err := j.engine.ssh.Run(ctx, server, ssh.Command{Text: ":", Timeout: j.engine.pace.Look})
	before := hostOf(r)
	var refused store.Result
	switch {
	case err != nil:
		refused = j.judge(ctx, r, err)
	case j.engine.self.is(before):
		refused = keptUp("own_host", ownHost, before)
	case before.Boot == "" && j.target.Verify == store.VerifyRebooted:
		refused = store.Result{State: store.TargetFailed, ErrorKind: "no_boot_id", Host: before, Summary: fmt.Sprintf(
			"%s does not say at which boot it is, so a restart could not be proven. Nothing was sent: look at /proc there.", j.target.Server)}
	default:
		return before, nil
	}
	return before, &refused
}

// keptUp is the end of a target that must not be taken down.
func keptUp(kind, why string, host store.Host) store.Result {
	return store.Result{State: store.TargetSkipped, ErrorKind: kind, Summary: "nothing was sent: " + why, Host: host}
}

// tookDown says whether a command has taken its server down, or may have: then only the server itself can tell.
func tookDown(r ssh.Result, err error) bool {
	const killed = 128 // what the server's own shutdown ends has such an exit code
	var e *ssh.Error
	if errors.As(err, &e) && e.Stop != ssh.StopFinished {
		return e.Began
	}
	return r.ExitCode == 0 || r.ExitCode > killed
}

// outage begins to follow a server that was just told to go down.
func (j job) outage(server ssh.Server, before store.Host) *outage {
	now := j.engine.store.Now().Time
	return &outage{
		engine: j.engine, server: server, platform: action.Platform(j.planned.Platform), verify: j.target.Verify, before: before,
		expect: action.Expected(j.plan.definition, j.plan.Params), sent: now, up: now, limit: j.timeout(), seen: "it was told to",
		note: func(seen string) {
			if err := j.engine.store.NoteTarget(context.Background(), j.lease, j.target.ID, seen); err != nil {
				j.engine.log.Error("cannot note how a server stands", "server", j.target.Server, "error", err)
			}
		},
	}
}

// leftDown is what becomes of a target when only the waiting ended.
func (j job) leftDown(cause error, o *outage) store.Result {
	out := store.Result{State: store.TargetInterrupted, ErrorKind: string(ssh.Cancelled), GoesOn: true}
	out.Summary = fmt.Sprintf("drover no longer waits for %s, which was told to go down (%s). It looks on, and the result follows.", j.target.Server, o.seen)
	if errors.Is(cause, errStopped) {
		out.Summary = "drover was stopped. " + out.Summary
	}
	return out
}

// lookAfter looks for a while what became of a server that was told to go down when nobody looked.
func (e *Engine) lookAfter(ctx context.Context, target store.Target, w whereabouts) (store.Result, bool) {
	plan, err := PlanOf(w.run)
	if err != nil {
		e.report(ctx, "look after a server that was taken down", err)
		return store.Result{}, false
	}
	limit := w.definition.Timeout
	if plan.Options.Timeout > 0 {
		limit = plan.Options.Timeout
	}
	within, cancel := context.WithTimeout(ctx, probeFollow)
	defer cancel()
	o := outage{
		engine: e, server: w.server, platform: w.platform, verify: target.Verify, before: target.HostBefore,
		expect: action.Expected(w.definition, plan.Params), sent: target.SentAt.Time, limit: limit,
	}
	out, proven := o.follow(within)
	for _, then := range w.run.Targets {
		if then.ID == target.ID {
			out.Stdout, out.Stderr = then.Stdout, then.Stderr
		}
	}
	return out, proven
}

// neverSent is the end of a target that drover had not sent its command when it died: that alone is proof.
func neverSent() store.Result {
	return store.Result{State: store.TargetFailed, ErrorKind: "never_sent", Summary: "drover stopped before it sent anything: nothing has happened. Try again."}
}
