package store

import (
	"context"
	"fmt"
)

// responsible are the actors on whose rights something rests that goes on by itself.
const responsible = `SELECT requested_by FROM runs WHERE state IN ('awaiting_approval', 'queued', 'running', 'paused')
	UNION SELECT a.actor FROM approvals a JOIN runs r ON r.id = a.run_id WHERE r.state IN ('awaiting_approval', 'queued', 'running', 'paused')
	UNION SELECT owner FROM schedules WHERE removed_at IS NULL
	UNION SELECT a.actor FROM approvals a JOIN runs r ON r.id = a.run_id JOIN schedules s ON s.id = r.standing_schedule
		AND s.revision = r.standing_revision WHERE s.removed_at IS NULL
	UNION SELECT actor FROM logins`

// Responsible lists those on whose rights something rests that goes on by itself: who asked for a run that is not over, or
// approved it, whose a schedule is, who approved that, and to whom a login at the terminal belongs.
func (s *Store) Responsible(ctx context.Context) ([]Actor, error) {
	list := []Actor{}
	err := s.read.SelectContext(ctx, &list, responsible+" ORDER BY 1")
	if err != nil {
		return nil, fmt.Errorf("list who is responsible for what goes on: %w", err)
	}
	return list, nil
}
