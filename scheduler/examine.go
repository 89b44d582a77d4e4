package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"drover/executor"
	"drover/store"
)

// Examine checks that each schedule would run when its window opens next: that it opens again, that its owner has the
// rights, and that it is approved where it needs that.
func Examine(ctx context.Context, s *store.Store) ([]executor.Finding, error) {
	log := slog.New(slog.DiscardHandler)
	sched := New(Config{Store: s, Engine: executor.New(executor.Config{Store: s, Log: log}), Log: log})
	all, err := s.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	var list []executor.Finding
	for _, schedule := range all {
		f, err := sched.examine(ctx, schedule)
		if err != nil {
			return nil, fmt.Errorf("examine schedule %s: %w", schedule.Name, err)
		}
		f.Subject, f.Check = "schedules", schedule.Name
		list = append(list, f)
	}
	return list, nil
}

func (s *Scheduler) examine(ctx context.Context, schedule store.Schedule) (f executor.Finding, err error) {
	if schedule.PausedAt != nil {
		f.Grade, f.Text = executor.Fine, "paused: "+schedule.PausedReason
		if schedule.PausedBy == store.Drover {
			f.Grade, f.Text = executor.Worth, fmt.Sprintf("stopped: %s Somebody with the rights takes it over with `drover schedule edit %s`", schedule.PausedReason, schedule.Name)
		}
		return f, nil
	}
	next, err := s.Next(ctx, schedule)
	if err != nil {
		return f, err
	}
	if next == nil {
		f.Grade, f.Text = executor.Worth, fmt.Sprintf("it does not begin any more: `drover schedule edit %s` or `remove`", schedule.Name)
		return f, nil
	}
	request, err := executor.ScheduledRequest(schedule)
	if err != nil {
		return f, err
	}
	whose := fmt.Sprintf("it would not run for its owner %s", s.engine.Name(ctx, schedule.Owner))
	err = s.engine.Allowed(ctx, schedule.Owner, store.Viewer, request)
	if err == nil {
		whose, err = "it would not run", s.approved(ctx, schedule)
	}
	var refusal *executor.Refusal
	if errors.As(err, &refusal) {
		f.Grade, f.Text = executor.Worth, whose+": "+refusal.Reason()
		return f, nil
	}
	f.Grade, f.Text = executor.Fine, "begins next "+next.BeginsAt.Local().Format("Mon 2006-01-02 15:04 MST")
	return f, err
}
