package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
)

// User is what Slack says of a person. Whether they may do anything is decided by bindings.
type User struct {
	TeamID      string `db:"team_id"     json:"team"`
	SlackID     string `db:"slack_id"    json:"id"`
	Name        string `db:"name"        json:"name"`
	Bot         bool   `db:"bot"         json:"bot"`
	Guest       bool   `db:"guest"       json:"guest"`
	Stranger    bool   `db:"stranger"    json:"stranger"`
	Deactivated bool   `db:"deactivated" json:"deactivated"`
	Timezone    string `db:"timezone"    json:"timezone"` // in which they read times; "": not known
	CheckedAt   Time   `db:"checked_at"  json:"checked_at"`
}

// Actor is the user's identity.
func (u User) Actor() Actor { return SlackActor(u.TeamID, u.SlackID) }

// oneLine is a name that somebody chose, without what would make it look like several lines of a list.
func oneLine(name string) string { return strings.Join(strings.Fields(name), " ") }

// standing is what decides whether drover obeys somebody at all: all false for a member.
func (u User) standing() [4]bool { return [...]bool{u.Bot, u.Guest, u.Stranger, u.Deactivated} }

func (u User) detail() detail {
	return detail{"bot": u.Bot, "guest": u.Guest, "stranger": u.Stranger, "deactivated": u.Deactivated}
}

// SaveUser keeps what Slack said when it was asked at CheckedAt; zero is now. What was asked earlier than what is kept is
// left out: it is older, however late it arrives. A change of what decides whether somebody is obeyed is audited.
func (s *Store) SaveUser(ctx context.Context, u User) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		if u.CheckedAt.IsZero() {
			u.CheckedAt = t.now
		}
		u.Name = oneLine(u.Name)
		before, err := user(ctx, t, u.TeamID, u.SlackID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		saved, err := t.NamedExecContext(ctx, `INSERT INTO users (team_id, slack_id, name, bot, guest, stranger, deactivated, timezone, checked_at)
			VALUES (:team_id, :slack_id, :name, :bot, :guest, :stranger, :deactivated, :timezone, :checked_at)
			ON CONFLICT (team_id, slack_id) DO UPDATE SET name = excluded.name, bot = excluded.bot, guest = excluded.guest,
			stranger = excluded.stranger, deactivated = excluded.deactivated, timezone = excluded.timezone, checked_at = excluded.checked_at
			WHERE users.checked_at <= excluded.checked_at`, u)
		if err != nil {
			return fmt.Errorf("save user %s: %w", u.Actor(), err)
		}
		if n, err := saved.RowsAffected(); err != nil || n == 0 || before.standing() == u.standing() {
			return err
		}
		return t.audit(ctx, Drover, "user.changed", "user/"+string(u.Actor()), u.detail())
	})
}

// Known says whether Slack has told of the person since everybody was doubted last.
func (u User) Known() bool { return u.CheckedAt.Unix() > 0 }

// DoubtUsers makes what Slack once said of everybody unknown until it tells again. A time would not do to tell old from
// new: clocks are put back.
func (s *Store) DoubtUsers(ctx context.Context) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.ExecContext(ctx, "UPDATE users SET checked_at = 0"); err != nil {
			return fmt.Errorf("doubt what is known of people: %w", err)
		}
		return nil
	})
}

// User returns what is known of a person, or ErrNotFound.
func (s *Store) User(ctx context.Context, team, id string) (User, error) {
	return user(ctx, s.read, team, id)
}

func user(ctx context.Context, db sqlx.QueryerContext, team, id string) (User, error) {
	var u User
	if err := sqlx.GetContext(ctx, db, &u, "SELECT * FROM users WHERE team_id = ? AND slack_id = ?", team, id); err != nil {
		return u, fmt.Errorf("user %s/%s: %w", team, id, found(err))
	}
	return u, nil
}

// Users lists everybody drover has met.
func (s *Store) Users(ctx context.Context) ([]User, error) {
	list := []User{}
	if err := s.read.SelectContext(ctx, &list, "SELECT * FROM users ORDER BY team_id, slack_id"); err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return list, nil
}

// LinkLogin says that a login on drover's own host belongs to a Slack user.
func (s *Store) LinkLogin(ctx context.Context, actor Actor, login string, user Actor) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		linked, err := t.change(ctx, `INSERT INTO logins (login, actor) VALUES (?, ?)
			ON CONFLICT (login) DO UPDATE SET actor = excluded.actor WHERE logins.actor <> excluded.actor`, login, user)
		if err != nil {
			return fmt.Errorf("link login %s: %w", login, err)
		}
		if !linked {
			return nil
		}
		return t.audit(ctx, actor, "user.linked", "user/"+string(user), detail{"login": login})
	})
}

// Linked returns the Slack user that a login belongs to, or "".
func (s *Store) Linked(ctx context.Context, login string) (Actor, error) {
	var actors []Actor
	if err := s.read.SelectContext(ctx, &actors, "SELECT actor FROM logins WHERE login = ?", login); err != nil {
		return "", fmt.Errorf("look up login %s: %w", login, err)
	}
	if len(actors) == 0 {
		return "", nil
	}
	return actors[0], nil
}
