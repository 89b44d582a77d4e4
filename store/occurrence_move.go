package store

import (
	"context"
	"fmt"
	"time"
)

// move is one transition of an occurrence: what changes, if a condition holds. Both can name :now and :actor, and what
// is in values.
type move struct {
	event     string // for the audit log
	changes   string
	condition string
	values    map[string]any
	quiet     bool // an end that no report is needed for: somebody wanted it
}

// SkipOccurrence keeps an occurrence from running: announced or asked → skipped. It returns false when that is decided
// already.
func (s *Store) SkipOccurrence(ctx context.Context, actor Actor, id string) (skipped bool, err error) {
	return s.moveOccurrence(ctx, actor, id, move{
		event: "skipped", changes: "state = 'skipped', decided_by = :actor, decided_at = :now, finished_at = :now", condition: undecided, quiet: true,
	})
}

// DelayOccurrence lets an occurrence begin later, once. It returns false when somebody has decided about it already, or
// when nothing may begin that late.
func (s *Store) DelayOccurrence(ctx context.Context, actor Actor, id string, by time.Duration) (delayed bool, err error) {
	return s.moveOccurrence(ctx, actor, id, move{
		event: "delayed", changes: "begins_at = begins_at + :by, decided_by = :actor, decided_at = :now",
		condition: "state = 'announced' AND decided_by = '' AND begins_at + :by < cutoff_at", values: map[string]any{"by": by.Microseconds()},
	})
}

// HastenOccurrence lets an occurrence begin now: announced or asked → announced. It returns false when it begins by
// itself, or not any more.
func (s *Store) HastenOccurrence(ctx context.Context, actor Actor, id string) (hastened bool, err error) {
	return s.moveOccurrence(ctx, actor, id, move{
		event: "hastened", changes: "state = 'announced', reason = '', begins_at = :now, decided_by = :actor, decided_at = :now",
		condition: "(state = 'announced' AND begins_at > :now OR state = 'asked') AND cutoff_at > :now",
	})
}

// AskOccurrence has people asked whether to run what nobody began in time: announced → asked.
func (s *Store) AskOccurrence(ctx context.Context, id string) (asked bool, err error) {
	return s.moveOccurrence(ctx, Drover, id, move{event: "asked", changes: "state = 'asked'", condition: "state = 'announced'"})
}

// WaitOccurrence notes why an occurrence whose time has come does not begin yet. It returns false when that is noted, or
// it does not wait any more.
func (s *Store) WaitOccurrence(ctx context.Context, id, why string) (noted bool, err error) {
	return s.moveOccurrence(ctx, Drover, id, move{
		event: "waiting", changes: "reason = :why", condition: "state = 'announced' AND reason <> :why", values: map[string]any{"why": why},
	})
}

// EndOccurrence ends an occurrence without a run: announced or asked → skipped, missed or refused. A report says why.
// It returns false when that is decided already.
func (s *Store) EndOccurrence(ctx context.Context, id string, state OccurrenceState, reason string) (ended bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		ended, err = t.endOccurrence(ctx, id, state, reason)
		return err
	})
	return ended, err
}

func (t *tx) endOccurrence(ctx context.Context, id string, state OccurrenceState, reason string) (bool, error) {
	return t.moveOccurrence(ctx, Drover, id, move{
		event: string(state), changes: "state = :state, reason = :reason, finished_at = :now", condition: undecided,
		values: map[string]any{"state": state, "reason": reason},
	})
}

// StopSchedule ends an occurrence that the owner of its schedule may not run any more, and pauses the schedule.
func (s *Store) StopSchedule(ctx context.Context, schedule Schedule, id, why string) (stopped bool, err error) {
	return s.stopSchedule(ctx, schedule, why, func(ctx context.Context, t *tx) (bool, error) {
		return t.endOccurrence(ctx, id, OccurrenceRefused, why)
	})
}

// StopAfterRun ends an occurrence as FinishOccurrence does, when its owner may not do what comes next, and pauses the schedule.
func (s *Store) StopAfterRun(ctx context.Context, schedule Schedule, id, why string) (stopped bool, err error) {
	return s.stopSchedule(ctx, schedule, why, func(ctx context.Context, t *tx) (bool, error) { return t.finishOccurrence(ctx, id, why) })
}

func (s *Store) stopSchedule(ctx context.Context, schedule Schedule, why string, end func(context.Context, *tx) (bool, error)) (stopped bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		if stopped, err = end(ctx, t); err != nil || !stopped {
			return err
		}
		_, err = t.pauseSchedule(ctx, Drover, schedule, why, nil)
		return err
	})
	return stopped, err
}

// FinishOccurrence ends an occurrence whose runs are over: running or rebooting → done. The reason says why it did less
// than it was to, or is "". It returns false when a run is not over.
func (s *Store) FinishOccurrence(ctx context.Context, id, reason string) (finished bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		finished, err = t.finishOccurrence(ctx, id, reason)
		return err
	})
	return finished, err
}

func (t *tx) finishOccurrence(ctx context.Context, id, reason string) (bool, error) {
	return t.moveOccurrence(ctx, Drover, id, move{
		event: "done", changes: "state = 'done', reason = :reason, finished_at = coalesce((SELECT max(finished_at) FROM runs WHERE occurrence_id = occurrences.id), :now)", condition: "state IN ('running', 'rebooting')" + noOpenRun,
		values: map[string]any{"reason": reason},
	})
}

// What the conditions of several transitions have in common.
const (
	undecided = "state IN ('announced', 'asked')"
	noOpenRun = " AND NOT EXISTS (SELECT 1 FROM runs WHERE occurrence_id = occurrences.id AND finished_at IS NULL)"
)

