package scheduler

import (
	"context"
	"fmt"
	"time"

	"drover/store"
)

// maxMissed is how many missed openings are recorded one by one: those before are only counted.
const maxMissed = 50

// consider records the openings of a schedule whose heads-up or time has come, and says when the next one's comes. The
// zero time: never, as far as the rows go.
func (s *Scheduler) consider(ctx context.Context, schedule store.Schedule) (next time.Time, err error) {
	if schedule.PausedAt != nil {
		return s.afterPause(ctx, schedule)
	}
	calendar, err := NewCalendar(schedule.Window)
	if err != nil {
		return next, fmt.Errorf("read its window: %w", err)
	}
	notify := time.Duration(schedule.NotifyBefore)
	now := s.now()
	var due openings
	for next = calendar.Next(schedule.ConsideredUntil.Time); !next.IsZero() && !next.Add(-notify).After(now); next = calendar.Next(next) {
		due.add(next, now)
	}
	if len(due.list) > 0 {
		until := store.Time{Time: due.list[len(due.list)-1].UTC()}
		if _, err := s.store.Consider(ctx, schedule, until, due.judge(schedule, now)); err != nil {
			return next, err
		}
	}
	if next.IsZero() {
		return next, nil
	}
	return next.Add(-notify), nil
}

// afterPause lets a schedule run again whose pause is over.
func (s *Scheduler) afterPause(ctx context.Context, schedule store.Schedule) (time.Time, error) {
	if schedule.PausedUntil == nil || s.now().Before(schedule.PausedUntil.Time) {
		return timeOf(schedule.PausedUntil), nil
	}
	_, err := s.store.ResumeSchedule(ctx, store.Drover, schedule)
	return s.now(), err
}

// timeOf is the zero time for what is never.
func timeOf(t *store.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

// openings are those whose time to be considered has come, the earliest first.
type openings struct {
	list    []time.Time
	dropped int // earlier ones, that are only counted
}

func (o *openings) add(at, now time.Time) {
	if len(o.list) > maxMissed && at.Before(now) {
		o.list = o.list[1:]
		o.dropped++
	}
	o.list = append(o.list, at)
}

// judge says what becomes of each opening. Of those that are past only the newest may still be run, by the schedule's
// policy when nobody was there in time; the others were missed.
func (o *openings) judge(schedule store.Schedule, now time.Time) []store.Occurrence {
	var judged []store.Occurrence
	for i, at := range o.list {
		occurrence := newOccurrence(schedule, at)
		newest := i == len(o.list)-1 || o.list[i+1].After(now)
		if !newest {
			occurrence.State, occurrence.Reason = store.OccurrenceMissed, notThere
		} else if now.Sub(at) > lateAfter {
			occurrence.State, occurrence.Reason = whenLate(schedule, occurrence, now)
		}
		if i == 0 && o.dropped > 0 {
			occurrence.Reason = fmt.Sprintf("%s; %d earlier ones are not listed", notThere, o.dropped)
		}
		judged = append(judged, occurrence)
	}
	return judged
}

const notThere = "drover was not running"

// whenLate says what becomes of an opening that nobody began in time.
func whenLate(schedule store.Schedule, o store.Occurrence, now time.Time) (state store.OccurrenceState, reason string) {
	switch {
	case !now.Before(o.CutoffAt.Time):
		return store.OccurrenceMissed, notThere + ", and its window is over"
	case schedule.Missed == store.MissedSkip:
		return store.OccurrenceMissed, notThere
	case schedule.Missed == store.MissedAsk:
		return store.OccurrenceAsked, notThere
	}
	return store.OccurrenceAnnounced, ""
}

// newOccurrence is an opening of a schedule's window at a time.
func newOccurrence(schedule store.Schedule, at time.Time) store.Occurrence {
	starts := store.Time{Time: at.UTC()}
	ends := starts.Add(time.Duration(schedule.Duration))
	return store.Occurrence{
		StartsAt: starts, BeginsAt: starts, EndsAt: ends, CutoffAt: ends.Add(-time.Duration(schedule.Cutoff)), State: store.OccurrenceAnnounced,
	}
}
