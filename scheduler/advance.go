package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drover/executor"
	"drover/store"
)

// advance takes an occurrence a step on if its time has come, and says when the next one's comes. The zero time: when
// the rows change.
func (s *Scheduler) advance(ctx context.Context, o store.Occurrence) (next time.Time, err error) {
	switch o.State {
	case store.OccurrenceAnnounced:
		if s.now().Before(o.BeginsAt.Time) {
			return o.BeginsAt.Time, nil
		}
		return s.begin(ctx, o)
	case store.OccurrenceAsked:
		if s.now().Before(o.CutoffAt.Time) {
			return o.CutoffAt.Time, nil
		}
		_, err := s.store.EndOccurrence(ctx, o.ID, store.OccurrenceMissed, notThere+", and nobody said to run it")
		return next, err
	}
	return s.follow(ctx, o)
}

// begin has the run of an occurrence recorded, or ends the occurrence and says why.
func (s *Scheduler) begin(ctx context.Context, o store.Occurrence) (next time.Time, err error) {
	schedule, err := s.store.Schedule(ctx, o.ScheduleID)
	if err != nil {
		return next, err
	}
	if state, why := s.obstacle(schedule, o); state == store.OccurrenceAsked {
		_, err := s.store.AskOccurrence(ctx, o.ID)
		return o.CutoffAt.Time, err
	} else if state.Final() {
		_, err := s.store.EndOccurrence(ctx, o.ID, state, why)
		return next, err
	}
	if before, err := s.before(ctx, o); err != nil || before != "" {
		if err == nil {
			_, err = s.store.EndOccurrence(ctx, o.ID, store.OccurrenceSkipped, before)
		}
		return next, err
	}
	request, err := executor.ScheduledRequest(schedule)
	if err != nil {
		return next, err
	}
	request.Channel, request.Stage = o.Channel, &store.Stage{Occurrence: o, To: store.OccurrenceRunning}
	if err = s.ready(ctx, schedule, request); err == nil {
		_, err = s.engine.Submit(ctx, request)
	}
	var refusal *executor.Refusal
	switch {
	case errors.As(err, &refusal):
		return s.refused(ctx, schedule, o, request, refusal)
	case errors.Is(err, store.ErrTooLate): // the rows tell what happened meanwhile
		return s.now().Add(retryAfter), nil
	}
	return next, err
}

// obstacle says what becomes of an occurrence that comes too late; it stays announced if it does not.
func (s *Scheduler) obstacle(schedule store.Schedule, o store.Occurrence) (store.OccurrenceState, string) {
	now := s.now()
	if o.Reason != "" { // somebody was there in time: it waits
		if !now.Before(o.CutoffAt.Time) {
			return store.OccurrenceRefused, o.Reason
		}
		return o.State, ""
	}
	if now.Sub(o.BeginsAt.Time) > lateAfter {
		return whenLate(schedule, o, now)
	}
	if !now.Before(o.CutoffAt.Time) {
		return store.OccurrenceMissed, "its window is over"
	}
	return o.State, ""
}

// before says why an occurrence cannot begin while an earlier one of its schedule is not over, or "".
func (s *Scheduler) before(ctx context.Context, o store.Occurrence) (string, error) {
	open, err := s.store.OpenOccurrences(ctx)
	if err != nil {
		return "", err
	}
	for _, other := range open {
		if other.ScheduleID != o.ScheduleID || other.State != store.OccurrenceRunning && other.State != store.OccurrenceRebooting {
			continue
		}
		runs, err := s.store.RunsOf(ctx, other.ID)
		if err != nil || len(runs) == 0 {
			return "", err
		}
		return fmt.Sprintf("#%d, its run before, is not over yet", runs[len(runs)-1].Number), nil
	}
	return "", nil
}
