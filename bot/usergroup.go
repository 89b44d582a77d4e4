package bot

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"drover/store"
)

// askAgainEvery is how often Slack is asked about a usergroup of which drover does not know who is in it.
const askAgainEvery = time.Minute

// groupsInUse are the ids of the usergroups that bindings are about.
func (b *Bot) groupsInUse(ctx context.Context) ([]string, error) {
	bindings, err := b.store.Bindings(ctx, "")
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, binding := range bindings {
		if id, ok := binding.Subject.Group(); ok && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// askGroup asks Slack who is in a usergroup. The error is one that may pass; what Slack refuses to tell for good is an
// answer.
func (b *Bot) askGroup(ctx context.Context, id string) (store.Usergroup, error) {
	group := store.Usergroup{ID: id, State: store.GroupKnown, CheckedAt: b.store.Now()}
	members, err := b.api.GetUserGroupMembersContext(ctx, id)
	var refused slack.SlackErrorResponse
	switch {
	case err == nil:
		group.Members = members
	case !errors.As(err, &refused) || mayPass(refused.Err):
		return group, err
	case refused.Err == "no_such_subteam":
		before, err := b.store.Usergroup(ctx, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return group, err
		}
		group.State = store.GroupGone
		if err != nil || before.State == store.GroupUnknown {
			group.State = store.GroupUnknown // drover never knew who was in it
		}
	default:
		group.State = store.GroupUnknown
		b.lost(ctx, id, err)
	}
	return group, nil
}

// lost says in the log, once, that drover cannot see into a usergroup any more.
func (b *Bot) lost(ctx context.Context, id string, why error) {
	if before, err := b.store.Usergroup(ctx, id); err == nil && before.State == store.GroupUnknown {
		return
	}
	b.log.Warn("cannot tell who is in a usergroup, so it gives nothing and its denies are for everybody: give drover the scopes of `drover manifest`",
		"group", id, "error", why)
}

// mayPass says whether Slack itself is in trouble.
func mayPass(code string) bool {
	return slices.Contains([]string{"fatal_error", "internal_error", "request_timeout", "service_unavailable", "ratelimited", "team_added_to_org"}, code)
}

// learnGroup asks about a usergroup of which what drover knows is, or may be, wrong: until Slack tells, it is unknown.
func (b *Bot) learnGroup(ctx context.Context, id string) error {
	group, err := b.askGroup(ctx, id)
	if err != nil {
		group.State = store.GroupUnknown
	}
	if known, err := b.store.Usergroup(ctx, id); err != nil || known.Name == "" {
		group.Name = b.groupNames(ctx)[id]
	}
	return errors.Join(about(id, err), b.store.SaveUsergroup(ctx, group))
}

// learnGroups asks about all usergroups in use: what was known before drover started may be wrong.
func (b *Bot) learnGroups(ctx context.Context) error {
	ids, err := b.groupsInUse(ctx)
	errs := []error{err}
	for _, id := range ids {
		errs = append(errs, b.learnGroup(ctx, id))
	}
	return errors.Join(errs...)
}

// watchGroups asks about a usergroup as soon as it is new in a binding, and again and again about one that is unknown,
// until ctx ends.
func (b *Bot) watchGroups(ctx context.Context) error {
	ticker := time.NewTicker(askAgainEvery)
	defer ticker.Stop()
	for {
		changed := b.store.Changed()
		if err := b.meetGroups(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("cannot ask Slack who is in the usergroups of bindings; trying again later", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-ticker.C:
		}
	}
}

// meetGroups asks about the usergroups in use of which nothing is known, and was not asked for just now.
func (b *Bot) meetGroups(ctx context.Context) error {
	inUse, err := b.groupsInUse(ctx)
	if err != nil || len(inUse) == 0 {
		return err
	}
	known, err := b.store.Usergroups(ctx)
	if err != nil {
		return err
	}
	recently := b.store.Now().Add(-askAgainEvery)
	var errs []error
	for _, id := range inUse {
		at := slices.IndexFunc(known, func(g store.Usergroup) bool { return g.ID == id })
		if at < 0 || known[at].State == store.GroupUnknown && known[at].CheckedAt.Before(recently.Time) {
			errs = append(errs, b.learnGroup(ctx, id))
		}
	}
	return errors.Join(errs...)
}

// refreshGroups asks about all usergroups in use. About one of which Slack cannot tell just now, what was known stays.
func (b *Bot) refreshGroups(ctx context.Context) error {
	ids, err := b.groupsInUse(ctx)
	if err != nil || len(ids) == 0 {
		return err
	}
	names := b.groupNames(ctx)
	var errs []error
	for _, id := range ids {
		var group store.Usergroup
		err := patiently(ctx, func() (err error) {
			group, err = b.askGroup(ctx, id)
			return err
		})
		if err == nil {
			group.Name = names[id]
			err = b.store.SaveUsergroup(ctx, group)
		}
		errs = append(errs, about(id, err))
	}
	return errors.Join(errs...)
}

// groupNames are the handles of all usergroups by id, for people to read. Nothing rests on them.
func (b *Bot) groupNames(ctx context.Context) map[string]string {
	names := map[string]string{}
	groups, err := b.api.GetUserGroupsContext(ctx)
	if err != nil {
		b.log.Debug("cannot ask Slack for the names of usergroups", "error", err)
	}
	for _, group := range groups {
		names[group.ID] = group.Handle
	}
	return names
}

// groupChanged handles an event, if it is about a usergroup. What it says of the members is not all of it and may come
// late or out of order: it is a hint to ask.
func (b *Bot) groupChanged(ctx context.Context, inner json.RawMessage) then {
	var event struct {
		Type      string `json:"type"`
		SubteamID string `json:"subteam_id"`
		Subteam   struct {
			ID string `json:"id"`
		} `json:"subteam"`
	}
	if json.Unmarshal(inner, &event) != nil || event.Type != "subteam_updated" && event.Type != "subteam_members_changed" {
		return nothing
	}
	id := event.SubteamID + event.Subteam.ID // it is one or the other
	inUse, err := b.groupsInUse(ctx)
	if err != nil {
		b.log.Error("cannot look which usergroups matter", "error", err)
	}
	if err == nil && !slices.Contains(inUse, id) {
		return nothing
	}
	return func(ctx context.Context) {
		if err := b.learnGroup(ctx, id); err != nil {
			b.log.Warn("a usergroup changed, and Slack does not tell how; until it does, it gives nothing and its denies are for everybody", "error", err)
		}
	}
}
