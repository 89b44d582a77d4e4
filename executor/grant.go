package executor

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"drover/store"
)

// roles are what can be given, in the order of a list.
var roles = []store.Role{store.Viewer, store.Operator, store.Admin, store.Approver, store.Breakglass}

// ParseBinding reads what a binding is about, but for its subject: a role, then tag:web, action=restart-*, deny, and
// until=2026-12-31 or for=8h in any order.
func (e *Engine) ParseBinding(words []string) (store.Binding, error) {
	b := store.Binding{ActionGlob: "*", Effect: store.Allow}
	if len(words) == 0 || !slices.Contains(roles, store.Role(words[0])) {
		return b, noRole(words)
	}
	b.Role = store.Role(words[0])
	for _, word := range words[1:] {
		if err := e.readBindingWord(&b, word); err != nil {
			return b, err
		}
	}
	return b, nil
}

// ParseRevocation reads which bindings are taken away, in the words that gave them: those of a role, and only those with
// a tag, an action or deny where one is given.
func (e *Engine) ParseRevocation(words []string) (store.Revocation, error) {
	b, err := e.ParseBinding(words)
	if err != nil {
		return store.Revocation{}, err
	}
	if b.Until != nil {
		return store.Revocation{}, usage("What is taken away is gone at once: leave out when it ends.")
	}
	r := store.Revocation{Role: b.Role}
	if b.ActionGlob != "*" {
		r.ActionGlob = &b.ActionGlob
	}
	if b.Tag != "" {
		r.Tag = &b.Tag
	}
	if b.Effect == store.Deny {
		r.Effect = store.Deny
	}
	return r, nil
}

func noRole(words []string) error {
	var names []string
	for _, role := range roles {
		names = append(names, string(role))
	}
	if len(words) == 0 {
		return usage("Say which role: %s.", strings.Join(names, ", "))
	}
	return usage("`%s` is not a role. The roles are %s.%s", quotable(words[0]), strings.Join(names, ", "), DidYouMean(words[0], names))
}

func (e *Engine) readBindingWord(b *store.Binding, word string) (err error) {
	name, value, assigned := strings.Cut(word, "=")
	if tag, ok := strings.CutPrefix(word, "tag:"); ok {
		name, value, assigned = "tag", tag, true
	}
	switch {
	case name == "deny" && !assigned:
		b.Effect = store.Deny
	case name == "tag" && assigned:
		if b.Tag = value; !NamePattern.MatchString(value) {
			return usage("`%s` cannot be a tag: write for example `tag:web`.", quotable(value))
		}
	case name == "action" && assigned:
		if _, err := path.Match(value, ""); err != nil || value == "" {
			return usage("`%s` is not a pattern of actions: write for example `action=update` or `action=restart-*`.", quotable(value))
		}
		b.ActionGlob = value
	case name == "until" && assigned:
		b.Until, err = e.readDay(value)
	case name == "for" && assigned:
		b.Until, err = e.readSpan(value)
	default:
		return usage("`%s` says nothing here. Write `tag:web`, `action=restart-*`, `deny`, `until=2026-12-31` or `for=8h`.", quotable(word))
	}
	return err
}

// readDay reads the last day on which a binding counts, or the moment when it ends, in the zone of drover's own host.
func (e *Engine) readDay(text string) (*store.Time, error) {
	end, err := time.ParseInLocation("2006-01-02T15:04", strings.ToUpper(text), time.Local)
	if err != nil {
		day, err := time.ParseInLocation(time.DateOnly, text, time.Local)
		if err != nil {
			return nil, usage("`%s` is no day: write for example `2026-12-31`, or `2026-12-31T18:00`.", quotable(text))
		}
		end = day.AddDate(0, 0, 1)
	}
	if !end.After(e.store.Now().Time) {
		return nil, usage("`%s` is over already.", quotable(text))
	}
	return &store.Time{Time: end.UTC()}, nil
}

func (e *Engine) readSpan(text string) (*store.Time, error) {
	span, err := store.ParseSpan(text)
	if err != nil || span <= 0 {
		return nil, usage("`%s` is not a length of time: write for example `8h` or `7d`.", quotable(text))
	}
	end := e.store.Now().Add(time.Duration(span))
	return &end, nil
}

// Grant adds a binding, or gives one that is there another end. The error is a *Refusal when the actor may not, when
// it would leave nobody as admin, or when it would count for nothing.
func (e *Engine) Grant(ctx context.Context, actor store.Actor, b store.Binding) error {
	return e.AuditRefusal(ctx, actor, "user/"+string(b.Subject), e.grant(ctx, actor, b))
}

