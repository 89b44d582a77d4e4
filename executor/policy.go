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
	bindings []held
	hoped    []held // that count as well if the actor is in a usergroup of which drover does not know who is in it
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
	all, err := e.store.Bindings(ctx, "")
	if err != nil {
		return Rights{}, err
	}
	_, id, _ := actor.Slack()
	memberships, err := e.store.Memberships(ctx, id)
	return rightsBy(actor, all, memberships, e.store.Now()), err
}

func rightsBy(actor store.Actor, all []store.Binding, memberships []store.Membership, now store.Time) Rights {
	return Rights{actor, heldBy(actor, all, memberships, now), hopedBy(all, memberships, now)}
}

// held is a binding that counts for somebody now.
type held struct {
	store.Binding
	unsure bool // it is about a usergroup of which drover does not know who is in it
}

// heldBy are the bindings that count for somebody: their own, and those of the usergroups that they are in.
func heldBy(actor store.Actor, all []store.Binding, memberships []store.Membership, now store.Time) []held {
	var list []held
	for _, b := range all {
		counts, unsure := b.Subject == actor, false
		if group, ok := b.Subject.Group(); ok {
			counts, unsure = concerns(b.Effect, group, memberships)
		}
		if counts && !b.Over(now) {
			list = append(list, held{b, unsure})
		}
	}
	return list
}

// concerns says whether a usergroup's binding counts for somebody. What drover does not know counts against them: an
// unknown group gives nobody anything and denies everybody. One that Slack has no more gives nothing, and goes on
// denying to those who were in it last.
func concerns(effect store.Effect, group string, memberships []store.Membership) (counts, unsure bool) {
	at := slices.IndexFunc(memberships, func(m store.Membership) bool { return m.GroupID == group })
	if at < 0 || memberships[at].State == store.GroupUnknown {
		return effect != store.Allow, true
	}
	m := memberships[at]
	return m.Member && (m.State == store.GroupKnown || effect != store.Allow), false
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
	if ours == "" {
		return refuse("drover does not know its Slack workspace yet, so nothing was run: start `drover serve` once.")
	}
	if team != ours {
		return refuse("drover takes requests only from its own Slack workspace, and from nobody of another Slack workspace.")
	}
	user, err := e.store.User(ctx, team, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !user.Known() {
		return &Refusal{Kind: Policy, Unsure: true, Why: "drover could not ask Slack who they are",
			Text: "drover could not ask Slack who you are, so nothing was run. Try again in a moment."}
	}
	if err != nil {
		return err
	}
	if why := refused(user); why != "" {
		return refuse("drover takes no requests from %s.", why)
	}
	return nil
}

// refused says as what somebody is refused whatever they were given, or "".
func refused(u store.User) string {
	switch {
	case u.Bot:
		return "bots"
	case u.Deactivated:
		return "deactivated accounts"
	case u.Guest, u.Stranger:
		return "guests or people of other organisations"
	}
	return ""
}

// Any says whether the actor has any role at all. A deny binding is none.
func (r Rights) Any() bool {
	return r.actor.Local() || slices.ContainsFunc(r.bindings, func(b held) bool { return b.Effect == store.Allow })
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

// Verdict is whether somebody may do something, and what decides it.
type Verdict struct {
	Allowed bool
	Binding *store.Binding // that decides; nil: there is none about it, or the actor sits at the terminal
	Why     string         // it is not allowed
}

// Decide says whether the actor may run an action that asks for role on a server. A deny binding wins over every allow:
// one of role operator forbids what needs an operator or more, one of role viewer everything.
func (r Rights) Decide(role store.Role, action string, server store.Server) Verdict {
	if r.actor.Local() {
		return Verdict{Allowed: true}
	}
	for _, b := range r.bindings {
		if b.Effect != store.Allow && covers(b.Binding, action, server) && (includes(role, b.Role) || b.Role == store.Viewer) {
			return Verdict{Binding: &b.Binding, Why: b.forbids()}
		}
	}
	for _, b := range r.bindings {
		if b.Effect == store.Allow && covers(b.Binding, action, server) && includes(b.Role, role) {
			return Verdict{Allowed: true, Binding: &b.Binding}
		}
	}
	return Verdict{Why: fmt.Sprintf("it needs the role %s", role)}
}

func (b held) forbids() string {
	text := fmt.Sprintf("a deny binding%s forbids it", scope(b.Binding))
	if b.unsure {
		text += fmt.Sprintf(" to the usergroup %s, and drover cannot tell who is in it", b.Subject)
	}
	return text
}

// MayRun is Decide in two words.
func (r Rights) MayRun(role store.Role, action string, server store.Server) (allowed bool, why string) {
	v := r.Decide(role, action, server)
	return v.Allowed, v.Why
}

// MayConfigure says whether the actor may change drover's configuration by one of its words, such as user. That takes an
// admin of everything, or one by exactly that word: who is admin of some servers, or of the actions u*, could make
// themselves admin of all.
func (r Rights) MayConfigure(verb string) (allowed bool, why string) {
	r.bindings = slices.DeleteFunc(slices.Clone(r.bindings), func(b held) bool {
		return b.Effect == store.Allow && b.ActionGlob != "*" && b.ActionGlob != verb
	})
	return r.MayRun(store.Admin, verb, store.Server{})
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
