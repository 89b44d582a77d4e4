package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drover/executor"
	"drover/store"
)

// notRebooted begins the reason of an occurrence that was to reboot some servers, and did not.
const notRebooted = "nothing was rebooted: "

// reboot begins the second run of an occurrence, which reboots what needs it after the first one, or ends the occurrence
// and says why not.
func (s *Scheduler) reboot(ctx context.Context, schedule store.Schedule, o store.Occurrence, run store.Run) (next time.Time, err error) {
	why, err := s.noReboot(ctx, schedule, o, run)
	if err != nil {
		return next, err
	}
	if why != "" {
		return s.finish(ctx, o, notRebooted+why)
	}
	request, err := executor.ScheduledRequest(schedule)
	if err != nil {
		return next, err
	}
	request = executor.ScheduledReboot(request)
	for _, t := range executor.NeedReboot(run) {
		request.Selector = append(request.Selector, t.Server)
	}
	request.Channel, request.Stage = o.Channel, &store.Stage{Occurrence: o, To: store.OccurrenceRebooting}
	if err = s.ready(ctx, schedule, request); err == nil {
		_, err = s.engine.Submit(ctx, request)
	}
	var refusal *executor.Refusal
	switch {
	case errors.As(err, &refusal):
		return s.rebootRefused(ctx, schedule, o, request, refusal)
	case errors.Is(err, store.ErrTooLate):
		return s.finish(ctx, o, notRebooted+"the window was over, or the schedule was changed")
	}
	return next, err
}

// rebootRefused ends an occurrence whose reboots were refused. Without the owner's right to them the schedule stops.
func (s *Scheduler) rebootRefused(ctx context.Context, schedule store.Schedule, o store.Occurrence, request executor.Request, refusal *executor.Refusal) (next time.Time, err error) {
	lost, err := s.lost(ctx, schedule, request)
	switch {
	case err != nil:
		return next, err
	case refusal.Unsure, lost != nil && lost.Unsure:
		return s.now().Add(knownAfter), nil
	case lost != nil:
		_, err := s.store.StopAfterRun(ctx, schedule, o.ID, notRebooted+s.hasLost(ctx, schedule, lost))
		return next, err
	}
	return s.finish(ctx, o, notRebooted+refusal.Reason())
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
