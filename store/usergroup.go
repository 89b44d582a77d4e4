package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
)

// GroupState is how much drover knows of who is in a usergroup.
type GroupState string

// The states of a usergroup.
const (
	GroupKnown   GroupState = "known"
	GroupGone    GroupState = "gone"    // Slack has it no more: the members are those that it had last
	GroupUnknown GroupState = "unknown" // Slack would not tell: anybody may be in it
)

// Usergroup is what Slack says of a usergroup that a binding is about.
type Usergroup struct {
	ID        string     `db:"group_id"   json:"id"`
	Name      string     `db:"name"       json:"name"` // its handle; "": not known
	State     GroupState `db:"state"      json:"state"`
	CheckedAt Time       `db:"checked_at" json:"checked_at"` // when Slack was asked
	Members   []string   `db:"-"          json:"members"`    // Slack user ids of the team
}

// SaveUsergroup keeps what Slack said when it was asked at CheckedAt. What was asked earlier than what is kept is left
// out: it is older, however late it arrives. Only a known group's members take the place of those that are kept, and an
// empty name leaves the name.
func (s *Store) SaveUsergroup(ctx context.Context, g Usergroup) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		g.Name = oneLine(g.Name)
		before, err := usergroup(ctx, t, g.ID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		saved, err := t.NamedExecContext(ctx, `INSERT INTO usergroups (group_id, name, state, checked_at) VALUES (:group_id, :name, :state, :checked_at)
			ON CONFLICT (group_id) DO UPDATE SET name = CASE excluded.name WHEN '' THEN usergroups.name ELSE excluded.name END,
			state = excluded.state, checked_at = excluded.checked_at WHERE usergroups.checked_at <= excluded.checked_at`, g)
		if err != nil {
			return fmt.Errorf("save usergroup %s: %w", g.ID, err)
		}
		if n, err := saved.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if g.State != GroupKnown {
			g.Members = before.Members
		}
		return t.saveMembers(ctx, before, g)
	})
}

// saveMembers keeps who is in a usergroup. What changes in it changes what people may do, so it is audited.
func (t *tx) saveMembers(ctx context.Context, before, after Usergroup) error {
	added, removed := without(after.Members, before.Members), without(before.Members, after.Members)
	for _, member := range removed {
		if _, err := t.ExecContext(ctx, "DELETE FROM usergroup_members WHERE group_id = ? AND slack_id = ?", after.ID, member); err != nil {
			return fmt.Errorf("save the members of usergroup %s: %w", after.ID, err)
		}
	}
	for _, member := range added {
		_, err := t.ExecContext(ctx, "INSERT INTO usergroup_members (group_id, slack_id) VALUES (?, ?) ON CONFLICT DO NOTHING", after.ID, member)
		if err != nil {
			return fmt.Errorf("save the members of usergroup %s: %w", after.ID, err)
		}
	}
	if len(added)+len(removed) == 0 && before.State == after.State {
		return nil
	}
	return t.audit(ctx, Drover, "usergroup.changed", "user/"+string(GroupActor(after.ID)), detail{"state": after.State, "added": added, "removed": removed})
}

// without returns the elements of all that are not in some.
func without(all, some []string) []string {
	rest := []string{}
	for _, x := range all {
		if !slices.Contains(some, x) {
			rest = append(rest, x)
		}
	}
	return rest
}

// Usergroups lists what is known of usergroups, without their members.
func (s *Store) Usergroups(ctx context.Context) ([]Usergroup, error) {
	list := []Usergroup{}
	if err := s.read.SelectContext(ctx, &list, "SELECT * FROM usergroups ORDER BY group_id"); err != nil {
		return nil, fmt.Errorf("list usergroups: %w", err)
	}
	return list, nil
}

// Usergroup returns what is known of a usergroup, with its members, or ErrNotFound.
func (s *Store) Usergroup(ctx context.Context, id string) (Usergroup, error) {
	return usergroup(ctx, s.read, id)
}

func usergroup(ctx context.Context, db sqlx.QueryerContext, id string) (Usergroup, error) {
	var g Usergroup
	if err := sqlx.GetContext(ctx, db, &g, "SELECT * FROM usergroups WHERE group_id = ?", id); err != nil {
		return g, fmt.Errorf("usergroup %s: %w", id, found(err))
	}
	g.Members = []string{}
	if err := sqlx.SelectContext(ctx, db, &g.Members, "SELECT slack_id FROM usergroup_members WHERE group_id = ? ORDER BY slack_id", id); err != nil {
		return g, fmt.Errorf("members of usergroup %s: %w", id, err)
	}
	return g, nil
}

// Membership is what is known of somebody and one usergroup.
type Membership struct {
	GroupID string     `db:"group_id"`
	State   GroupState `db:"state"`
	Member  bool       `db:"member"`
}

// Memberships says, for every usergroup of which something is known, whether a Slack user is in it.
func (s *Store) Memberships(ctx context.Context, slackID string) ([]Membership, error) {
	list := []Membership{}
	err := s.read.SelectContext(ctx, &list, `SELECT group_id, state, EXISTS (SELECT 1 FROM usergroup_members AS m
		WHERE m.group_id = usergroups.group_id AND m.slack_id = ?) AS member FROM usergroups`, slackID)
	if err != nil {
		return nil, fmt.Errorf("usergroups of %s: %w", slackID, err)
	}
	return list, nil
}
