package store

import (
	"context"
	"fmt"
	"time"
)

// OccurrenceState is where one opening of a schedule's window is in its life.
type OccurrenceState string

// The states of an occurrence. From OccurrenceDone on they are final.
const (
	OccurrenceAnnounced OccurrenceState = "announced" // it begins when its time comes
	OccurrenceAsked     OccurrenceState = "asked"     // nobody was there in time, and people are asked whether to run it
	OccurrenceRunning   OccurrenceState = "running"   // its run was recorded
	OccurrenceRebooting OccurrenceState = "rebooting" // so was the run that reboots what needs it
	OccurrenceDone      OccurrenceState = "done"
	OccurrenceSkipped   OccurrenceState = "skipped" // by somebody, or because the one before still ran
	OccurrenceMissed    OccurrenceState = "missed"  // nobody was there in time
	OccurrenceRefused   OccurrenceState = "refused" // it was not allowed to run, or made no sense any more
)

// Final says whether nothing more will happen to the occurrence.
func (s OccurrenceState) Final() bool {
	switch s {
	case OccurrenceAnnounced, OccurrenceAsked, OccurrenceRunning, OccurrenceRebooting:
		return false
	}
	return true
}

// Occurrence is one opening of a schedule's window.
type Occurrence struct {
	ScheduleID string          `db:"schedule_id" json:"-"`
	Schedule   string          `db:"schedule"    json:"schedule"`  // its name; only reading fills it
	StartsAt   Time            `db:"starts_at"   json:"starts_at"` // when the window opens
	ID         string          `db:"id"          json:"id"`
	Version    int64           `db:"version"     json:"-"` // grows with every change
	Revision   int             `db:"revision"    json:"revision"`
	BeginsAt   Time            `db:"begins_at"   json:"begins_at"` // when its run is to begin
	CutoffAt   Time            `db:"cutoff_at"   json:"cutoff_at"` // from then on nothing begins
	EndsAt     Time            `db:"ends_at"     json:"ends_at"`
	Channel    string          `db:"channel"     json:"channel"`
	State      OccurrenceState `db:"state"       json:"state"`
	Reason     string          `db:"reason"      json:"reason"`     // why it waits, was not run, or did less than it was to
	DecidedBy  Actor           `db:"decided_by"  json:"decided_by"` // who skipped it, delayed it or ran it at once
	DecidedAt  *Time           `db:"decided_at"  json:"decided_at"`
	CreatedAt  Time            `db:"created_at"  json:"created_at"`
	BeganAt    *Time           `db:"began_at"    json:"began_at"`
	FinishedAt *Time           `db:"finished_at" json:"finished_at"`
}

const selectOccurrence = "SELECT o.*, s.name AS schedule FROM occurrences o JOIN schedules s ON s.id = o.schedule_id"

// Occurrence returns an occurrence, or ErrNotFound.
func (s *Store) Occurrence(ctx context.Context, id string) (Occurrence, error) {
	var o Occurrence
	if err := s.read.GetContext(ctx, &o, selectOccurrence+" WHERE o.id = ?", id); err != nil {
		return o, fmt.Errorf("occurrence of a schedule: %w", found(err))
	}
	return o, nil
}

const selectOpenOccurrences = selectOccurrence + " WHERE o.finished_at IS NULL ORDER BY o.begins_at, o.id"

// OpenOccurrences lists the occurrences that are not over, the earliest first.
func (s *Store) OpenOccurrences(ctx context.Context) ([]Occurrence, error) {
	list := []Occurrence{}
	if err := s.read.SelectContext(ctx, &list, selectOpenOccurrences); err != nil {
		return nil, fmt.Errorf("list what schedules are at: %w", err)
	}
	return list, nil
}

// OccurrencesOf lists the occurrences of a schedule, at most limit, the newest first.
func (s *Store) OccurrencesOf(ctx context.Context, scheduleID string, limit int) ([]Occurrence, error) {
	list := []Occurrence{}
	if err := s.read.SelectContext(ctx, &list, selectOccurrence+" WHERE o.schedule_id = ? ORDER BY o.starts_at DESC LIMIT ?", scheduleID, limit); err != nil {
		return nil, fmt.Errorf("list what a schedule did: %w", err)
	}
	return list, nil
}

