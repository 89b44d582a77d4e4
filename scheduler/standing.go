package scheduler

import (
	"context"
	"errors"

	"drover/executor"
	"drover/store"
)

// requestsOf is all that a schedule may ask for: its action and, where it is to see to reboots, those.
func requestsOf(schedule store.Schedule) ([]executor.Request, error) {
	request, err := requestOf(schedule)
	if err != nil || schedule.Reboot != store.RebootIfRequired {
		return []executor.Request{request}, err
	}
	reboot := rebootOf(request)
	reboot.Selector = request.Selector
	return []executor.Request{request, reboot}, nil
}

// rebootOf is the request for the reboots after another; on which servers is left open.
func rebootOf(request executor.Request) executor.Request {
	request.Action, request.Params, request.Selector, request.Options = executor.RebootAction, nil, nil, rebootOptions(request.Options)
	return request
}

// RebootOptions say how to go about the reboots of what a schedule's run has found to need one.
func (s *Scheduler) RebootOptions(schedule store.Schedule) (executor.Options, error) {
	request, err := requestOf(schedule)
	return rebootOptions(request.Options), err
}

// rebootOptions are those of a run for the reboots after it. They go one by one unless a batch was said: whatever the servers
// are there for, one of them stays up.
func rebootOptions(o executor.Options) executor.Options {
	o.Timeout = 0
	if o.Batch == "" {
		o.Batch = "1"
	}
	return o
}

// asking is a request that only asks for what a revision of a schedule may do from then on.
func asking(schedule store.Schedule, request executor.Request) executor.Request {
	request.Standing = &store.Standing{ScheduleID: schedule.ID, Revision: schedule.Revision}
	request.Reason, request.Channel = executor.StandingReason(schedule), schedule.Channel
	return request
}

// ask asks for the approvals that a new revision needs. Until they are given, it does not run.
func (s *Scheduler) ask(ctx context.Context, schedule store.Schedule) error {
	requests, err := requestsOf(schedule)
	if err != nil {
		return err
	}
	for _, request := range requests {
		if _, err := s.engine.AskStanding(ctx, asking(schedule, request)); err != nil {
			return err
		}
	}
	return nil
}

// approved makes sure that a schedule is approved for all that it may ask for. The error is a *Refusal when it is not.
func (s *Scheduler) approved(ctx context.Context, schedule store.Schedule) error {
	requests, err := requestsOf(schedule)
	if err != nil {
		return err
	}
	for _, request := range requests {
		standing := store.Standing{ScheduleID: schedule.ID, Revision: schedule.Revision}
		if err := s.engine.StandsApproved(ctx, request, standing); err != nil {
			return err
		}
	}
	return nil
}

// canBegin refuses to begin now what is not approved: the time would be lost.
func (s *Scheduler) canBegin(ctx context.Context, scheduleID string) error {
	schedule, err := s.store.Schedule(ctx, scheduleID)
	if err != nil {
		return err
	}
	err = s.approved(ctx, schedule)
	var refusal *executor.Refusal
	if errors.As(err, &refusal) {
		return refuse("`%s` cannot run now. %s", schedule.Name, refusal.Text)
	}
	return err
}
