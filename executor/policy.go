package executor

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"drover/store"
)

// rank orders the roles of which each includes the one before. Approver and breakglass stand outside.
var rank = map[store.Role]int{store.Viewer: 1, store.Operator: 2, store.Admin: 3}

// Rights are what somebody may do at this moment.
type Rights struct {
	actor    store.Actor
	bindings []store.Binding
}

// Rights reads what an actor may do now. A Slack user that drover does not know, of another team, or who is a guest,
// a stranger, a bot or deactivated is refused whatever the bindings say.
func (e *Engine) Rights(ctx context.Context, actor store.Actor) (Rights, error) {
	if actor.Local() {
		return Rights{actor: actor}, nil
	}
	if err := e.checkIdentity(ctx, actor); err != nil {
		return Rights{}, err
	}
	bindings, err := e.store.Bindings(ctx, actor)
	return Rights{actor, bindings}, err
}

func (e *Engine) checkIdentity(ctx context.Context, actor store.Actor) error {
	team, id, ok := actor.Slack()
	if !ok {
		return refuse("%q is nobody that drover can tell apart from others.", string(actor))
	}
	ours, err := e.store.Setting(ctx, store.SettingTeam)
	if err != nil {
		return err
	}
	if team != ours {
		return refuse("You belong to another Slack workspace. drover takes requests only from its own.")
	}
	user, err := e.store.User(ctx, team, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return refuse("drover could not ask Slack who you are, so nothing was run. Try again in a moment.")
	case err != nil:
		return err
	case user.Bot:
		return refuse("drover takes no requests from bots.")
	case user.Deactivated:
		return refuse("Your Slack account is deactivated.")
	case user.Guest, user.Stranger:
		return refuse("drover takes no requests from guests or from people of other organisations.")
	}
	return nil
}

// Any says whether the actor has any role at all. A deny binding is none.
func (r Rights) Any() bool {
	return r.actor.Local() || slices.ContainsFunc(r.bindings, func(b store.Binding) bool { return b.Effect == store.Allow })
}

// Has says whether the actor has a role for something, somewhere.
func (r Rights) Has(role store.Role) bool {
	if r.actor.Local() {
		return true
	}
	for _, b := range r.bindings {
		if b.Effect == store.Allow && includes(b.Role, role) {
			return true
		}
	}
	return false
}

// MayRun says whether the actor may run an action that asks for role on a server, and if not, why. A deny binding
// wins over every allow: one of role operator forbids what needs an operator or more.
func (r Rights) MayRun(role store.Role, action string, server store.Server) (allowed bool, why string) {
	if r.actor.Local() {
		return true, ""
	}
	for _, b := range r.bindings {
		if b.Effect != store.Allow && covers(b, action, server) && includes(role, b.Role) {
			return false, fmt.Sprintf("a deny binding%s forbids it", scope(b))
		}
	}
	for _, b := range r.bindings {
		if b.Effect == store.Allow && covers(b, action, server) && includes(b.Role, role) {
			return true, ""
		}
	}
	return false, fmt.Sprintf("it needs the role %s", role)
}

// covers says whether a binding is about an action on a server. A pattern that cannot be read allows nothing and denies
// everything.
func covers(b store.Binding, action string, server store.Server) bool {
	matched, err := path.Match(b.ActionGlob, action)
	if err != nil {
		matched = b.Effect != store.Allow
	}
	return matched && (b.Tag == "" || server.HasTag(b.Tag))
}

// includes says whether having one role means having the other.
func includes(have, want store.Role) bool {
	return have == want || rank[have] > 0 && rank[want] > 0 && rank[have] >= rank[want]
}

func scope(b store.Binding) string {
	text := ""
	if b.ActionGlob != "*" {
		text += " for `" + b.ActionGlob + "`"
	}
	if b.Tag != "" {
		text += " on `tag:" + b.Tag + "`"
	}
	return text
}

// authorise checks an action on every server of a plan. One refusal refuses the whole request: an operator must not
// have to guess on which servers something ran.
func (r Rights) authorise(action string, role store.Role, servers []store.Server) error {
	if !r.Any() {
		return refuse("You have no role in drover, so nothing was run. An admin can give you one: `drover user grant %s viewer`.", slackID(r.actor))
	}
	var denied []string
	var reason string
	for _, server := range servers {
		if ok, why := r.MayRun(role, action, server); !ok {
			denied = append(denied, server.Name)
			reason = why
		}
	}
	if len(denied) == 0 {
		return nil
	}
	hint := "Ask an admin for it."
	if len(denied) < len(servers) {
		hint = fmt.Sprintf("Leave out what you may not touch, for example with `!%s`.", denied[0])
	}
	return refuse("You may not run `%s` on %s: %s. Nothing was run. %s", action, FoldNames(denied), reason, hint)
}

func slackID(a store.Actor) string {
	_, id, _ := a.Slack()
	return id
}
