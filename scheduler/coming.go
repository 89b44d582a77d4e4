package scheduler

import (
	"context"
	"slices"
	"time"

	"drover/store"
)

// Coming are the next n times of a schedule, or fewer when there are no more: those of its calendar, and what of it is
// yet to begin beside them.
func (s *Scheduler) Coming(ctx context.Context, schedule store.Schedule, n int) ([]store.Coming, error) {
	recorded, err := s.store.ComingOccurrences(ctx, schedule.ID)
	if err != nil {
		return nil, err
	}
	return coming(schedule, recorded, s.now(), n)
}

// Next is the first time at which a schedule begins, as things stand. It is nil when there is none: the calendar has no
// more, or the schedule is paused until somebody resumes it.
func (s *Scheduler) Next(ctx context.Context, schedule store.Schedule) (*store.Coming, error) {
	return s.first(ctx, schedule, store.Coming.Begins)
}

// first is the first time of a schedule after its pause that is as somebody looks for it, or nil.
func (s *Scheduler) first(ctx context.Context, schedule store.Schedule, is func(store.Coming) bool) (*store.Coming, error) {
	after := s.now()
	if schedule.PausedAt != nil {
		if schedule.PausedUntil == nil {
			return nil, nil
		}
		after = latest(after, schedule.PausedUntil.Time)
	}
	recorded, err := s.store.ComingOccurrences(ctx, schedule.ID)
	if err != nil {
		return nil, err
	}
	list, err := coming(schedule, recorded, after, len(recorded)+1) // of one that nothing is recorded of it is true
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(list, is); i >= 0 {
		return &list[i], nil
	}
	return nil, nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// coming joins the next n times of a calendar with what is recorded of them.
func coming(schedule store.Schedule, recorded []store.Occurrence, after time.Time, n int) ([]store.Coming, error) {
	openings, err := openingsAfter(schedule.Window, after, n)
	if err != nil {
		return nil, err
	}
	list := []store.Coming{}
	for _, opening := range openings {
		list = append(list, store.Coming{Opening: opening, BeginsAt: opening.At, Paused: pausedAt(schedule, opening.At)})
	}
	for _, o := range recorded {
		i := slices.IndexFunc(list, func(c store.Coming) bool { return c.At.Equal(o.StartsAt.Time) })
		switch {
		case i >= 0:
			list[i].Take(o)
		case o.State == store.OccurrenceAnnounced || o.State == store.OccurrenceAsked: // its time is past, or of another calendar
			c := store.Coming{Opening: store.Opening{At: o.StartsAt}}
			c.Take(o)
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b store.Coming) int { return a.At.Compare(b.At.Time) })
	return list[:min(n, len(list))], nil
}

// pausedAt says whether a schedule is paused at a time, as things stand.
func pausedAt(schedule store.Schedule, at store.Time) bool {
	return schedule.PausedAt != nil && (schedule.PausedUntil == nil || !at.After(schedule.PausedUntil.Time))
}
