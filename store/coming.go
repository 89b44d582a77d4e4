package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Coming is one of the next times of a schedule: as its calendar has it, and what became of it by now.
type Coming struct {
	Opening
	ID        string          `json:"-"`                    // of the occurrence; "": nothing is recorded of it yet
	BeginsAt  Time            `json:"begins_at"`            // when its run is to begin
	State     OccurrenceState `json:"state,omitempty"`      // "": nothing is recorded of it yet
	Reason    string          `json:"reason,omitempty"`     // why it was skipped, or waits
	DecidedBy Actor           `json:"decided_by,omitempty"` // who skipped it, delayed it or ran it at once
	DecidedAt *Time           `json:"decided_at,omitempty"`
	Paused    bool            `json:"paused,omitempty"` // the schedule is paused then
}

// Take takes over what is recorded of a time.
func (c *Coming) Take(o Occurrence) {
	c.ID, c.BeginsAt, c.State, c.Reason, c.DecidedBy, c.DecidedAt = o.ID, o.BeginsAt, o.State, o.Reason, o.DecidedBy, o.DecidedAt
}

// Begins says whether it will run, as things stand.
func (c Coming) Begins() bool {
	switch c.State {
	case "", OccurrenceAnnounced, OccurrenceAsked:
		return !c.Paused
	}
	return false
}

// Fate says what became of it by now, and who decided that. Both are empty while it begins as the calendar has it.
func (c Coming) Fate(zone *time.Location) (what string, by Actor) {
	switch {
	case c.State == OccurrenceAsked:
		return "drover was not running then, and waits to be told whether to run it", ""
	case c.State == OccurrenceAnnounced && c.Reason != "":
		return "waits: " + strings.TrimSuffix(c.Reason, "."), ""
	case c.State == OccurrenceAnnounced && c.BeginsAt.After(c.At.Time):
		return "delayed to " + c.BeginsAt.In(zone).Format("15:04 MST"), c.DecidedBy
	case c.State == OccurrenceAnnounced, c.State == "" && !c.Paused:
		return "", ""
	case c.State == "":
		return "paused", ""
	case c.State == OccurrenceRunning, c.State == OccurrenceRebooting, c.State == OccurrenceDone:
		return "begun already", c.DecidedBy
	case c.Reason != "":
		return fmt.Sprintf("%s: %s", c.State, strings.TrimSuffix(c.Reason, ".")), c.DecidedBy
	}
	return string(c.State), c.DecidedBy
}

// ComingOccurrences lists what is recorded of the times of a schedule that are to come, the earliest first. What an edit
// has withdrawn is not among it: either it is no time of the schedule any more, or another edit has brought it back.
func (s *Store) ComingOccurrences(ctx context.Context, scheduleID string) ([]Occurrence, error) {
	list := []Occurrence{}
	err := s.read.SelectContext(ctx, &list, selectOccurrence+` WHERE o.schedule_id = ? AND (o.starts_at > ? OR o.state IN ('announced', 'asked'))
		AND NOT (o.state = 'skipped' AND o.reason = '`+editedAway+`') ORDER BY o.starts_at`, scheduleID, s.Now())
	if err != nil {
		return nil, fmt.Errorf("list what a schedule is about to do: %w", err)
	}
	return list, nil
}