// RunsOf lists the runs of an occurrence in their order, with their targets.
func (s *Store) RunsOf(ctx context.Context, occurrenceID string) ([]Run, error) {
	var ids []string
	if err := s.read.SelectContext(ctx, &ids, "SELECT id FROM runs WHERE occurrence_id = ? ORDER BY number", occurrenceID); err != nil {
		return nil, fmt.Errorf("list the runs of an occurrence: %w", err)
	}
	var runs []Run
	for _, id := range ids {
		run, err := s.Run(ctx, id)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// Consider records what becomes of the openings of a schedule up to a time. Of several that try, and before or after a
// restart, one does. It returns false when somebody else has, or the schedule is not what it was.
func (s *Store) Consider(ctx context.Context, schedule Schedule, until Time, openings []Occurrence) (considered bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		considered, err = t.change(ctx, `UPDATE schedules SET considered_until = ?
			WHERE id = ? AND revision = ? AND considered_until < ? AND paused_at IS NULL AND removed_at IS NULL`, until, schedule.ID, schedule.Revision, until)
		if err != nil || !considered {
			return err
		}
		return t.createOccurrences(ctx, schedule, openings)
	})
	if err != nil {
		return false, fmt.Errorf("record what schedule %s is to do: %w", schedule.Name, err)
	}
	return considered, nil
}

// AddOccurrence has a schedule run once more, outside of its calendar. It returns ErrTooLate when the schedule is not
// what it was.
func (s *Store) AddOccurrence(ctx context.Context, actor Actor, schedule Schedule, o Occurrence) (Occurrence, error) {
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		current, err := t.change(ctx, "UPDATE schedules SET revision = revision WHERE id = ? AND revision = ? AND removed_at IS NULL", schedule.ID, schedule.Revision)
		if err != nil || !current {
			return tooLate(err)
		}
		o.DecidedBy, o.DecidedAt = actor, &t.now
		created := false
		o, created, err = t.createOccurrence(ctx, actor, schedule, o)
		if err != nil || created {
			return err
		}
		return ErrExists
	})
	return o, err
}

// createOccurrences records openings, the earliest first. However many were missed, one message tells of them.
func (t *tx) createOccurrences(ctx context.Context, schedule Schedule, openings []Occurrence) error {
	var missed *Occurrence
	for _, o := range openings {
		o, created, err := t.createOccurrence(ctx, Drover, schedule, o)
		if err != nil {
			return err
		}
		if created && o.State.Final() {
			missed = &o
		}
	}
	if missed == nil {
		return nil
	}
	return t.report(ctx, *missed)
}

// createOccurrence records an opening, and its heads-up. One that is there already stays as it is, unless it was an edit
// that had withdrawn it: it opens again.
func (t *tx) createOccurrence(ctx context.Context, actor Actor, schedule Schedule, o Occurrence) (_ Occurrence, created bool, err error) {
	if o.ID, err = newID(); err != nil {
		return o, false, err
	}
	if o.Channel, err = t.channelOf(ctx, schedule); err != nil {
		return o, false, err
	}
	o.ScheduleID, o.Schedule, o.Revision, o.Version, o.CreatedAt = schedule.ID, schedule.Name, schedule.Revision, 1, t.now
	if o.State.Final() {
		o.FinishedAt = &t.now
	}
	o, created, err = t.insertOccurrence(ctx, o)
	if err != nil || !created {
		return o, false, err
	}
	if err := t.auditOccurrence(ctx, actor, string(o.State), o); err != nil {
		return o, false, err
	}
	return o, true, t.announce(ctx, schedule, o)
}

