package scheduler

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"drover/executor"
	"drover/store"
)

// configureVerb is what a binding's glob has to match for an admin to change schedules.
const configureVerb = "schedule"

// Check says whether somebody may keep a schedule, and whether it makes sense now: it opens some day, and its owner to
// be may run what it asks for. The error is a *Refusal when not.
func (s *Scheduler) Check(ctx context.Context, actor store.Actor, schedule store.Schedule) error {
	if err := s.mayConfigure(ctx, actor); err != nil {
		return err
	}
	if !executor.NamePattern.MatchString(schedule.Name) {
		return refuse("That is no name for a schedule: use lower-case letters, digits, `.`, `_` and `-`, such as `nightly`.")
	}
	if err := s.checkWindow(schedule.Window); err != nil {
		return err
	}
	schedule.Owner = actor
	requests, err := executor.ScheduledRequests(schedule)
	if err != nil {
		return err
	}
	for _, request := range requests {
		if err := s.engine.Allowed(ctx, actor, store.Viewer, request); err != nil {
			return err
		}
		if err := s.engine.MayAskStanding(ctx, asking(schedule, request)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scheduler) checkWindow(w store.Window) error {
	for _, must := range []struct{ name, value string }{{"cron", w.Cron}, {"timezone", w.Timezone}} {
		if must.value == "" {
			return refuse("Say `%s` of the schedule.", must.name)
		}
	}
	if w.Duration == 0 {
		return refuse("Say how long the window is open: `duration`, such as 2h.")
	}
	if w.Cutoff >= w.Duration {
		return refuse("With a cutoff of %s nothing could begin in a window of %s.", w.Cutoff, w.Duration)
	}
	openings, err := s.Openings(w, 1)
	if err == nil && len(openings) == 0 {
		err = refuse("It would not open any more: look at `valid-from` and `valid-until`.")
	}
	return err
}

func (s *Scheduler) mayConfigure(ctx context.Context, actor store.Actor) error {
	rights, err := s.engine.Rights(ctx, actor)
	if err != nil {
		return err
	}
	if ok, why := rights.MayConfigure(configureVerb); !ok {
		return &executor.Refusal{Kind: executor.Policy, Text: fmt.Sprintf("You may not change schedules: %s. Nothing was changed.", why)}
	}
	return nil
}

// Add keeps a new schedule, which belongs to the actor.
func (s *Scheduler) Add(ctx context.Context, actor store.Actor, schedule store.Schedule) (store.Schedule, error) {
	if err := s.Check(ctx, actor, schedule); err != nil {
		return schedule, s.engine.AuditRefusal(ctx, actor, "schedule/"+schedule.Name, err)
	}
	added, err := s.store.AddSchedule(ctx, actor, schedule)
	if errors.Is(err, store.ErrExists) {
		return added, refuse("There is a schedule `%s` already. Choose another name, or edit that one.", schedule.Name)
	}
	if err != nil {
		return added, err
	}
	return added, s.ask(ctx, added)
}

// Edit makes a new revision of a schedule, which belongs to the actor from then on.
func (s *Scheduler) Edit(ctx context.Context, actor store.Actor, schedule store.Schedule) (store.Schedule, error) {
	if err := s.Check(ctx, actor, schedule); err != nil {
		return schedule, s.engine.AuditRefusal(ctx, actor, "schedule/"+schedule.Name, err)
	}
	if err := s.settle(ctx, schedule.ID); err != nil {
		return schedule, err
	}
	calendar, err := NewCalendar(schedule.Window)
	if err != nil {
		return schedule, err
	}
	kept := func(opening store.Time) bool {
		return calendar.Next(opening.Add(-time.Nanosecond).Time).Equal(opening.Time)
	}
	edited, err := s.store.EditSchedule(ctx, actor, schedule, kept)
	if errors.Is(err, store.ErrTooLate) {
		return edited, refuse("Somebody else has changed `%s` meanwhile. Look at it again.", schedule.Name)
	}
	if err != nil {
		return edited, err
	}
	return edited, s.ask(ctx, edited)
}

// settle records what a schedule missed by now: after an edit nobody could tell. A pause that is over ends before.
func (s *Scheduler) settle(ctx context.Context, id string) error {
	before, err := s.store.Schedule(ctx, id)
	if err != nil {
		return err
	}
	if _, err := s.consider(ctx, before); err != nil || before.PausedAt == nil {
		return err
	}
	resumed, err := s.store.Schedule(ctx, id)
	if err == nil && resumed.PausedAt == nil {
		_, err = s.consider(ctx, resumed)
	}
	return err
}

// Pause keeps a schedule from running until it is resumed, or until a time; nil: there is none.
func (s *Scheduler) Pause(ctx context.Context, actor store.Actor, schedule store.Schedule, reason string, until *store.Time) error {
	if err := s.mayChange(ctx, actor, schedule); err != nil {
		return err
	}
	if strings.TrimSpace(reason) == "" {
		return refuse("Say why: `schedule pause %s because holidays`. Nothing was changed.", schedule.Name)
	}
	if until != nil && !until.After(s.now()) {
		return refuse("That time is over.")
	}
	if err := s.settle(ctx, schedule.ID); err != nil {
		return err
	}
	paused, err := s.store.PauseSchedule(ctx, actor, schedule, reason, until)
	if err == nil && !paused {
		err = refuse("`%s` is paused already.", schedule.Name)
	}
	return err
}

// Resume lets a paused schedule run again. One that drover stopped runs only if its owner may again.
func (s *Scheduler) Resume(ctx context.Context, actor store.Actor, schedule store.Schedule) error {
	if err := s.mayChange(ctx, actor, schedule); err != nil {
		return err
	}
	request, err := executor.ScheduledRequest(schedule)
	if err != nil {
		return err
	}
	lost, err := s.lost(ctx, schedule, request)
	if err != nil {
		return err
	}
	if lost != nil && !lost.Unsure {
		return refuse("Whoever made `%s` may not run it any more. Take it over: `schedule edit %s`.", schedule.Name, schedule.Name)
	}
	resumed, err := s.store.ResumeSchedule(ctx, actor, schedule)
	if err == nil && !resumed {
		err = refuse("`%s` is not paused.", schedule.Name)
	}
	return err
}

// Remove ends a schedule. Its history stays.
func (s *Scheduler) Remove(ctx context.Context, actor store.Actor, schedule store.Schedule) error {
	if err := s.mayChange(ctx, actor, schedule); err != nil {
		return err
	}
	return s.store.RemoveSchedule(ctx, actor, schedule)
}

func (s *Scheduler) mayChange(ctx context.Context, actor store.Actor, schedule store.Schedule) error {
	return s.engine.AuditRefusal(ctx, actor, "schedule/"+schedule.Name, s.mayConfigure(ctx, actor))
}
