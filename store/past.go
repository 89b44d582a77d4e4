package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Past is one time that an action succeeded on a server.
type Past struct {
	ServerID   string `db:"server_id"`
	Server     string `db:"server"`
	Run        int    `db:"number"`
	Action     string `db:"action"`
	By         Actor  `db:"requested_by"`
	StartedAt  Time   `db:"started_at"`
	FinishedAt Time   `db:"finished_at"`
}

// Took is how long it took.
func (p Past) Took() time.Duration { return p.FinishedAt.Sub(p.StartedAt.Time) }

// Succeeded lists the last times, at most so many for each server, that one of the actions succeeded on servers, the
// latest first. Previews do not count.
func (s *Store) Succeeded(ctx context.Context, actions, serverIDs []string, last int) ([]Past, error) {
	list := []Past{}
	if len(actions) == 0 || len(serverIDs) == 0 {
		return list, nil
	}
	query, args, err := sqlx.In(`SELECT server_id, server, number, action, requested_by, started_at, finished_at FROM (
			SELECT t.server_id, t.server, r.number, r.action, r.requested_by, t.started_at, t.finished_at,
				row_number() OVER (PARTITION BY t.server_id ORDER BY t.finished_at DESC) AS nth
			FROM targets AS t JOIN runs AS r ON r.id = t.run_id
			WHERE t.state = 'succeeded' AND t.server_id IN (?) AND t.started_at IS NOT NULL AND r.preview = FALSE AND r.action IN (?)
		) AS past WHERE nth <= ? ORDER BY finished_at DESC, server`, serverIDs, actions, last)
	if err != nil {
		return nil, fmt.Errorf("look into the past: %w", err)
	}
	if err := s.read.SelectContext(ctx, &list, query, args...); err != nil {
		return nil, fmt.Errorf("look into the past: %w", err)
	}
	return list, nil
}

// Holder is a run that is changing a server, or may still be.
type Holder struct {
	Server string `db:"server"`
	Run    int    `db:"number"`
	Action string `db:"action"`
	By     Actor  `db:"requested_by"`
}

// Holders lists the runs that have one of the servers now: what else would change it waits for them.
func (s *Store) Holders(ctx context.Context, serverIDs []string) ([]Holder, error) {
	list := []Holder{}
	if len(serverIDs) == 0 {
		return list, nil
	}
	query, args, err := sqlx.In(`SELECT t.server, r.number, r.action, r.requested_by FROM targets AS t JOIN runs AS r ON r.id = t.run_id
		WHERE t.changes = TRUE AND (t.state IN ('dispatching', 'running') OR t.probe_at IS NOT NULL) AND t.server_id IN (?)
		ORDER BY r.number, t.position`, serverIDs)
	if err != nil {
		return nil, fmt.Errorf("look who has servers: %w", err)
	}
	if err := s.read.SelectContext(ctx, &list, query, args...); err != nil {
		return nil, fmt.Errorf("look who has servers: %w", err)
	}
	return list, nil
}
