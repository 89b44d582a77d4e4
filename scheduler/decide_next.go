package scheduler

import (
	"context"
	"fmt"

	"drover/executor"
	"drover/store"
)

// SkipNext skips the next time of a schedule, announced or not, and returns it.
func (s *Scheduler) SkipNext(ctx context.Context, actor store.Actor, schedule store.Schedule) (store.Occurrence, error) {
	next, err := s.open(ctx, actor, schedule)
	if err != nil {
		return store.Occurrence{}, err
	}
	if next.ID != "" {
		return s.after(ctx, next.ID, s.Skip(ctx, actor, next.ID))
	}
	o := newOccurrence(schedule, next.At.Time)
	o.State = store.OccurrenceSkipped
	return s.add(ctx, actor, schedule, o)
}

// DelayNext lets the next time of a schedule begin an hour later, announced or not, and returns it.
func (s *Scheduler) DelayNext(ctx context.Context, actor store.Actor, schedule store.Schedule) (store.Occurrence, error) {
	next, err := s.open(ctx, actor, schedule)
	if err != nil {
		return store.Occurrence{}, err
	}
	if next.ID != "" {
		return s.after(ctx, next.ID, s.Delay(ctx, actor, next.ID))
	}
	o := newOccurrence(schedule, next.At.Time)
	o.BeginsAt = o.BeginsAt.Add(delay)
	if !o.BeginsAt.Before(o.CutoffAt.Time) {
		return o, tooLateToDelay(schedule.Name)
	}
	return s.add(ctx, actor, schedule, o)
}

func tooLateToDelay(name string) error {
	return refuse("An hour later nothing of `%s` may begin any more. Skip it, or run it now.", name)
}

// after is an occurrence as it stands after a decision about it.
func (s *Scheduler) after(ctx context.Context, id string, err error) (store.Occurrence, error) {
	if err != nil {
		return store.Occurrence{}, err
	}
	return s.store.Occurrence(ctx, id)
}

// open is the next time of a schedule, if there is something to decide about it and the actor may.
func (s *Scheduler) open(ctx context.Context, actor store.Actor, schedule store.Schedule) (*store.Coming, error) {
	if err := s.mayDecide(ctx, actor, schedule); err != nil {
		return nil, err
	}
	next, err := s.first(ctx, schedule, func(c store.Coming) bool { return c.Begins() || c.State == store.OccurrenceSkipped })
	switch {
	case err != nil:
		return nil, err
	case next == nil && schedule.PausedAt != nil:
		return nil, refuse("`%s` is paused, and begins at no time before somebody resumes it.", schedule.Name)
	case next == nil:
		return nil, refuse("`%s` does not open any more.", schedule.Name)
	case !next.Begins():
		return nil, skipped(schedule, *next)
	}
	return next, nil
}

// skipped says that a time is skipped, and by whom.
func skipped(schedule store.Schedule, c store.Coming) error {
	zone, err := LoadZone(schedule.Timezone)
	if err != nil {
		return err
	}
	r := &executor.Refusal{Text: fmt.Sprintf("The next time of `%s`, %s, is skipped already", schedule.Name, c.At.In(zone).Format("Mon 2 Jan 15:04 MST"))}
	if c.Reason != "" {
		r.Text += " (" + c.Reason + ")"
	}
	if c.DecidedAt != nil {
		r.By, r.At = c.DecidedBy, *c.DecidedAt
	}
	return r
}
