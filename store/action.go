package store

import (
	"context"
	"fmt"
)

// Action is one revision of an entry of the whitelist. Its YAML is read by executor/action.
type Action struct {
	ID        string `db:"id"         json:"id"`
	Name      string `db:"name"       json:"name"`
	Revision  int    `db:"revision"   json:"revision"`
	Builtin   bool   `db:"builtin"    json:"builtin"`
	YAML      string `db:"yaml"       json:"yaml"`
	Removed   bool   `db:"removed"    json:"-"`
	CreatedBy Actor  `db:"created_by" json:"created_by"`
	CreatedAt Time   `db:"created_at" json:"created_at"`
}

const newestAction = `SELECT * FROM actions AS a WHERE revision = (SELECT max(revision) FROM actions WHERE name = a.name)`

// Actions lists the newest revision of every action that is not removed.
func (s *Store) Actions(ctx context.Context) ([]Action, error) {
	list := []Action{}
	if err := s.read.SelectContext(ctx, &list, newestAction+" AND removed = FALSE ORDER BY name"); err != nil {
		return nil, fmt.Errorf("list actions: %w", err)
	}
	return list, nil
}

// ActionNamed returns the newest revision of an action, or ErrNotFound when there is none or it was removed.
func (s *Store) ActionNamed(ctx context.Context, name string) (Action, error) {
	var a Action
	if err := s.read.GetContext(ctx, &a, newestAction+" AND name = ? AND removed = FALSE", name); err != nil {
		return a, fmt.Errorf("action %s: %w", name, found(err))
	}
	return a, nil
}

// ActionRevision returns the revision that a run ran.
func (s *Store) ActionRevision(ctx context.Context, id string) (Action, error) {
	var a Action
	if err := s.read.GetContext(ctx, &a, "SELECT * FROM actions WHERE id = ?", id); err != nil {
		return a, fmt.Errorf("action revision %s: %w", id, found(err))
	}
	return a, nil
}

// ActionNumbered returns a revision of an action, removed since or not, or ErrNotFound.
func (s *Store) ActionNumbered(ctx context.Context, name string, revision int) (Action, error) {
	var a Action
	if err := s.read.GetContext(ctx, &a, "SELECT * FROM actions WHERE name = ? AND revision = ?", name, revision); err != nil {
		return a, fmt.Errorf("revision %d of action %s: %w", revision, name, found(err))
	}
	return a, nil
}

// AddAction adds an action, or a removed one again. It returns ErrExists when there is one of that name.
func (s *Store) AddAction(ctx context.Context, actor Actor, name, yaml string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		last, err := t.newestAction(ctx, name)
		if err != nil {
			return err
		}
		if last != nil && !last.Removed {
			return ErrExists
		}
		return t.revise(ctx, actor, last, Action{Name: name, YAML: yaml}, "action.added")
	})
}

// EditAction adds a revision to an action. It returns ErrNotFound when there is none of that name.
func (s *Store) EditAction(ctx context.Context, actor Actor, name, yaml string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		last, err := t.newestAction(ctx, name)
		if err != nil {
			return err
		}
		if last == nil || last.Removed {
			return ErrNotFound
		}
		return t.revise(ctx, actor, last, Action{Name: name, YAML: yaml}, "action.edited")
	})
}

// RemoveAction takes an action out of the whitelist by a revision that says so.
func (s *Store) RemoveAction(ctx context.Context, actor Actor, name string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		last, err := t.newestAction(ctx, name)
		if err != nil {
			return err
		}
		if last == nil || last.Removed {
			return ErrNotFound
		}
		return t.revise(ctx, actor, last, Action{Name: name, YAML: last.YAML, Removed: true}, "action.removed")
	})
}

// InstallBuiltin makes the newest revision of a built-in the one that this drover ships. An admin's own edit of a
// built-in stays: it is newer, and not a built-in any more.
func (s *Store) InstallBuiltin(ctx context.Context, name, yaml string) error {
	current, err := s.ActionNamed(ctx, name)
	if err == nil && (!current.Builtin || current.YAML == yaml) {
		return nil
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		last, err := t.newestAction(ctx, name)
		if err != nil {
			return err
		}
		if last != nil && (!last.Builtin || last.YAML == yaml) {
			return nil
		}
		return t.revise(ctx, Drover, last, Action{Name: name, YAML: yaml, Builtin: true}, "action.installed")
	})
}

func (t *tx) newestAction(ctx context.Context, name string) (*Action, error) {
	var list []Action
	if err := t.SelectContext(ctx, &list, newestAction+" AND name = ?", name); err != nil {
		return nil, fmt.Errorf("read action %s: %w", name, err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

func (t *tx) revise(ctx context.Context, actor Actor, last *Action, next Action, event string) error {
	id, err := newID()
	if err != nil {
		return err
	}
	next.ID, next.Revision, next.CreatedBy, next.CreatedAt = id, 1, actor, t.now
	if last != nil {
		next.Revision = last.Revision + 1
	}
	_, err = t.NamedExecContext(ctx, `INSERT INTO actions (id, name, revision, builtin, yaml, removed, created_by, created_at)
		VALUES (:id, :name, :revision, :builtin, :yaml, :removed, :created_by, :created_at)`, next)
	if err != nil {
		return fmt.Errorf("keep revision %d of action %s: %w", next.Revision, next.Name, err)
	}
	if err := t.showScheduled(ctx, next.Name); err != nil {
		return err
	}
	return t.audit(ctx, actor, event, "action/"+next.Name, detail{"revision": next.Revision, "yaml": next.YAML})
}
