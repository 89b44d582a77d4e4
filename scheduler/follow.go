package scheduler

import (
	"context"
	"errors"
	"fmt"
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
	why := ""
	if o.State == store.OccurrenceRunning {
		var began bool
		if began, why, err = s.reboot(ctx, o, runs[0]); err != nil || began {
			return next, err
		}
	}
	finished, err := s.store.FinishOccurrence(ctx, o.ID, why)
	if err == nil && !finished {
		next = s.now().Add(retryAfter)
	}
	return next, err
}

// reboot begins the second run of an occurrence, which reboots what needs it after the first one. It says why not where
// it was to and does not.
func (s *Scheduler) reboot(ctx context.Context, o store.Occurrence, run store.Run) (began bool, why string, err error) {
	schedule, err := s.store.Schedule(ctx, o.ScheduleID)
	if err != nil {
		return false, "", err
	}
	needing := executor.NeedReboot(run)
	if schedule.Reboot != store.RebootIfRequired || len(needing) == 0 {
		return false, "", nil
	}
	if why, err = s.noReboot(ctx, schedule, o, run); err != nil || why != "" {
		return false, "nothing was rebooted: " + why, err
	}
	request, err := requestOf(schedule)
	if err != nil {
		return false, "", err
	}
	request = rebootOf(request)
	for _, t := range needing {
		request.Selector = append(request.Selector, t.Server)
	}
	request.Channel, request.Stage = o.Channel, &store.Stage{Occurrence: o, To: store.OccurrenceRebooting}
	_, err = s.engine.Submit(ctx, request)
	var refusal *executor.Refusal
	switch {
	case errors.As(err, &refusal):
		return false, "nothing was rebooted: " + refusal.Text, nil
	case errors.Is(err, store.ErrTooLate):
		return false, "nothing was rebooted: the window was over, or the schedule was changed", nil
	}
	return err == nil, "", err
}

// noReboot says why nothing is rebooted after a run although some servers need it, or "".
func (s *Scheduler) noReboot(ctx context.Context, schedule store.Schedule, o store.Occurrence, run store.Run) (string, error) {
	failed, err := s.store.CountFailed(ctx, run.ID)
	if err != nil {
		return "", err
	}
	switch {
	case run.CancelBy != "":
		return fmt.Sprintf("somebody cancelled #%d", run.Number), nil
	case run.State != store.Succeeded && run.State != store.Partial:
		return fmt.Sprintf("#%d did not end by itself", run.Number), nil
	case run.MaxFailures != nil && failed > *run.MaxFailures:
		return fmt.Sprintf("#%d failed on more servers than it may", run.Number), nil
	case schedule.Revision != o.Revision:
		return "the schedule was edited meanwhile", nil
	case schedule.PausedAt != nil:
		return "the schedule was paused meanwhile", nil
	case schedule.RemovedAt != nil:
		return "the schedule was removed meanwhile", nil
	case !s.now().Before(o.CutoffAt.Time):
		return "the cutoff of the window had passed", nil
	}
	return "", nil
}
