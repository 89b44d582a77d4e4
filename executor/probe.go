package executor

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"drover/executor/action"
	"drover/executor/ssh"
	"drover/store"
)

const (
	// maxProbes is how many detached commands are asked for at the same time.
	maxProbes = 32
	// probeFollow is how long one probe follows a command that still goes on.
	probeFollow = time.Minute
	// probeHold is longer than any probe takes: after it, its prober is dead.
	probeHold = 2 * time.Minute
	// probeFirst is the time between the first two probes; each further one waits twice as long, up to probeMost.
	probeFirst = 5 * time.Second
	probeMost  = 5 * time.Minute
	// probeRefused is the time between two probes of a server that refuses drover's login: each one may bring the account
	// closer to being locked.
	probeRefused = time.Hour
	// probeFor is how long after its start a command is asked for.
	probeFor = 24 * time.Hour
)

// probeDue asks what became of the detached commands whose time it is, each beside the others. Nothing is run again:
// a probe only finds what was begun.
func (e *Engine) probeDue(ctx context.Context) {
	due, err := e.store.DueProbes(ctx, maxProbes)
	if err != nil {
		e.report(ctx, "look for commands whose end is to be proven", err)
		return
	}
	for _, target := range due {
		begun := e.beside(&e.probes, func() {
			if err := e.probe(ctx, target); err != nil {
				e.report(ctx, "ask how a command on "+target.Server+" ended", err)
			}
		})
		if !begun {
			return
		}
	}
}

// beside does something with a server beside the runs, or returns false when all sessions are taken, or all of the
// group's places.
func (e *Engine) beside(group *errgroup.Group, do func()) (begun bool) {
	if !e.sessions.TryAcquire(1) {
		return false
	}
	begun = group.TryGo(func() error {
		defer e.sessions.Release(1)
		do()
		return nil
	})
	if !begun {
		e.sessions.Release(1)
	}
	return begun
}

// probe asks once, unless somebody else does already.
func (e *Engine) probe(ctx context.Context, target store.Target) error {
	target, claimed, err := e.store.ClaimProbe(ctx, target, probeHold)
	if err != nil || !claimed {
		return err
	}
	saving := context.WithoutCancel(ctx)
	if target.Verify != "" && target.SentAt == nil {
		_, err := e.store.Prove(saving, target, neverSent())
		return err
	}
	w, err := e.find(saving, target)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		_, err := e.store.EndProbes(saving, target, refusal.Text)
		return err
	case err != nil:
		return errors.Join(err, e.again(ctx, target, probeAfter(target, store.Result{})))
	}
	result, proven := e.seek(ctx, target, w)
	if !proven {
		return e.again(ctx, target, probeAfter(target, result))
	}
	proven, err = e.store.Prove(saving, target, result)
	if proven {
		e.log.Info("the end of a command was proven", "server", target.Server, "target", target.ID, "state", result.State)
	}
	return err
}

// seek looks for the end of a target.
func (e *Engine) seek(ctx context.Context, target store.Target, w whereabouts) (store.Result, bool) {
	if target.Verify != "" {
		return e.lookAfter(ctx, target, w)
	}
	r, err := e.ssh.Attach(ctx, w.server, ssh.AttachTo{
		Job: target.ID, Sudo: w.definition.Sudo, Timeout: probeFollow, LogFile: e.store.LogFile(target.ID),
	})
	return proof(w.definition, e.received(target, r), r, err)
}

// probeAfter is how long to wait after a probe that has proven nothing: little at first, then more and more.
func probeAfter(target store.Target, result store.Result) time.Duration {
	if kind := ssh.Kind(result.ErrorKind); kind == ssh.LoginRefused || kind == ssh.CertificateExpired {
		return probeRefused
	}
	return min(probeFirst<<min(target.Probes-1, 10), probeMost)
}

