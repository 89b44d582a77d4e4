package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drover/executor"
	"drover/store"
)

// delay is what one click on Delay puts off.
const delay = time.Hour

// Find returns a schedule by its name, or a refusal with the nearest name.
func (s *Scheduler) Find(ctx context.Context, name string) (store.Schedule, error) {
	schedule, err := s.store.ScheduleNamed(ctx, name)
	if !errors.Is(err, store.ErrNotFound) {
		return schedule, err
	}
	all, err := s.store.Schedules(ctx)
	if err != nil {
		return schedule, err
	}
	var known []string
	for _, other := range all {
		known = append(known, other.Name)
	}
	hint := executor.DidYouMean(name, known)
	if hint == "" {
		hint = " `schedule list` shows all."
	}
	if !executor.NamePattern.MatchString(name) {
		return schedule, refuse("There is no schedule of that name.%s", hint)
	}
	return schedule, refuse("There is no schedule called `%s`.%s", name, hint)
}

// Skip keeps an occurrence from running. It is decided once, by whoever may run what it would run.
func (s *Scheduler) Skip(ctx context.Context, actor store.Actor, id string) error {
	return s.decide(ctx, actor, id, s.mayDecide, func(store.Occurrence) (bool, error) { return s.store.SkipOccurrence(ctx, actor, id) })
}

// Delay lets an occurrence begin an hour later, once, if anything may begin by then.
func (s *Scheduler) Delay(ctx context.Context, actor store.Actor, id string) error {
	return s.decide(ctx, actor, id, s.mayDecide, func(o store.Occurrence) (bool, error) {
		if o.State == store.OccurrenceAnnounced && o.DecidedBy == "" && !o.BeginsAt.Add(delay).Before(o.CutoffAt.Time) {
			return false, tooLateToDelay(o.Schedule)
		}
		return s.store.DelayOccurrence(ctx, actor, id, delay)
	})
}

// RunNow lets an occurrence begin at once. That takes the right to all that it would run.
func (s *Scheduler) RunNow(ctx context.Context, actor store.Actor, id string) error {
	err := s.decide(ctx, actor, id, s.mayRun, func(o store.Occurrence) (bool, error) {
		if o.State == store.OccurrenceAnnounced || o.State == store.OccurrenceAsked {
			if err := s.canBegin(ctx, o.ScheduleID); err != nil {
				return false, err
			}
		}
		return s.store.HastenOccurrence(ctx, actor, id)
	})
	if err != nil {
		return err
	}
	return s.beginNow(ctx, id)
}

// beginNow does not wait for the scheduler of drover's server, which may not be running. Whoever is first begins it.
func (s *Scheduler) beginNow(ctx context.Context, id string) error {
	o, err := s.store.Occurrence(ctx, id)
	if err == nil && o.State == store.OccurrenceAnnounced {
		_, err = s.begin(ctx, o)
	}
	if err != nil {
		return err
	}
	if o, err = s.store.Occurrence(ctx, id); err != nil {
		return err
	}
	switch o.State {
	case store.OccurrenceRefused, store.OccurrenceSkipped, store.OccurrenceMissed:
		return refuse("`%s` was not run: %s", o.Schedule, o.Reason)
	case store.OccurrenceAnnounced:
		if o.Reason != "" {
			return waiting(o)
		}
	}
	return nil
}

// waiting says what an occurrence waits for whose time has come.
func waiting(o store.Occurrence) error {
	return refuse("`%s` has not begun yet. %s It begins when that is known, until its cutoff.", o.Schedule, o.Reason)
}

// decide lets somebody decide about an occurrence who may. What was decided before is said as the answer.
func (s *Scheduler) decide(ctx context.Context, actor store.Actor, id string, may func(context.Context, store.Actor, store.Schedule) error, decision func(store.Occurrence) (bool, error)) error {
	o, err := s.store.Occurrence(ctx, id)
	if err != nil {
		return err
	}
	schedule, err := s.store.Schedule(ctx, o.ScheduleID)
	if err != nil {
		return err
	}
	if err := may(ctx, actor, schedule); err != nil {
		return err
	}
	done, err := decision(o)
	if err != nil || done {
		return err
	}
	if o, err = s.store.Occurrence(ctx, id); err != nil {
		return err
	}
	if o.State == store.OccurrenceAnnounced && o.Reason != "" && !s.now().Before(o.BeginsAt.Time) {
		return waiting(o)
	}
	return decided(o)
}

