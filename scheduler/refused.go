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

// knownAfter is when it is looked at again what drover did not know. What it learns meanwhile is a change of rows, and seen
// at once.
const knownAfter = time.Minute

// ready makes sure that a schedule's request need not be refused for what drover does not know at the moment, and that it
// is approved. Unlike a request it leaves no trace, however often it is asked. The error is a *Refusal when it is not.
func (s *Scheduler) ready(ctx context.Context, schedule store.Schedule, request executor.Request) error {
	lost, err := s.lost(ctx, schedule, request)
	if err != nil {
		return err
	}
	if lost != nil && lost.Unsure {
		return lost
	}
	return s.approved(ctx, schedule)
}

// lost is why the owner of a schedule may not ask for something by their rights; nil: they may.
func (s *Scheduler) lost(ctx context.Context, schedule store.Schedule, request executor.Request) (*executor.Refusal, error) {
	err := s.engine.Allowed(ctx, schedule.Owner, store.Viewer, request)
	var refusal *executor.Refusal
	if !errors.As(err, &refusal) {
		return nil, err
	}
	if refusal.Kind != executor.Policy {
		return nil, nil
	}
	return refusal, nil
}

// refused ends an occurrence whose run was refused. When it is the owner's rights that are gone, the schedule stops: the
// next night would be no better. As long as drover only does not know whether they may, it waits.
func (s *Scheduler) refused(ctx context.Context, schedule store.Schedule, o store.Occurrence, request executor.Request, refusal *executor.Refusal) (next time.Time, err error) {
	lost, err := s.lost(ctx, schedule, request)
	switch {
	case err != nil:
	case lost != nil && lost.Unsure:
		_, err = s.store.WaitOccurrence(ctx, o.ID, fmt.Sprintf("Whether its owner %s may run it is not known: %s.", s.engine.Name(ctx, schedule.Owner), lost.Reason()))
		next = s.now().Add(knownAfter)
	case refusal.Unsure:
		_, err = s.store.WaitOccurrence(ctx, o.ID, refusal.Reason())
		next = s.now().Add(knownAfter)
	case lost != nil:
		_, err = s.store.StopSchedule(ctx, schedule, o.ID, s.hasLost(ctx, schedule, lost))
	default:
		_, err = s.store.EndOccurrence(ctx, o.ID, store.OccurrenceRefused, refusal.Reason())
	}
	return next, err
}

// hasLost says who stops a schedule, and why.
func (s *Scheduler) hasLost(ctx context.Context, schedule store.Schedule, lost *executor.Refusal) string {
	return fmt.Sprintf("its owner %s has lost the right: %s.", s.engine.Name(ctx, schedule.Owner), strings.TrimSuffix(lost.Reason(), "."))
}
