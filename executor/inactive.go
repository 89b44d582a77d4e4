package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"drover/store"
)

// Inactive says what keeps a schedule from running, as its approvals stand; "": nothing does, or it is not known. What
// holds its servers now does not count: that may be over by then.
func (e *Engine) Inactive(ctx context.Context, schedule store.Schedule) (string, error) {
	standing := store.Standing{ScheduleID: schedule.ID, Revision: schedule.Revision}
	asked, err := e.store.StandingRuns(ctx, standing)
	if err != nil {
		return "", err
	}
	if why := unapproved(asked); why != "" {
		return why, nil
	}
	requests, err := ScheduledRequests(schedule)
	if err != nil {
		return "", err
	}
	for _, request := range requests {
		request.Standing, request.Inherited = &standing, true
		if why, err := e.lapsed(ctx, request); err != nil || why != "" {
			return why, err
		}
	}
	return "", nil
}

// unapproved says what is not approved yet, or was not, by the runs that asked for it.
func unapproved(asked []store.Run) string {
	waits := ""
	for _, run := range asked {
		switch run.State {
		case store.Succeeded:
		case store.AwaitingApproval:
			waits = fmt.Sprintf("waits for approval #%d", run.Number)
		default:
			return fmt.Sprintf("is not approved (#%d ended %s; an edit asks again)", run.Number, run.State)
		}
	}
	return waits
}

// lapsed says why what was approved with a revision of a schedule does not count any more.
func (e *Engine) lapsed(ctx context.Context, r Request) (string, error) {
	var refusal *Refusal
	plan, err := e.Plan(ctx, r)
	if errors.As(err, &refusal) {
		return "", nil // it is not about approvals
	}
	if err == nil {
		_, err = e.asApproved(ctx, r, plan, *r.Standing)
	}
	switch {
	case errors.As(err, &refusal) && refusal.Unsure:
		return "", nil
	case errors.As(err, &refusal):
		reason, _, _ := strings.Cut(refusal.Reason(), " Ask again")
		return fmt.Sprintf("is not approved (%s; an edit asks again)", strings.TrimSuffix(reason, ".")), nil
	}
	return "", err
}
