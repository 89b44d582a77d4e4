package executor

import (
	"cmp"
	"context"
	"regexp"

	"drover/store"
)

var (
	slackUser  = regexp.MustCompile(`^@?(?:([TE][A-Z0-9]+)/)?([UW][A-Z0-9]+)$`)
	slackGroup = regexp.MustCompile(`^group:(S[A-Z0-9]+)$`)
)

// Subject reads whom a binding is about: a user's id as Slack shows it, with or without its team, or group:S… for a
// usergroup. Names are not taken: anybody can change theirs. team is the bot's own.
func Subject(team, word string) (store.Actor, error) {
	if parts := slackGroup.FindStringSubmatch(word); parts != nil {
		return store.GroupActor(parts[1]), nil
	}
	parts := slackUser.FindStringSubmatch(word)
	if parts == nil {
		return "", usage("`%s` is not a Slack user's id: drover goes by ids, not by names. In Slack, pick the person from the list that opens "+
			"while you type @, or use the id: profile, ⋮, Copy member ID.", quotable(word))
	}
	if parts[1] != "" {
		team = parts[1]
	}
	return store.SlackActor(team, parts[2]), nil
}

// Subject is the function of that name with the team that the database belongs to.
func (e *Engine) Subject(ctx context.Context, word string) (store.Actor, error) {
	team, err := e.store.Setting(ctx, store.SettingTeam)
	if err != nil {
		return "", err
	}
	return Subject(team, word)
}

// Name is what somebody is called in a sentence: by their name or their handle in Slack, or else by their id. They chose it
// themselves, so it is one line.
func (e *Engine) Name(ctx context.Context, actor store.Actor) string {
	if actor.Local() {
		return actor.Login() + " at the terminal"
	}
	if id, ok := actor.Group(); ok {
		if group, err := e.store.Usergroup(ctx, id); err == nil && group.Name != "" {
			return "@" + OneLine(group.Name)
		}
		return string(actor)
	}
	team, id, _ := actor.Slack()
	if user, err := e.store.User(ctx, team, id); err == nil {
		return cmp.Or(OneLine(user.Name), id)
	}
	return id
}
