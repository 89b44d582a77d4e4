package executor

import (
	"context"

	"drover/store"
)

// Allowed says whether somebody with at least a role may do what a request asks for on all of its servers now, by their
// rights alone. The error is a *Refusal when they may not.
func (e *Engine) Allowed(ctx context.Context, actor store.Actor, least store.Role, r Request) error {
	rights, err := e.Rights(ctx, actor)
	if err != nil {
		return err
	}
	r.Origin, r.Options = "", Options{} // what is held tonight, and what goes first, is no matter of rights
	plan, err := e.Plan(ctx, r)
	if err != nil {
		return err
	}
	role := store.Role(plan.definition.Role)
	if includes(least, role) {
		role = least
	}
	return rights.authorise(plan.Action, role, plan.servers)
}