func (t *tx) insertOccurrence(ctx context.Context, o Occurrence) (_ Occurrence, created bool, err error) {
	result, err := t.NamedExecContext(ctx, `INSERT INTO occurrences (schedule_id, starts_at, id, revision, begins_at, cutoff_at, ends_at, channel,
			state, reason, decided_by, decided_at, created_at, finished_at)
		VALUES (:schedule_id, :starts_at, :id, :revision, :begins_at, :cutoff_at, :ends_at, :channel,
			:state, :reason, :decided_by, :decided_at, :created_at, :finished_at)
		ON CONFLICT (schedule_id, starts_at) DO UPDATE SET version = occurrences.version + 1, revision = excluded.revision, begins_at = excluded.begins_at,
			cutoff_at = excluded.cutoff_at, ends_at = excluded.ends_at, channel = excluded.channel, state = excluded.state, reason = excluded.reason,
			decided_by = excluded.decided_by, decided_at = excluded.decided_at, created_at = excluded.created_at, finished_at = excluded.finished_at
		WHERE occurrences.state = 'skipped' AND occurrences.reason = '`+editedAway+`'`, o)
	if err != nil {
		return o, false, fmt.Errorf("record an opening: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return o, false, err
	}
	err = t.GetContext(ctx, &o, selectOccurrence+" WHERE o.schedule_id = ? AND o.starts_at = ?", o.ScheduleID, o.StartsAt)
	if err != nil {
		return o, false, fmt.Errorf("record an opening: %w", err)
	}
	return o, true, nil
}

// announce has the heads-up of an opening told, or told anew. It stays in the channel in which it is.
func (t *tx) announce(ctx context.Context, schedule Schedule, o Occurrence) error {
	if err := t.showOccurrence(ctx, o); err != nil {
		return err
	}
	atOnce := o.DecidedBy != "" && !o.BeginsAt.After(o.StartsAt.Time)
	if o.Channel == "" || o.State.Final() || atOnce || schedule.NotifyBefore == 0 && o.State != OccurrenceAsked {
		return nil
	}
	moved, err := t.change(ctx, `UPDATE messages SET channel = CASE WHEN ts = '' AND attempted_at IS NULL THEN ? ELSE channel END
		WHERE owner = ? AND kind = 'headsup'`, o.Channel, o.ID)
	if err != nil || moved {
		return err
	}
	_, err = t.createMessage(ctx, Message{Owner: o.ID, Kind: MessageHeadsUp, Channel: o.Channel, WantedVersion: o.Version})
	return err
}

func (t *tx) auditOccurrence(ctx context.Context, actor Actor, event string, o Occurrence) error {
	return t.audit(ctx, actor, "occurrence."+event, Schedule{Name: o.Schedule}.subject(),
		detail{"occurrence": o.ID, "starts_at": o.StartsAt, "begins_at": o.BeginsAt, "reason": o.Reason})
}

func (t *tx) channelOf(ctx context.Context, schedule Schedule) (string, error) {
	if schedule.Channel != "" {
		return schedule.Channel, nil
	}
	return setting(ctx, t, SettingChannel)
}

// TimesBefore are how long the occurrences of a schedule before one took, at most limit, the newest first.
func (s *Store) TimesBefore(ctx context.Context, o Occurrence, limit int) ([]time.Duration, error) {
	var list []Occurrence
	err := s.read.SelectContext(ctx, &list, `SELECT began_at, finished_at FROM occurrences
		WHERE schedule_id = ? AND starts_at < ? AND state = 'done' ORDER BY starts_at DESC LIMIT ?`, o.ScheduleID, o.StartsAt, limit)
	if err != nil {
		return nil, fmt.Errorf("read how long schedule %s took before: %w", o.Schedule, err)
	}
	var times []time.Duration
	for _, before := range list {
		times = append(times, before.FinishedAt.Sub(before.BeganAt.Time))
	}
	return times, nil
}

// MissedWith counts the occurrences of a schedule that were found to be missed together with one, itself included.
func (s *Store) MissedWith(ctx context.Context, o Occurrence) (missed int, err error) {
	err = s.read.GetContext(ctx, &missed, "SELECT count(*) FROM occurrences WHERE schedule_id = ? AND state = 'missed' AND created_at = ?", o.ScheduleID, o.CreatedAt)
	if err != nil {
		return 0, fmt.Errorf("count what schedule %s missed: %w", o.Schedule, err)
	}
	return missed, nil
}
