package executor

import (
	"context"

	"drover/store"
)

// SelectServers is selectServers, for the tests.
var SelectServers = selectServers

// AnchorPass is one turn of Anchor's loop.
func (e *Engine) AnchorPass(ctx context.Context) error { return e.anchorDay(ctx) }

// RightsFrom are the rights that bindings and usergroups give somebody, for the tests.
func RightsFrom(actor store.Actor, all []store.Binding, memberships []store.Membership, now store.Time) Rights {
	return rightsBy(actor, all, memberships, now)
}

// WhyNotApprove is why somebody may not approve an action that another asked for and a third edited last, or "".
func (r Rights) WhyNotApprove(action string, servers []store.Server, by, editor store.Actor, self bool) string {
	return proposal{action: action, servers: servers, by: by, editors: []store.Actor{editor}, self: self}.whyNot(r)
}

// Step is how far on the way to run a command a failure is, for the tests.
var Step = step
