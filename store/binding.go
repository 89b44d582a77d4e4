package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Role is what a binding gives. Viewer, operator and admin each include the one before; the other two stand alone.
type Role string

// The roles.
const (
	Viewer     Role = "viewer"
	Operator   Role = "operator"
	Admin      Role = "admin"
	Approver   Role = "approver"
	Breakglass Role = "breakglass"
)

// Effect is what a binding does with its role.
type Effect string

// The effects. A deny wins over every allow.
const (
	Allow Effect = "allow"
	Deny  Effect = "deny"
)

// Binding gives a subject a role, or denies it, for some actions on some servers.
type Binding struct {
	ID         string `db:"id"          json:"id"`
	Subject    Actor  `db:"subject"     json:"subject"` // a Slack user or a usergroup
	Role       Role   `db:"role"        json:"role"`
	ActionGlob string `db:"action_glob" json:"action"`
	Tag        string `db:"tag"         json:"tag"` // empty: every server
	Effect     Effect `db:"effect"      json:"effect"`
	Until      *Time  `db:"until"       json:"until"` // from then on it counts for nothing; nil: it does not end
	CreatedBy  Actor  `db:"created_by"  json:"created_by"`
	CreatedAt  Time   `db:"created_at"  json:"created_at"`
	ExpiredAt  *Time  `db:"expired_at"  json:"-"` // when its end was recorded
}

// Over says whether the binding has ended.
func (b Binding) Over(now Time) bool { return b.Until != nil && !now.Before(b.Until.Time) }

// Guard looks at all bindings as they are after a change, within its transaction. An error undoes the change.
type Guard func(after []Binding) error

// Grant adds a binding, or gives one that is there already another end. One that is there as it is is no error.
func (s *Store) Grant(ctx context.Context, actor Actor, b Binding, guards ...Guard) error {
	id, err := newID()
	if err != nil {
		return err
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		b.ID, b.CreatedBy, b.CreatedAt = id, actor, t.now
		result, err := t.NamedExecContext(ctx, `INSERT INTO bindings (id, subject, role, action_glob, tag, effect, until, created_by, created_at)
			VALUES (:id, :subject, :role, :action_glob, :tag, :effect, :until, :created_by, :created_at)
			ON CONFLICT (subject, role, action_glob, tag, effect) DO UPDATE SET until = excluded.until, expired_at = NULL,
			created_by = excluded.created_by, created_at = excluded.created_at WHERE bindings.until IS DISTINCT FROM excluded.until`, b)
		if err != nil {
			return fmt.Errorf("grant %s to %s: %w", b.Role, b.Subject, err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if err := t.guard(ctx, guards); err != nil {
			return err
		}
		return t.audit(ctx, actor, "user.granted", b.subject(), b.detail())
	})
}

// subject is what the audit log calls the one whom a binding is about.
func (b Binding) subject() string { return "user/" + string(b.Subject) }

func (b Binding) detail() detail {
	d := detail{"role": b.Role, "action": b.ActionGlob, "tag": b.Tag, "effect": b.Effect}
	if b.Until != nil {
		d["until"] = b.Until
	}
	return d
}

func (t *tx) guard(ctx context.Context, guards []Guard) error {
	if len(guards) == 0 {
		return nil
	}
	after, err := bindings(ctx, t, "")
	if err != nil {
		return err
	}
	for _, guard := range guards {
		if err := guard(after); err != nil {
			return err
		}
	}
	return nil
}

// Revocation says which bindings are taken away: those of one role, and of one action glob, tag or effect where it is set.
type Revocation struct {
	Subject    Actor
	Role       Role
	ActionGlob *string
	Tag        *string
	Effect     Effect // "": both
}

// Takes says whether the revocation is about a binding.
func (r Revocation) Takes(b Binding) bool {
	return b.Subject == r.Subject && b.Role == r.Role && (r.ActionGlob == nil || b.ActionGlob == *r.ActionGlob) &&
		(r.Tag == nil || b.Tag == *r.Tag) && (r.Effect == "" || b.Effect == r.Effect)
}

// Revoke takes bindings away and returns them. It returns ErrNotFound when there are none.
func (s *Store) Revoke(ctx context.Context, actor Actor, r Revocation, guards ...Guard) (taken []Binding, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		taken = nil
		all, err := bindings(ctx, t, r.Subject)
		if err != nil {
			return err
		}
		for _, b := range all {
			if !r.Takes(b) {
				continue
			}
			if _, err := t.ExecContext(ctx, "DELETE FROM bindings WHERE id = ?", b.ID); err != nil {
				return fmt.Errorf("revoke %s from %s: %w", b.Role, b.Subject, err)
			}
			if err := t.audit(ctx, actor, "user.revoked", b.subject(), b.detail()); err != nil {
				return err
			}
			taken = append(taken, b)
		}
		if len(taken) == 0 {
			return ErrNotFound
		}
		return t.guard(ctx, guards)
	})
	return taken, err
}

// ExpireBindings records the end of every binding that has ended. It counts for nothing since then, recorded or not.
func (s *Store) ExpireBindings(ctx context.Context) error {
	const due = "until <= ? AND expired_at IS NULL"
	var waiting int
	if err := s.read.GetContext(ctx, &waiting, "SELECT count(*) FROM bindings WHERE "+due, s.Now()); err != nil || waiting == 0 {
		return err
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		var over []Binding
		if err := t.SelectContext(ctx, &over, "UPDATE bindings SET expired_at = ? WHERE "+due+" RETURNING *", t.now, t.now); err != nil {
			return fmt.Errorf("expire bindings: %w", err)
		}
		for _, b := range over {
			t.wrote = true
			if err := t.audit(ctx, Drover, "user.expired", b.subject(), b.detail()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Bindings lists all bindings, also those that have ended, or those of one subject.
func (s *Store) Bindings(ctx context.Context, subject Actor) ([]Binding, error) {
	return bindings(ctx, s.read, subject)
}

func bindings(ctx context.Context, db sqlx.QueryerContext, subject Actor) ([]Binding, error) {
	list := []Binding{}
	query, args := "SELECT * FROM bindings", []any{}
	if subject != "" {
		query, args = query+" WHERE subject = ?", append(args, subject)
	}
	if err := sqlx.SelectContext(ctx, db, &list, query+" ORDER BY subject, created_at, id", args...); err != nil {
		return nil, fmt.Errorf("list bindings: %w", err)
	}
	return list, nil
}
