package executor

import (
	"fmt"
	"slices"

	"drover/store"
)

// authorise checks an action on every server of a plan. One refusal refuses the whole request: an operator must not
// have to guess on which servers something ran.
func (r Rights) authorise(action string, role store.Role, servers []store.Server) error {
	refusal := r.lacks(action, role, servers)
	if refusal == nil {
		return nil
	}
	if r.atBest().lacks(action, role, servers) == nil {
		refusal.Unsure, refusal.Why = true, groupNotKnown
		refusal.Text += " That may change in a few minutes: drover cannot tell at the moment who is in a usergroup."
	}
	return refusal
}

// lacks is authorise by what is known; nil: nothing is lacking.
func (r Rights) lacks(action string, role store.Role, servers []store.Server) *Refusal {
	if !r.Any() {
		return &Refusal{Kind: Policy, Why: "no role in drover", Text: fmt.Sprintf(
			"You have no role in drover, so nothing was run. An admin can give you one: `drover user grant %s viewer`.", slackID(r.actor))}
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
	why := fmt.Sprintf("`%s` on %s: %s", action, FoldNames(denied), reason)
	return &Refusal{Kind: Policy, Why: why, Text: fmt.Sprintf("You may not run %s. Nothing was run. %s", why, hint)}
}

// hopedBy are the bindings that give somebody something if they are in usergroups of which drover does not know who is in
// them. They count for nobody; but a refusal for the lack of them may not last.
func hopedBy(all []store.Binding, memberships []store.Membership, now store.Time) []held {
	var list []held
	for _, b := range all {
		group, ok := b.Subject.Group()
		if !ok || b.Effect != store.Allow || b.Over(now) {
			continue
		}
		if _, unsure := concerns(b.Effect, group, memberships); unsure {
			list = append(list, held{b, true})
		}
	}
	return list
}

// atBest are the rights that somebody has if all that drover does not know is in their favour.
func (r Rights) atBest() Rights {
	sure := slices.DeleteFunc(slices.Clone(r.bindings), func(b held) bool { return b.unsure })
	return Rights{actor: r.actor, bindings: append(sure, r.hoped...)}
}

func slackID(a store.Actor) string {
	_, id, _ := a.Slack()
	return id
}