// again has a target asked for after a while, until it was long ago.
func (e *Engine) again(ctx context.Context, target store.Target, after time.Duration) error {
	saving := context.WithoutCancel(ctx)
	if ctx.Err() != nil {
		return e.store.PostponeProbe(saving, target, 0) // drover stops: the next one asks at once
	}
	if target.StartedAt == nil || e.store.Now().Sub(target.StartedAt.Time) > probeFor {
		_, err := e.store.EndProbes(saving, target, fmt.Sprintf(
			"drover could not find out within %d hours how it ended on %s, and has stopped asking: check its state by hand.", int(probeFor.Hours()), target.Server))
		return err
	}
	return e.store.PostponeProbe(saving, target, after)
}

// proof reads an end out of what a server answered, or says false when that proves nothing.
func proof(definition *action.Action, out store.Result, r ssh.Result, err error) (store.Result, bool) {
	var failure *ssh.Error
	switch {
	case err == nil:
		return interpret(definition, out, r, string(action.Linux)), true
	case !errors.As(err, &failure):
		return out, false
	case failure.Stop == ssh.StopFinished:
		return interpret(definition, out, r, string(action.Linux)), true
	case failure.Kind == ssh.JobUnknown, failure.Kind == ssh.JobDied:
		out.State, out.ErrorKind, out.Summary = store.TargetFailed, string(failure.Kind), failure.Sentence()
		return out, true
	}
	out.ErrorKind = string(failure.Kind)
	return out, false
}

// whereabouts is where to ask, and how to read the answer.
type whereabouts struct {
	server     ssh.Server
	definition *action.Action
	run        store.Run
	platform   action.Platform
}

// find says where the command of a target is to be found. Trust and credential are those of now; the server must be the
// one that the command was sent to, otherwise the error is a *Refusal: another server would say that it was never started.
func (e *Engine) find(ctx context.Context, target store.Target) (whereabouts, error) {
	run, err := e.store.Run(ctx, target.RunID)
	if err != nil {
		return whereabouts{}, err
	}
	then, err := plannedTarget(run, target)
	if err != nil {
		return whereabouts{}, err
	}
	entry, err := e.store.ActionRevision(ctx, run.ActionID)
	if err != nil {
		return whereabouts{}, err
	}
	definition, err := Definition(entry)
	if err != nil {
		return whereabouts{}, err
	}
	all, err := e.store.Servers(ctx)
	if err != nil {
		return whereabouts{}, err
	}
	i := slices.IndexFunc(all, func(s store.Server) bool { return s.ID == target.ServerID })
	if i < 0 {
		return whereabouts{}, refuse("%s was removed since, so drover cannot ask how it ended.", target.Server)
	}
	now := all[i]
	if what := moved(then, now); what != "" {
		return whereabouts{}, refuse("The %s of %s was changed since, so drover does not ask there how it ended: check its state by hand.", what, target.Server)
	}
	if why := unfit(now); why != "" {
		return whereabouts{}, fmt.Errorf("%s cannot be asked: %s", now.Name, why)
	}
	login, err := e.logins().login(ctx, *now.CredentialID)
	if err != nil {
		return whereabouts{}, err
	}
	jump, err := e.logins().way(ctx, jumpOf(now))
	if err != nil {
		return whereabouts{}, err
	}
	then.CredentialID = *now.CredentialID
	return whereabouts{then.reach(login, jump), definition, run, action.Platform(now.Platform)}, nil
}

func plannedTarget(run store.Run, target store.Target) (PlanTarget, error) {
	plan, err := PlanOf(run)
	if err != nil {
		return PlanTarget{}, err
	}
	for _, t := range plan.Targets {
		if t.ServerID == target.ServerID {
			return t, nil
		}
	}
	return PlanTarget{}, fmt.Errorf("the plan of run %d has no %s", run.Number, target.Server)
}

// moved names what makes a server another one than was planned with, or "".
func moved(then PlanTarget, now store.Server) string {
	switch {
	case then.Address != now.Address || then.Port != now.Port:
		return "address"
	case then.User != now.LoginUser:
		return "login user"
	case then.Platform != now.Platform:
		return "platform"
	case !slices.Equal(then.HostKeys, pinned(now)):
		return "trusted host key"
	case !reflect.DeepEqual(then.Jump, jumpOf(now)):
		return "jump host"
	}
	return ""
}
