package executor

import (
	"context"
	"errors"

	"drover/store"
)

// roster is who may have a role, each with what is known of their usergroups.
type roster []candidate

type candidate struct {
	actor       store.Actor
	memberships []store.Membership
}

// candidates are all who may have a role by these bindings, themselves or by a usergroup, and are not refused whatever they
// were given. Whom drover has not met yet may still come.
func candidates(ctx context.Context, s *store.Store, all []store.Binding, role store.Role) (roster, error) {
	team, err := s.Setting(ctx, store.SettingTeam)
	if err != nil {
		return nil, err
	}
	var people roster
	seen := map[store.Actor]bool{}
	for _, b := range all {
		if !includes(b.Role, role) || b.Effect != store.Allow {
			continue
		}
		subjects, err := persons(ctx, s, team, b.Subject)
		if err != nil {
			return nil, err
		}
		for _, actor := range subjects {
			if seen[actor] {
				continue
			}
			seen[actor] = true
			if people, err = people.with(ctx, s, team, actor); err != nil {
				return nil, err
			}
		}
	}
	return people, nil
}

// persons are whom a subject stands for.
func persons(ctx context.Context, s *store.Store, team string, subject store.Actor) ([]store.Actor, error) {
	id, isGroup := subject.Group()
	if !isGroup {
		return []store.Actor{subject}, nil
	}
	group, err := s.Usergroup(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	var list []store.Actor
	for _, member := range group.Members {
		list = append(list, store.SlackActor(team, member))
	}
	return list, err
}

// with adds somebody, unless they are refused. Before the first serve drover does not know its own team, and takes
// whoever was named for one of it.
func (r roster) with(ctx context.Context, s *store.Store, team string, actor store.Actor) (roster, error) {
	theirs, id, ok := actor.Slack()
	if !ok || team != "" && theirs != team {
		return r, nil
	}
	user, err := s.User(ctx, theirs, id)
	if err == nil && refused(user) != "" {
		return r, nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return r, err
	}
	memberships, err := s.Memberships(ctx, id)
	return append(r, candidate{actor, memberships}), err
}

// who are those of the roster whose rights by the bindings are enough.
func (r roster) who(all []store.Binding, now store.Time, enough func(Rights) bool) []store.Actor {
	var list []store.Actor
	for _, c := range r {
		if enough(rightsBy(c.actor, all, c.memberships, now)) {
			list = append(list, c.actor)
		}
	}
	return list
}
