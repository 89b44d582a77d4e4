package store

import (
	"context"
	"fmt"
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
	Subject    Actor  `db:"subject"     json:"subject"`
	Role       Role   `db:"role"        json:"role"`
	ActionGlob string `db:"action_glob" json:"action"`
	Tag        string `db:"tag"         json:"tag"` // empty: every server
	Effect     Effect `db:"effect"      json:"effect"`
	CreatedBy  Actor  `db:"created_by"  json:"created_by"`
	CreatedAt  Time   `db:"created_at"  json:"created_at"`
}

// Grant adds a binding. A binding that is there already is no error.
func (s *Store) Grant(ctx context.Context, actor Actor, b Binding) error {
	id, err := newID()
	if err != nil {
		return err
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		b.ID, b.CreatedBy, b.CreatedAt = id, actor, t.now
		result, err := t.NamedExecContext(ctx, `INSERT INTO bindings (id, subject, role, action_glob, tag, effect, created_by, created_at)
			VALUES (:id, :subject, :role, :action_glob, :tag, :effect, :created_by, :created_at) ON CONFLICT DO NOTHING`, b)
		if err != nil {
			return fmt.Errorf("grant %s to %s: %w", b.Role, b.Subject, err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return t.audit(ctx, actor, "user.granted", "user/"+string(b.Subject),
			detail{"role": b.Role, "action": b.ActionGlob, "tag": b.Tag, "effect": b.Effect})
	})
}

// Revoke takes every binding of one role, allow and deny, from a subject. It returns ErrNotFound when there is none.
func (s *Store) Revoke(ctx context.Context, actor, subject Actor, role Role) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		revoked, err := t.change(ctx, "DELETE FROM bindings WHERE subject = ? AND role = ?", subject, role)
		if err != nil {
			return fmt.Errorf("revoke %s from %s: %w", role, subject, err)
		}
		if !revoked {
			return ErrNotFound
		}
		return t.audit(ctx, actor, "user.revoked", "user/"+string(subject), detail{"role": role})
	})
}

// Bindings lists all bindings, or those of one subject.
func (s *Store) Bindings(ctx context.Context, subject Actor) ([]Binding, error) {
	list := []Binding{}
	query, args := "SELECT * FROM bindings", []any{}
	if subject != "" {
		query, args = query+" WHERE subject = ?", append(args, subject)
	}
	if err := s.read.SelectContext(ctx, &list, query+" ORDER BY subject, created_at", args...); err != nil {
		return nil, fmt.Errorf("list bindings: %w", err)
	}
	return list, nil
}
