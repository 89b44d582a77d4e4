package executor

import (
	"context"

	"drover/store"
)

// userVerb is what a binding's glob has to match for an admin to say who may do what.
const userVerb = "user"

// NoAdmin is what to do when nobody is admin.
const NoAdmin = "nobody is admin: make somebody one with `drover user grant U… admin`, or name them in DROVER_ADMINS (in Slack: profile, ⋮, Copy member ID)"

// Admins lists who may say now who may do what: whoever is an admin of everything, themselves or by a usergroup, and is
// not refused for what Slack says of them.
func Admins(ctx context.Context, s *store.Store) ([]store.Actor, error) {
	all, err := s.Bindings(ctx, "")
	if err != nil {
		return nil, err
	}
	people, err := candidates(ctx, s, all, store.Admin)
	return people.admins(all, s.Now()), err
}

// admins are those of the roster whom the bindings make admins of everything.
func (r roster) admins(all []store.Binding, now store.Time) []store.Actor {
	return r.who(all, now, func(rights Rights) bool {
		ok, _ := rights.MayConfigure(userVerb)
		return ok
	})
}

// keepAnAdmin is the guard of every change of bindings from Slack: where there is an admin without an end, one stays. At
// the terminal the next one can be made at any time.
func (e *Engine) keepAnAdmin(ctx context.Context, actor store.Actor) (store.Guard, error) {
	if actor.Local() {
		return func([]store.Binding) error { return nil }, nil
	}
	before, err := e.store.Bindings(ctx, "")
	if err != nil {
		return nil, err
	}
	people, err := candidates(ctx, e.store, before, store.Admin)
	if err != nil {
		return nil, err
	}
	now := e.store.Now()
	had := len(people.admins(lasting(before), now)) > 0
	return func(after []store.Binding) error {
		if had && len(people.admins(lasting(after), now)) == 0 {
			return refuse("That would leave drover without an admin, so nothing was changed. Make somebody else admin first, without an end.")
		}
		return nil
	}, nil
}

// lasting leaves out what is given until some day: when the day comes, nobody may be there to give it again.
func lasting(all []store.Binding) []store.Binding {
	var list []store.Binding
	for _, b := range all {
		if b.Effect != store.Allow || b.Until == nil {
			list = append(list, b)
		}
	}
	return list
}