// skipAnnounced skips what a schedule was about to do: the schedule is not to run any more.
func (t *tx) skipAnnounced(ctx context.Context, actor Actor, schedule Schedule, why string) error {
	return t.eachAnnounced(ctx, schedule, func(o Occurrence) error {
		return t.withdraw(ctx, actor, o, why)
	})
}

// editedAway is why an opening is skipped that a schedule does not have any more since an edit. Another edit can bring it back.
const editedAway = "the schedule was edited"

// reviseAnnounced takes what a schedule was about to do into its new revision, if that still opens then.
func (t *tx) reviseAnnounced(ctx context.Context, actor Actor, schedule Schedule, kept func(Time) bool) error {
	channel, err := t.channelOf(ctx, schedule)
	if err != nil {
		return err
	}
	return t.eachAnnounced(ctx, schedule, func(o Occurrence) error {
		if !kept(o.StartsAt) {
			return t.withdraw(ctx, actor, o, editedAway)
		}
		ends := o.StartsAt.Add(time.Duration(schedule.Duration))
		revised, err := t.moveOccurrence(ctx, actor, o.ID, move{
			event: "revised", changes: "revision = :revision, ends_at = :ends, cutoff_at = :cutoff, channel = :channel", condition: undecided,
			values: map[string]any{"revision": schedule.Revision, "ends": ends, "cutoff": ends.Add(-time.Duration(schedule.Cutoff)), "channel": channel},
		})
		if err != nil || !revised {
			return err
		}
		o.Version, o.Channel = o.Version+1, channel
		return t.announce(ctx, schedule, o)
	})
}

func (t *tx) eachAnnounced(ctx context.Context, schedule Schedule, do func(Occurrence) error) error {
	var list []Occurrence
	err := t.SelectContext(ctx, &list, selectOccurrence+" WHERE o.schedule_id = ? AND "+undecided, schedule.ID)
	if err != nil {
		return fmt.Errorf("read what schedule %s is about to do: %w", schedule.Name, err)
	}
	for _, o := range list {
		if err := do(o); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) withdraw(ctx context.Context, actor Actor, o Occurrence, why string) error {
	_, err := t.moveOccurrence(ctx, actor, o.ID, move{
		event: "skipped", changes: "state = 'skipped', reason = :why, decided_by = :actor, decided_at = :now, finished_at = :now", condition: undecided,
		values: map[string]any{"why": why}, quiet: true,
	})
	return err
}

func (s *Store) moveOccurrence(ctx context.Context, actor Actor, id string, m move) (moved bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		moved, err = t.moveOccurrence(ctx, actor, id, m)
		return err
	})
	return moved, err
}

// moveOccurrence makes one transition, and has the messages of the occurrence tell of it.
func (t *tx) moveOccurrence(ctx context.Context, actor Actor, id string, m move) (bool, error) {
	values := map[string]any{"id": id, "actor": actor, "now": t.now}
	for name, value := range m.values {
		values[name] = value
	}
	result, err := t.NamedExecContext(ctx, "UPDATE occurrences SET version = version + 1, "+m.changes+" WHERE id = :id AND "+m.condition, values)
	if err != nil {
		return false, fmt.Errorf("change an occurrence: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	var o Occurrence
	if err := t.GetContext(ctx, &o, selectOccurrence+" WHERE o.id = ?", id); err != nil {
		return false, fmt.Errorf("change an occurrence: %w", err)
	}
	if err := t.auditOccurrence(ctx, actor, m.event, o); err != nil {
		return false, err
	}
	if err := t.showOccurrence(ctx, o); err != nil || !o.State.Final() || m.quiet {
		return true, err
	}
	return true, t.report(ctx, o)
}

// showOccurrence marks the messages of an occurrence as behind.
func (t *tx) showOccurrence(ctx context.Context, o Occurrence) error {
	_, err := t.ExecContext(ctx, "UPDATE messages SET wanted_version = ? WHERE owner = ? AND kind IN ('headsup', 'report')", o.Version, o.ID)
	if err != nil {
		return fmt.Errorf("mark the messages of an occurrence as behind: %w", err)
	}
	return nil
}

// The messages of a report: one in the channel, and one with the details in its thread.
const (
	ReportSummary = ""
	ReportDetails = "details"
)

// report records the messages that tell how an occurrence went. What was not run has no details.
func (t *tx) report(ctx context.Context, o Occurrence) error {
	if o.Channel == "" {
		return nil
	}
	keys := []string{ReportSummary}
	if o.State == OccurrenceDone {
		keys = append(keys, ReportDetails)
	}
	for _, key := range keys {
		_, err := t.createMessage(ctx, Message{Owner: o.ID, Kind: MessageReport, Key: key, Channel: o.Channel, WantedVersion: o.Version})
		if err != nil {
			return err
		}
	}
	return nil
}

// touchReport has the report of the occurrence that a run was for told anew: something was proven since.
func (t *tx) touchReport(ctx context.Context, runID string) error {
	var told []Occurrence
	err := t.SelectContext(ctx, &told, selectOccurrence+" WHERE o.state = 'done' AND o.id = (SELECT occurrence_id FROM runs WHERE id = ?)", runID)
	if err != nil || len(told) == 0 {
		return err
	}
	return t.showAnew(ctx, told[0])
}

// showAnew has an occurrence told anew that is as it was, because of something beside it.
func (t *tx) showAnew(ctx context.Context, o Occurrence) error {
	o.Version++
	if _, err := t.ExecContext(ctx, "UPDATE occurrences SET version = ? WHERE id = ?", o.Version, o.ID); err != nil {
		return fmt.Errorf("mark an occurrence as changed: %w", err)
	}
	return t.showOccurrence(ctx, o)
}
