package store

import (
	"context"
	"fmt"
)

// Reboot says what a schedule does with servers that need a reboot after its run.
type Reboot string

// The ways to go about reboots.
const (
	RebootNever      Reboot = "never"       // the report says which need one
	RebootIfRequired Reboot = "if-required" // a second run of the same occurrence
)

// MissedPolicy says what becomes of the newest opening that nobody was there for.
type MissedPolicy string

// The policies. Whatever the policy, openings before the newest are only recorded.
const (
	MissedIfOpen MissedPolicy = "if-open" // it is run while its window is open
	MissedSkip   MissedPolicy = "skip"    // it is only recorded
	MissedAsk    MissedPolicy = "ask"     // people are asked while its window is open
)

// Schedule is what runs by itself when its window opens, with the rights of its owner at that moment.
type Schedule struct {
	ID       string `db:"id"       json:"id"`
	Name     string `db:"name"     json:"name"`
	Revision int    `db:"revision" json:"revision"` // grows with every edit
	Owner    Actor  `db:"owner"    json:"owner"`    // who made this revision
	Window
	Action          string       `db:"action"           json:"action"`
	Params          Strings      `db:"params"           json:"params"`
	Selector        string       `db:"selector"         json:"selector"`
	Options         string       `db:"options"          json:"-"` // JSON of executor.Options
	Reboot          Reboot       `db:"reboot"           json:"reboot"`
	NotifyBefore    Span         `db:"notify_before"    json:"notify_before"`
	Missed          MissedPolicy `db:"missed"           json:"missed"`
	Channel         string       `db:"channel"          json:"channel"`   // "": DROVER_CHANNEL
	ConsideredUntil Time         `db:"considered_until" json:"-"`         // every opening up to then has its occurrence
	PausedAt        *Time        `db:"paused_at"        json:"paused_at"` // nil: it is not paused
	PausedBy        Actor        `db:"paused_by"        json:"paused_by"`
	PausedReason    string       `db:"paused_reason"    json:"paused_reason"`
	PausedUntil     *Time        `db:"paused_until"     json:"paused_until"` // nil: until somebody resumes it
	CreatedAt       Time         `db:"created_at"       json:"created_at"`
	EditedAt        Time         `db:"edited_at"        json:"edited_at"`
	RemovedAt       *Time        `db:"removed_at"       json:"-"`
}

// Schedules lists the schedules that are not removed, by name.
func (s *Store) Schedules(ctx context.Context) ([]Schedule, error) {
	list := []Schedule{}
	if err := s.read.SelectContext(ctx, &list, "SELECT * FROM schedules WHERE removed_at IS NULL ORDER BY name"); err != nil {
		return nil, fmt.Errorf("list schedules: %w", err)
	}
	return list, nil
}

// ScheduleNamed returns a schedule that is not removed, or ErrNotFound.
func (s *Store) ScheduleNamed(ctx context.Context, name string) (Schedule, error) {
	var schedule Schedule
	if err := s.read.GetContext(ctx, &schedule, "SELECT * FROM schedules WHERE name = ? AND removed_at IS NULL", name); err != nil {
		return schedule, fmt.Errorf("schedule %s: %w", name, found(err))
	}
	return schedule, nil
}

// Schedule returns a schedule, removed or not, or ErrNotFound.
func (s *Store) Schedule(ctx context.Context, id string) (Schedule, error) {
	var schedule Schedule
	if err := s.read.GetContext(ctx, &schedule, "SELECT * FROM schedules WHERE id = ?", id); err != nil {
		return schedule, fmt.Errorf("schedule: %w", found(err))
	}
	return schedule, nil
}

// AddSchedule adds a schedule that belongs to the actor. What opened before now is none of its business. It returns
// ErrExists when the name is taken.
func (s *Store) AddSchedule(ctx context.Context, actor Actor, schedule Schedule) (added Schedule, err error) {
	if schedule.ID, err = newID(); err != nil {
		return schedule, err
	}
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		schedule.Revision, schedule.Owner, schedule.CreatedAt, schedule.EditedAt, schedule.ConsideredUntil = 1, actor, t.now, t.now, t.now
		result, err := t.NamedExecContext(ctx, `INSERT INTO schedules (id, name, revision, owner, cron, nth, timezone, duration, cutoff, valid_from, valid_until,
				action, params, selector, options, reboot, notify_before, missed, channel, considered_until, created_at, edited_at)
			VALUES (:id, :name, :revision, :owner, :cron, :nth, :timezone, :duration, :cutoff, :valid_from, :valid_until,
				:action, :params, :selector, :options, :reboot, :notify_before, :missed, :channel, :considered_until, :created_at, :edited_at)
			ON CONFLICT (name) WHERE removed_at IS NULL DO NOTHING`, schedule)
		if err != nil {
			return fmt.Errorf("add schedule %s: %w", schedule.Name, err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return notAdded(err)
		}
		return t.audit(ctx, actor, "schedule.added", schedule.subject(), schedule.detail())
	})
	return schedule, err
}