// mayDecide refuses whoever may not run what a schedule runs. Looking is not enough for it.
func (s *Scheduler) mayDecide(ctx context.Context, actor store.Actor, schedule store.Schedule) error {
	request, err := executor.ScheduledRequest(schedule)
	if err != nil {
		return err
	}
	err = s.engine.Allowed(ctx, actor, store.Operator, request)
	return s.engine.AuditRefusal(ctx, actor, "schedule/"+schedule.Name, err)
}

// mayRun refuses whoever may not run all that a schedule runs, the reboots afterwards included.
func (s *Scheduler) mayRun(ctx context.Context, actor store.Actor, schedule store.Schedule) error {
	requests, err := executor.ScheduledRequests(schedule)
	for _, request := range requests {
		if err == nil {
			err = s.engine.Allowed(ctx, actor, store.Operator, request)
		}
	}
	return s.engine.AuditRefusal(ctx, actor, "schedule/"+schedule.Name, err)
}

// decided says how an occurrence stands about which there is nothing to decide any more.
func decided(o store.Occurrence) error {
	by := func(text string) error {
		return &executor.Refusal{Text: fmt.Sprintf(text, o.Schedule), By: o.DecidedBy, At: *o.DecidedAt}
	}
	switch {
	case o.State == store.OccurrenceSkipped && o.DecidedAt != nil:
		return by("There is nothing to decide any more: `%s` was skipped")
	case o.State == store.OccurrenceAnnounced && o.DecidedAt != nil && o.BeginsAt.After(o.StartsAt.Time):
		return by("`%s` was delayed already,")
	case o.State == store.OccurrenceAnnounced && o.DecidedAt != nil:
		return by("`%s` begins already: that was asked for")
	case o.State == store.OccurrenceRunning, o.State == store.OccurrenceRebooting:
		return refuse("`%s` has begun. Its card can cancel it.", o.Schedule)
	}
	return refuse("There is nothing to decide any more: this time of `%s` is over.", o.Schedule)
}

// RunNext lets a schedule run now: what is announced begins at once, or else it is run once more, outside of its
// calendar. It returns the occurrence.
func (s *Scheduler) RunNext(ctx context.Context, actor store.Actor, schedule store.Schedule) (store.Occurrence, error) {
	o, err := s.upcoming(ctx, schedule)
	if err != nil {
		return o, err
	}
	if o.ID != "" {
		return o, s.RunNow(ctx, actor, o.ID)
	}
	if err := s.mayRun(ctx, actor, schedule); err != nil {
		return o, err
	}
	if schedule.PausedAt != nil {
		return o, refuse("`%s` is paused. Resume it first.", schedule.Name)
	}
	if err := s.canBegin(ctx, schedule.ID); err != nil {
		return o, err
	}
	o = newOccurrence(schedule, s.now())
	o.ScheduleID = schedule.ID
	before, err := s.before(ctx, o)
	if err != nil {
		return o, err
	}
	if before != "" {
		return o, refuse("`%s` cannot run now: %s.", schedule.Name, before)
	}
	if o, err = s.add(ctx, actor, schedule, o); err != nil {
		return o, err
	}
	return o, s.beginNow(ctx, o.ID)
}

func (s *Scheduler) add(ctx context.Context, actor store.Actor, schedule store.Schedule, o store.Occurrence) (store.Occurrence, error) {
	o, err := s.store.AddOccurrence(ctx, actor, schedule, o)
	if errors.Is(err, store.ErrTooLate) || errors.Is(err, store.ErrExists) {
		err = refuse("`%s` has changed meanwhile. Look at it again.", schedule.Name)
	}
	return o, err
}

// upcoming is the occurrence of a schedule that is announced or asked about; its ID is "" when there is none.
func (s *Scheduler) upcoming(ctx context.Context, schedule store.Schedule) (store.Occurrence, error) {
	open, err := s.store.OpenOccurrences(ctx)
	if err != nil {
		return store.Occurrence{}, err
	}
	for _, o := range open {
		if o.ScheduleID == schedule.ID && (o.State == store.OccurrenceAnnounced || o.State == store.OccurrenceAsked) {
			return o, nil
		}
	}
	return store.Occurrence{}, nil
}
