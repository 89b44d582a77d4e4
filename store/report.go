package store

import (
	"context"
	"fmt"
)

// Report sums up the runs that were asked for since a time. Previews, and what only asked for an approval, do not count.
type Report struct {
	Since   Time       `json:"since"`
	Actions []RunCount `json:"actions"` // by name
	Urgent  []Run      `json:"-"`       // break-glass: those since then, and all that nobody has looked at; the newest first
}

// RunCount is how the runs of one action ended.
type RunCount struct {
	Action    string `db:"action"    json:"action"`
	Runs      int    `db:"runs"      json:"runs"`
	Succeeded int    `db:"succeeded" json:"succeeded"`
	Partial   int    `db:"partial"   json:"partial"` // on some servers only
	Failed    int    `db:"failed"    json:"failed"`
	Open      int    `db:"open"      json:"open"`    // not over yet
	Servers   int    `db:"servers"   json:"servers"` // different ones
}

// Others counts the runs that did not come to an end of their own: denied, expired, cancelled or interrupted.
func (c RunCount) Others() int { return c.Runs - c.Succeeded - c.Partial - c.Failed - c.Open }

// counted chooses the runs of a report.
const counted = "runs.created_at >= ? AND runs.preview = FALSE AND runs.standing_schedule IS NULL"

// Report reads what was run since a time.
func (s *Store) Report(ctx context.Context, since Time) (Report, error) {
	report := Report{Since: since, Actions: []RunCount{}}
	err := s.read.SelectContext(ctx, &report.Actions, `SELECT action, count(*) AS runs, count(CASE WHEN state = 'succeeded' THEN 1 END) AS succeeded,
			count(CASE WHEN state = 'partial' THEN 1 END) AS partial, count(CASE WHEN state = 'failed' THEN 1 END) AS failed,
			count(CASE WHEN finished_at IS NULL THEN 1 END) AS open,
			(SELECT count(DISTINCT t.server_id) FROM targets t JOIN runs AS r ON r.id = t.run_id
				WHERE r.action = runs.action AND r.created_at >= ? AND r.preview = FALSE AND r.standing_schedule IS NULL) AS servers
		FROM runs WHERE `+counted+" GROUP BY action ORDER BY action", since, since)
	if err != nil {
		return report, fmt.Errorf("count runs: %w", err)
	}
	report.Urgent, err = s.runs(ctx, " WHERE runs.urgent = TRUE AND (runs.created_at >= ? OR runs.reviewed_at IS NULL) ORDER BY runs.number DESC", since)
	return report, err
}

// RunsSince lists the runs that a report counts, the oldest first, without their targets' output.
func (s *Store) RunsSince(ctx context.Context, since Time) ([]Run, error) {
	return s.runs(ctx, " WHERE "+counted+" ORDER BY runs.number", since)
}
