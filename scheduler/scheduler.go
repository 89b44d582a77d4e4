package scheduler

import (
	"context"
	"log/slog"
	"time"

	"drover/executor"
	"drover/store"
)

const (
	// longestSleep bounds how long the scheduler trusts a timer: while a machine is suspended or its clock is set, timers
	// know nothing of it.
	longestSleep = 30 * time.Second
	// lateAfter is how late an opening may begin before it counts as missed.
	lateAfter = 2 * longestSleep
	// breath is the least time between two looks at the rows: many commits are looked at together.
	breath = 200 * time.Millisecond
	// retryAfter is when something that failed is tried again.
	retryAfter = 10 * time.Second
	// idle is how far ahead nothing is planned.
	idle = 24 * time.Hour
)

// Config is what a scheduler needs.
type Config struct {
	Store  *store.Store
	Engine *executor.Engine
	Log    *slog.Logger
}

// Scheduler asks the engine for the runs of schedules when their windows open.
type Scheduler struct {
	store  *store.Store
	engine *executor.Engine
	log    *slog.Logger
}

// New makes a scheduler.
func New(c Config) *Scheduler {
	return &Scheduler{store: c.Store, engine: c.Engine, log: c.Log}
}

// Run does what is due until ctx ends. What it does not finish, the next one does: all it knows is in rows.
func (s *Scheduler) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		changed := s.store.Changed()
		s.sleep(ctx, changed, s.pass(ctx))
	}
	return nil
}

// pass does everything that is due, and says when the next thing will be.
func (s *Scheduler) pass(ctx context.Context) time.Time {
	next := s.now().Add(idle)
	look := func(what string, due time.Time, err error) {
		if err != nil && ctx.Err() == nil {
			s.log.Error("a schedule cannot go on; trying again", "schedule", what, "error", err)
			due = s.now().Add(retryAfter)
		}
		if !due.IsZero() && due.Before(next) {
			next = due
		}
	}
	schedules, err := s.store.Schedules(ctx)
	look("all", time.Time{}, err)
	for _, schedule := range schedules {
		due, err := s.consider(ctx, schedule)
		look(schedule.Name, due, err)
	}
	open, err := s.store.OpenOccurrences(ctx)
	look("all", time.Time{}, err)
	for _, o := range open {
		due, err := s.advance(ctx, o)
		look(o.Schedule, due, err)
	}
	return next
}

func (s *Scheduler) now() time.Time { return s.store.Now().Time }

// sleep waits until something is due by the clock on the wall, or the rows change.
func (s *Scheduler) sleep(ctx context.Context, changed <-chan struct{}, due time.Time) {
	pause(ctx, nil, breath)
	for ctx.Err() == nil {
		left := due.Sub(s.now())
		if left <= 0 || pause(ctx, changed, min(left, longestSleep)) {
			return
		}
	}
}

// pause waits for a while, and says whether the rows changed meanwhile.
func pause(ctx context.Context, changed <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-changed:
		return true
	case <-timer.C:
		return false
	}
}