func (e *Engine) grant(ctx context.Context, actor store.Actor, b store.Binding) error {
	if err := e.MayManageUsers(ctx, actor); err != nil {
		return err
	}
	if err := e.checkSubject(ctx, b); err != nil {
		return err
	}
	if b.Effect == store.Deny {
		same := store.Revocation{Subject: b.Subject, Role: b.Role, ActionGlob: &b.ActionGlob, Tag: &b.Tag, Effect: store.Deny}
		if err := e.notAboutOneself(ctx, actor, same); err != nil {
			return err
		}
	}
	guard, err := e.keepAnAdmin(ctx, actor)
	if err != nil {
		return err
	}
	return e.store.Grant(ctx, actor, b, guard)
}

// Revoke takes bindings away and returns them. The error is a *Refusal when the actor may not, when there are none, or
// when it would leave nobody as admin.
func (e *Engine) Revoke(ctx context.Context, actor store.Actor, r store.Revocation) ([]store.Binding, error) {
	taken, err := e.revoke(ctx, actor, r)
	return taken, e.AuditRefusal(ctx, actor, "user/"+string(r.Subject), err)
}

func (e *Engine) revoke(ctx context.Context, actor store.Actor, r store.Revocation) ([]store.Binding, error) {
	if err := e.MayManageUsers(ctx, actor); err != nil {
		return nil, err
	}
	if err := e.notAboutOneself(ctx, actor, r); err != nil {
		return nil, err
	}
	guard, err := e.keepAnAdmin(ctx, actor)
	if err != nil {
		return nil, err
	}
	taken, err := e.store.Revoke(ctx, actor, r, guard)
	if errors.Is(err, store.ErrNotFound) {
		return nil, usage("%s has no such binding of role %s. `user list` shows all.", e.Name(ctx, r.Subject), r.Role)
	}
	return taken, err
}

// MayManageUsers refuses whoever may not say who may do what: that is for admins of everything.
func (e *Engine) MayManageUsers(ctx context.Context, actor store.Actor) error {
	rights, err := e.Rights(ctx, actor)
	if err != nil {
		return err
	}
	if ok, why := rights.MayConfigure(userVerb); !ok {
		return refuse("You may not say who may do what: %s. Nothing was changed. Ask an admin.", why)
	}
	return nil
}

// checkSubject refuses to give something to whom it would be of no use.
func (e *Engine) checkSubject(ctx context.Context, b store.Binding) error {
	team, id, ok := b.Subject.Slack()
	if !ok {
		return nil
	}
	ours, err := e.store.Setting(ctx, store.SettingTeam)
	if err != nil {
		return err
	}
	if ours != "" && team != ours {
		return usage("This drover belongs to the Slack team %s, and refuses everybody of %s whatever they are given. Nothing was changed.", ours, team)
	}
	if b.Effect == store.Deny {
		return nil
	}
	user, err := e.store.User(ctx, team, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil // not met yet: Slack is asked when they come
	}
	if why := refused(user); err == nil && why != "" {
		return usage("drover takes no requests from %s, whatever they are given, and %s is one. Nothing was changed.", why, e.Name(ctx, b.Subject))
	}
	return err
}

// notAboutOneself refuses to lift a deny from oneself: another admin has to, or somebody at the terminal.
func (e *Engine) notAboutOneself(ctx context.Context, actor store.Actor, r store.Revocation) error {
	_, id, ok := actor.Slack()
	if !ok {
		return nil
	}
	all, err := e.store.Bindings(ctx, r.Subject)
	if err != nil {
		return err
	}
	memberships, err := e.store.Memberships(ctx, id)
	if err != nil {
		return err
	}
	for _, b := range heldBy(actor, all, memberships, e.store.Now()) {
		if b.Effect == store.Deny && r.Takes(b.Binding) {
			return refuse("Nobody lifts a deny from themselves, so nothing was changed. Ask another admin.")
		}
	}
	return nil
}

// Unmatched says of a binding that it is about nothing yet: about no server that there is, or no action.
func (e *Engine) Unmatched(ctx context.Context, b store.Binding) ([]string, error) {
	servers, err := e.store.Servers(ctx)
	if err != nil {
		return nil, err
	}
	actions, err := e.store.Actions(ctx)
	if err != nil {
		return nil, err
	}
	var notes []string
	if b.Tag != "" && !slices.ContainsFunc(servers, func(s store.Server) bool { return s.HasTag(b.Tag) }) {
		notes = append(notes, "No server has the tag "+b.Tag+" yet.")
	}
	named := func(name string) bool { ok, _ := path.Match(b.ActionGlob, name); return ok }
	if !slices.ContainsFunc(actions, func(a store.Action) bool { return named(a.Name) }) && !slices.ContainsFunc(verbs, named) {
		notes = append(notes, "No action is called like "+b.ActionGlob+" yet.")
	}
	return notes, nil
}
