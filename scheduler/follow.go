package scheduler

import (
	"context"
	"time"

	"drover/executor"
	"drover/store"
)

// Follow takes an occurrence on for whoever waits for it, should no scheduler be running to do it.
func (s *Scheduler) Follow(ctx context.Context, id string) error {
	o, err := s.store.Occurrence(ctx, id)
	if err != nil || o.State != store.OccurrenceRunning && o.State != store.OccurrenceRebooting {
		return err
	}
	_, err = s.follow(ctx, o)
	return err
}

// follow takes an occurrence on when its run is over: to the reboots that it is to see to, or to its end.
func (s *Scheduler) follow(ctx context.Context, o store.Occurrence) (next time.Time, err error) {
	runs, err := s.store.RunsOf(ctx, o.ID)
	if err != nil || len(runs) == 0 || !runs[len(runs)-1].State.Final() {
		return next, err
	}
	if o.State == store.OccurrenceRebooting {
		return s.finish(ctx, o, "")
	}
	schedule, err := s.store.Schedule(ctx, o.ScheduleID)
	if err != nil {
		return next, err
	}
	if schedule.Reboot != store.RebootIfRequired || len(executor.NeedReboot(runs[0])) == 0 {
		return s.finish(ctx, o, "")
	}
	return s.reboot(ctx, schedule, o, runs[0])
}

// finish ends an occurrence whose runs are over. why is what it did not do that it was to, or "".
func (s *Scheduler) finish(ctx context.Context, o store.Occurrence, why string) (next time.Time, err error) {
	finished, err := s.store.FinishOccurrence(ctx, o.ID, why)
	if err == nil && !finished {
		next = s.now().Add(retryAfter)
	}
	return next, err
}
