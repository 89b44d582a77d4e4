package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"drover/executor/action"
	"drover/executor/ssh"
	"drover/store"
)

const (
	// maxLooks is how many servers are looked at at the same time for those who have to approve something.
	maxLooks = 32
	// lookLimit bounds one look: a card that waits for a server is of no use.
	lookLimit = time.Minute
	// lookHold is longer than any look takes: after it, whoever looked is dead.
	lookHold = 2 * time.Minute
	// lookAction is the built-in action that looks.
	lookAction = "status"
)

// lookDue looks at the servers of runs that wait for approval, so that those who approve see what they do it to. A look
// changes nothing, and is not part of the plan.
func (e *Engine) lookDue(ctx context.Context) {
	due, err := e.store.DueLooks(ctx, maxLooks)
	if err != nil {
		e.report(ctx, "look for servers to be looked at", err)
		return
	}
	for _, target := range due {
		begun := e.beside(&e.looks, func() {
			if err := e.look(ctx, target); err != nil {
				e.report(ctx, "look at "+target.Server, err)
			}
		})
		if !begun {
			return
		}
	}
}

// look looks at one server, unless somebody else does already.
func (e *Engine) look(ctx context.Context, target store.Target) error {
	claimed, err := e.store.ClaimLook(ctx, target, lookHold)
	if err != nil || !claimed {
		return err
	}
	looking, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	seen, err := e.glance(looking, target.ServerID)
	if ctx.Err() != nil {
		return nil // drover stops: the next one looks again
	}
	if err != nil {
		seen.Summary = "could not be looked at: " + err.Error()
	}
	return e.store.KeepLook(context.WithoutCancel(ctx), target, seen)
}

// glance runs the action that looks on one server, as it ships with drover. The error is for people.
func (e *Engine) glance(ctx context.Context, serverID string) (store.Result, error) {
	all, err := e.store.Servers(ctx)
	if err != nil {
		return store.Result{}, err
	}
	at := slices.IndexFunc(all, func(s store.Server) bool { return s.ID == serverID })
	if at < 0 {
		return store.Result{}, errors.New("it was removed since")
	}
	entry, err := shippedAction(lookAction)
	if err != nil {
		return store.Result{}, err
	}
	plan, err := e.newPlan(ctx, entry, nil, Options{}, all[at:at+1])
	if err != nil {
		return store.Result{}, err
	}
	if len(plan.Excluded) > 0 {
		return store.Result{}, errors.New(plan.Excluded[0].Reason)
	}
	return e.runGlance(ctx, plan)
}

func (e *Engine) runGlance(ctx context.Context, plan *Plan) (store.Result, error) {
	target := plan.Targets[0]
	login, err := e.logins().login(ctx, target.CredentialID)
	if err != nil {
		return store.Result{}, err
	}
	jump, err := e.logins().way(ctx, target.Jump)
	if err != nil {
		return store.Result{}, err
	}
	r, err := e.ssh.Run(ctx, target.reach(login, jump), ssh.Command{
		Text: target.Command, Raw: target.Platform != string(action.Linux), Timeout: lookLimit,
	})
	var failure *ssh.Error
	if errors.As(err, &failure) {
		failure.Server = target.Server
		return store.Result{}, errors.New(failure.Sentence())
	}
	if err != nil {
		return store.Result{}, err
	}
	seen := interpret(plan.definition, store.Result{Host: hostOf(r)}, r, target.Platform)
	if glance := action.Glance(seen.Facts); glance != "" {
		seen.Summary = glance
	}
	return seen, nil
}

// shippedAction is a built-in action as it ships, whatever the whitelist has under its name.
func shippedAction(name string) (store.Action, error) {
	builtins, err := action.Builtins()
	if err != nil {
		return store.Action{}, err
	}
	at := slices.IndexFunc(builtins, func(b action.Builtin) bool { return b.Name == name })
	if at < 0 {
		return store.Action{}, fmt.Errorf("drover ships no action %s", name)
	}
	return store.Action{Name: name, YAML: string(builtins[at].YAML), Builtin: true}, nil
}
