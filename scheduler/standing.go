package scheduler

import (
	"context"
	"errors"

	"drover/executor"
	"drover/store"
)

// asking is a request that only asks for what a revision of a schedule may do from then on.
func asking(schedule store.Schedule, request executor.Request) executor.Request {
	request.Standing = &store.Standing{ScheduleID: schedule.ID, Revision: schedule.Revision}
	request.Reason, request.Channel = executor.StandingReason(schedule), schedule.Channel
	return request
}

// ask asks for the approvals that a new revision needs. Until they are given, it does not run.
func (s *Scheduler) ask(ctx context.Context, schedule store.Schedule) error {
	requests, err := executor.ScheduledRequests(schedule)
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
	requests, err := executor.ScheduledRequests(schedule)
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

// Inactive says what keeps a schedule from running, as its approvals stand, or "".
func (s *Scheduler) Inactive(ctx context.Context, schedule store.Schedule) (string, error) {
	return s.engine.Inactive(ctx, schedule)
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
