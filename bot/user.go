package bot

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"drover/executor"
	"drover/store"
)

// user says who may do what, for admins: `user grant @somebody operator tag:web`, `user revoke @somebody operator`, `user list`.
func (b *Bot) user(ctx context.Context, c command, words []string, _ string) (string, error) {
	if err := b.engine.MayManageUsers(ctx, c.actor); err != nil {
		return "", err
	}
	switch {
	case len(words) == 0, len(words) == 1 && strings.EqualFold(words[0], "list"):
		return b.bindings(ctx)
	case len(words) < 3:
	case strings.EqualFold(words[0], "grant"):
		return b.grant(ctx, c, words[1], lower(words[2:]))
	case strings.EqualFold(words[0], "revoke"):
		return b.revoke(ctx, c, words[1], lower(words[2:]))
	}
	return "", &executor.Refusal{Text: "Write `user grant @somebody operator tag:web`, `user revoke @somebody operator` or `user list`. " +
		"A binding may also say `action=restart-*`, `deny`, and `until=2026-12-31` or `for=8h`."}
}

func (b *Bot) grant(ctx context.Context, c command, who string, words []string) (string, error) {
	binding, err := b.engine.ParseBinding(words)
	if err != nil {
		return "", err
	}
	if binding.Subject, err = b.engine.Subject(ctx, who); err != nil {
		return "", err
	}
	if err := b.meetOther(ctx, binding.Subject); err != nil {
		return "", err
	}
	members, err := b.meetGroup(ctx, binding.Subject)
	if err != nil {
		return "", err
	}
	if err := b.engine.Grant(ctx, c.actor, binding); err != nil {
		return "", err
	}
	lines := []string{fmt.Sprintf(":white_check_mark: %s %s%s.", subject(binding.Subject), executor.Meaning(binding), until(binding))}
	if members != "" {
		lines = append(lines, members)
	}
	notes, err := b.engine.Unmatched(ctx, binding)
	for _, note := range notes {
		lines = append(lines, ":warning: "+escape(note))
	}
	return strings.Join(lines, "\n"), err
}

func until(binding store.Binding) string {
	if binding.Until == nil {
		return ""
	}
	return ", until " + when(*binding.Until)
}

// meetGroup asks Slack who is in a usergroup before something is given to it, and says how many they are. A group that
// drover cannot see into would give nothing and deny everybody.
func (b *Bot) meetGroup(ctx context.Context, about store.Actor) (string, error) {
	id, ok := about.Group()
	if !ok {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, meetTimeout)
	defer cancel()
	group, err := b.askGroup(ctx, id)
	switch {
	case err != nil:
		b.log.Warn("cannot ask Slack about a usergroup", "group", id, "error", err)
		return "", &executor.Refusal{Text: "drover could not ask Slack who is in this usergroup, so nothing was changed. Try again in a moment."}
	case group.State == store.GroupKnown:
		if err := b.store.SaveUsergroup(ctx, group); err != nil {
			return "", err
		}
		return "In it now: " + memberLine(group.Members) + ". Who joins it gets this too, and who leaves it loses it.", nil
	}
	return "", &executor.Refusal{Text: "drover cannot see who is in this usergroup, so nothing was changed: it would give nothing, and a deny would be for everybody. " +
		"Either Slack has it no more, or drover lacks the scope usergroups:read (`drover manifest`). Naming people works without it."}
}

// memberLine names a few people and counts the others.
func memberLine(ids []string) string {
	const most = 10
	if len(ids) == 0 {
		return "nobody"
	}
	var names []string
	for i, id := range ids {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(ids)-most))
			break
		}
		names = append(names, "<@"+escape(id)+">")
	}
	return strings.Join(names, " ")
}

func (b *Bot) revoke(ctx context.Context, c command, who string, words []string) (string, error) {
	which, err := b.engine.ParseRevocation(words)
	if err != nil {
		return "", err
	}
	if which.Subject, err = b.engine.Subject(ctx, who); err != nil {
		return "", err
	}
	taken, err := b.engine.Revoke(ctx, c.actor, which)
	if err != nil {
		return "", err
	}
	lines := []string{fmt.Sprintf(":white_check_mark: Taken from %s:", subject(which.Subject))}
	for _, binding := range taken {
		lines = append(lines, "• "+code(executor.Brief(binding)))
	}
	return joinLines(lines), nil
}

// bindings lists who may do what.
func (b *Bot) bindings(ctx context.Context) (string, error) {
	all, err := b.store.Bindings(ctx, "")
	if err != nil {
		return "", err
	}
	groups, err := b.store.Usergroups(ctx)
	if err != nil {
		return "", err
	}
	lines := []string{"*Who may do what*"}
	for _, binding := range all { // people come before usergroups: T… before group:…
		lines = append(lines, "• "+subject(binding.Subject)+" "+bindingLine(binding, b.store.Now())+doubt(binding, groups))
	}
	return joinLines(lines), nil
}

// doubt says what is the matter with a binding of a usergroup.
func doubt(binding store.Binding, groups []store.Usergroup) string {
	id, ok := binding.Subject.Group()
	if !ok {
		return ""
	}
	at := slices.IndexFunc(groups, func(g store.Usergroup) bool { return g.ID == id })
	switch {
	case at < 0, groups[at].State == store.GroupUnknown:
		return " · :warning: drover cannot tell who is in it: it gives nothing, and a deny is for everybody"
	case groups[at].State == store.GroupGone:
		return " · :warning: Slack has it no more: it gives nothing, and a deny stays for those who were in it"
	}
	return ""
}

// bindingLine is a binding as it was given, with its end and by whom.
func bindingLine(binding store.Binding, now store.Time) string {
	ends := until(binding)
	if binding.Over(now) {
		ends = " · expired " + when(*binding.Until)
	}
	return code(executor.Brief(binding)) + ends + " · by " + person(binding.CreatedBy) + " " + when(binding.CreatedAt)
}

// usergroupID is how Slack makes the ids of usergroups.
var usergroupID = regexp.MustCompile(`^S[A-Z0-9]{1,30}$`)

// subject names whom a binding is about. A usergroup is mentioned only in private answers: elsewhere all of it would be told.
func subject(actor store.Actor) string {
	if id, ok := actor.Group(); ok && usergroupID.MatchString(id) {
		return "<!subteam^" + id + ">"
	}
	return person(actor)
}
