package store

import (
	"context"
	"fmt"
	"strings"
)

// refuseLoop returns ErrLoop when a server's way, as it stands in this transaction, leads back to itself.
func (t *tx) refuseLoop(ctx context.Context, id string) error {
	var n int
	err := t.GetContext(ctx, &n, `WITH RECURSIVE way (id) AS (
		SELECT jump_id FROM servers WHERE id = ?
		UNION SELECT s.jump_id FROM servers s JOIN way ON s.id = way.id)
		SELECT count(*) FROM way WHERE id = ?`, id, id)
	if err != nil {
		return fmt.Errorf("follow the jump hosts: %w", err)
	}
	if n > 0 {
		return ErrLoop
	}
	return nil
}

// refuseJump returns an error that names the servers that are reached through this one, if there are any.
func (t *tx) refuseJump(ctx context.Context, name string) error {
	behind := []string{}
	err := t.SelectContext(ctx, &behind, `SELECT name FROM servers WHERE jump_id = (SELECT id FROM servers WHERE name = ?) ORDER BY name`, name)
	if err != nil {
		return fmt.Errorf("look for servers behind %s: %w", name, err)
	}
	if len(behind) > 0 {
		return fmt.Errorf("%w of %s", ErrIsJump, strings.Join(behind, ", "))
	}
	return nil
}

// withJumps gives each server those through which it is reached. all holds at least these.
func withJumps(servers, all []Server) {
	byID := make(map[string]*Server, len(all))
	for i := range all {
		byID[all[i].ID] = &all[i]
	}
	for i := range all {
		if all[i].JumpID != nil {
			all[i].Through = byID[*all[i].JumpID]
		}
	}
	for i := range servers {
		if servers[i].JumpID != nil {
			servers[i].Through = byID[*servers[i].JumpID]
		}
	}
}