// EditSchedule makes a new revision of a schedule, which belongs to the actor. Openings that are announced stay so if
// kept says that the new calendar has them, too. A stop by drover itself ends: its cause was the owner. ErrTooLate:
// somebody else has edited or removed the schedule meanwhile.
func (s *Store) EditSchedule(ctx context.Context, actor Actor, schedule Schedule, kept func(opening Time) bool) (Schedule, error) {
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		schedule.Owner, schedule.EditedAt, schedule.ConsideredUntil = actor, t.now, t.now
		result, err := t.NamedExecContext(ctx, `UPDATE schedules SET revision = revision + 1, owner = :owner, cron = :cron, nth = :nth, timezone = :timezone,
				duration = :duration, cutoff = :cutoff, valid_from = :valid_from, valid_until = :valid_until, action = :action, params = :params,
				selector = :selector, options = :options, reboot = :reboot, notify_before = :notify_before, missed = :missed, channel = :channel,
				considered_until = :considered_until, edited_at = :edited_at,
				paused_at = CASE WHEN paused_by = 'drover' THEN NULL ELSE paused_at END, paused_by = CASE WHEN paused_by = 'drover' THEN '' ELSE paused_by END,
				paused_reason = CASE WHEN paused_by = 'drover' THEN '' ELSE paused_reason END
			WHERE id = :id AND revision = :revision AND removed_at IS NULL`, schedule)
		if err != nil {
			return fmt.Errorf("edit schedule %s: %w", schedule.Name, err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return tooLate(err)
		}
		schedule.Revision++
		if err := t.reviseAnnounced(ctx, actor, schedule, kept); err != nil {
			return err
		}
		if err := t.voidStanding(ctx, schedule, "the schedule was edited since"); err != nil {
			return err
		}
		return t.audit(ctx, actor, "schedule.edited", schedule.subject(), schedule.detail())
	})
	return schedule, err
}

// tooLate is the error for a conditional UPDATE that found nothing to change.
func tooLate(err error) error {
	if err != nil {
		return err
	}
	return ErrTooLate
}

// PauseSchedule keeps a schedule from running until somebody resumes it, or until a time. What is announced is skipped,
// what runs goes on. It returns false when the schedule is paused already.
func (s *Store) PauseSchedule(ctx context.Context, actor Actor, schedule Schedule, reason string, until *Time) (paused bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		paused, err = t.pauseSchedule(ctx, actor, schedule, reason, until)
		return err
	})
	return paused, err
}

func (t *tx) pauseSchedule(ctx context.Context, actor Actor, schedule Schedule, reason string, until *Time) (bool, error) {
	paused, err := t.change(ctx, `UPDATE schedules SET paused_at = ?, paused_by = ?, paused_reason = ?, paused_until = ?
		WHERE id = ? AND paused_at IS NULL AND removed_at IS NULL`, t.now, actor, reason, until, schedule.ID)
	if err != nil {
		return false, fmt.Errorf("pause schedule %s: %w", schedule.Name, err)
	}
	if !paused {
		return false, nil
	}
	if err := t.skipAnnounced(ctx, actor, schedule, "the schedule was paused: "+reason); err != nil {
		return false, err
	}
	return true, t.audit(ctx, actor, "schedule.paused", schedule.subject(), detail{"reason": reason, "until": until})
}

// ResumeSchedule lets a paused schedule run again, from its next opening on: the first after now, or after the end of a
// pause that is over already. It returns false when it is not paused.
func (s *Store) ResumeSchedule(ctx context.Context, actor Actor, schedule Schedule) (resumed bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		resumed, err = t.change(ctx, `UPDATE schedules SET paused_at = NULL, paused_by = '', paused_reason = '', paused_until = NULL,
			considered_until = max(considered_until, coalesce(min(paused_until, ?), ?)) WHERE id = ? AND paused_at IS NOT NULL AND removed_at IS NULL`, t.now, t.now, schedule.ID)
		if err != nil || !resumed {
			return err
		}
		return t.audit(ctx, actor, "schedule.resumed", schedule.subject(), nil)
	})
	if err != nil {
		return false, fmt.Errorf("resume schedule %s: %w", schedule.Name, err)
	}
	return resumed, nil
}

// RemoveSchedule ends a schedule; its history stays. What is announced is skipped, what runs goes on.
func (s *Store) RemoveSchedule(ctx context.Context, actor Actor, schedule Schedule) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		removed, err := t.change(ctx, "UPDATE schedules SET removed_at = ? WHERE id = ? AND removed_at IS NULL", t.now, schedule.ID)
		if err != nil {
			return fmt.Errorf("remove schedule %s: %w", schedule.Name, err)
		}
		if !removed {
			return ErrNotFound
		}
		if err := t.skipAnnounced(ctx, actor, schedule, "the schedule was removed"); err != nil {
			return err
		}
		if err := t.voidStanding(ctx, schedule, "the schedule was removed since"); err != nil {
			return err
		}
		return t.audit(ctx, actor, "schedule.removed", schedule.subject(), nil)
	})
}

func (s Schedule) subject() string { return "schedule/" + s.Name }

func (s Schedule) detail() detail {
	return detail{
		"revision": s.Revision, "window": s.Window, "action": s.Action, "params": s.Params, "selector": s.Selector, "options": s.Options,
		"reboot": s.Reboot, "notify_before": s.NotifyBefore, "missed": s.Missed, "channel": s.Channel,
	}
}
