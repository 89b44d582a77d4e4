package scheduler_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/scheduler"
	"drover/store"
)

// coming are the next three times of a schedule as they are told, and after a bar when it begins next.
func (w *world) coming(s *scheduler.Scheduler, schedule store.Schedule) string {
	w.Helper()
	schedule, err := w.store.Schedule(context.Background(), schedule.ID)
	w.must(err)
	list, err := s.Coming(context.Background(), schedule, 3)
	w.must(err)
	var told []string
	for _, c := range list {
		what, by := c.Fate(time.UTC)
		if by != "" {
			what += " by " + string(by)
		}
		told = append(told, strings.TrimSpace(c.At.Format("2 15:04 ")+what))
	}
	next, err := s.Next(context.Background(), schedule)
	w.must(err)
	begins := "never"
	if next != nil {
		begins = next.BeginsAt.Format("2 15:04")
	}
	return strings.Join(told, ", ") + " | " + begins
}

// What is told of the next times is what will happen, not only what the calendar says.
func TestComing(t *testing.T) {
	var (
		skip = func(w *world, s *scheduler.Scheduler, n store.Schedule) {
			w.must(second(s.SkipNext(w.Context(), owner, n)))
		}
		delay = func(w *world, s *scheduler.Scheduler, n store.Schedule) {
			w.must(second(s.DelayNext(w.Context(), owner, n)))
		}
		run = func(w *world, s *scheduler.Scheduler, n store.Schedule) {
			w.must(second(s.RunNext(w.Context(), owner, n)))
		}
		resume = func(w *world, s *scheduler.Scheduler, n store.Schedule) { w.must(s.Resume(w.Context(), root, n)) }
		pause  = func(until time.Duration) func(*world, *scheduler.Scheduler, store.Schedule) {
			return func(w *world, s *scheduler.Scheduler, n store.Schedule) {
				var end *store.Time
				if until > 0 {
					at := w.store.Now().Add(until)
					end = &at
				}
				w.must(s.Pause(w.Context(), root, n, "holidays", end))
			}
		}
		let = func(d time.Duration) func(*world, *scheduler.Scheduler, store.Schedule) {
			return func(w *world, _ *scheduler.Scheduler, _ store.Schedule) { w.after(d) }
		}
		edit = func(cron string) func(*world, *scheduler.Scheduler, store.Schedule) {
			return func(w *world, _ *scheduler.Scheduler, n store.Schedule) {
				n.Cron = cron
				w.must(second(w.store.EditSchedule(w.Context(), owner, n, func(store.Time) bool { return false })))
			}
		}
	)
	type steps []func(*world, *scheduler.Scheduler, store.Schedule)
	for name, c := range map[string]struct {
		steps
		want string
	}{
		"as planned":                 {nil, "1 02:00, 2 02:00, 3 02:00 | 1 02:00"},
		"announced":                  {steps{let(90 * time.Minute)}, "1 02:00, 2 02:00, 3 02:00 | 1 02:00"},
		"skipped":                    {steps{skip}, "1 02:00 skipped by T1/UOWNER, 2 02:00, 3 02:00 | 2 02:00"},
		"skipped after the heads-up": {steps{let(90 * time.Minute), skip}, "1 02:00 skipped by T1/UOWNER, 2 02:00, 3 02:00 | 2 02:00"},
		"delayed":                    {steps{delay}, "1 02:00 delayed to 03:00 UTC by T1/UOWNER, 2 02:00, 3 02:00 | 1 03:00"},
		"delayed, and its time past": {steps{let(90 * time.Minute), delay, let(time.Hour)}, "1 02:00 delayed to 03:00 UTC by T1/UOWNER, 2 02:00, 3 02:00 | 1 03:00"},
		"run now":                    {steps{let(90 * time.Minute), run}, "1 02:00 begun already by T1/UOWNER, 2 02:00, 3 02:00 | 2 02:00"},
		"run now, then skipped":      {steps{let(90 * time.Minute), run, skip}, "1 02:00 begun already by T1/UOWNER, 2 02:00 skipped by T1/UOWNER, 3 02:00 | 3 02:00"},
		"run before the heads-up":    {steps{run}, "1 02:00, 2 02:00, 3 02:00 | 1 02:00"},
		"paused":                     {steps{pause(0)}, "1 02:00 paused, 2 02:00 paused, 3 02:00 paused | never"},
		"paused until":               {steps{pause(32 * time.Hour)}, "1 02:00 paused, 2 02:00 paused, 3 02:00 | 3 02:00"},
		"paused until far away":      {steps{pause(400 * time.Hour)}, "1 02:00 paused, 2 02:00 paused, 3 02:00 paused | 18 02:00"},
		"paused until its very time": {steps{pause(26 * time.Hour)}, "1 02:00 paused, 2 02:00 paused, 3 02:00 | 3 02:00"},
		"paused after the heads-up":  {steps{let(90 * time.Minute), pause(2 * time.Hour)}, "1 02:00 skipped: the schedule was paused: holidays by local:root, 2 02:00, 3 02:00 | 2 02:00"},
		"resumed after the heads-up": {steps{let(90 * time.Minute), pause(0), resume}, "1 02:00 skipped: the schedule was paused: holidays by local:root, 2 02:00, 3 02:00 | 2 02:00"},
		"edited after the heads-up":  {steps{let(90 * time.Minute), edit("0 3 * * *")}, "1 03:00, 2 03:00, 3 03:00 | 1 03:00"},
		"edited and back":            {steps{let(90 * time.Minute), edit("0 3 * * *"), edit("0 2 * * *")}, "1 02:00, 2 02:00, 3 02:00 | 1 02:00"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
				schedule := w.nightly()
				defer w.schedule(w.store)()
				for _, step := range c.steps {
					current, err := w.store.Schedule(w.Context(), schedule.ID)
					w.must(err)
					step(w, s, current)
				}
				if got := w.coming(s, schedule); got != c.want {
					t.Errorf("it is told as\n%s, want\n%s", got, c.want)
				}
			})
		})
	}
}

func second[T any](_ T, err error) error { return err }

// Somebody who was not there is asked, and that comes first.
func TestComingAfterDroverWasOff(t *testing.T) {
	inBubble(t, func(w *world) {
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly(func(s *store.Schedule) { s.Missed = store.MissedAsk })
		w.after(150 * time.Minute)
		defer w.schedule(w.store)()
		w.after(time.Second)
		want := "1 02:00 drover was not running then, and waits to be told whether to run it, 2 02:00, 3 02:00 | 1 02:00"
		if got := w.coming(s, schedule); got != want {
			t.Errorf("it is told as\n%s, want\n%s", got, want)
		}
	})
}

// One time is skipped once, and whoever skips it again learns who did.
func TestSkippedTwice(t *testing.T) {
	inBubble(t, func(w *world) {
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly()
		skipped, err := s.SkipNext(w.Context(), owner, schedule)
		w.must(err)
		for _, again := range []func(context.Context, store.Actor, store.Schedule) (store.Occurrence, error){s.SkipNext, s.DelayNext} {
			_, err = again(w.Context(), root, schedule)
			if r := refused(t, err); r.Text != "The next time of `nightly`, Sat 1 Jan 02:00 UTC, is skipped already" || r.By != owner || r.At != *skipped.DecidedAt {
				t.Errorf("again: %+v", r)
			}
		}
		if list := w.occurrences(schedule); len(list) != 1 {
			t.Errorf("recorded are %+v", list)
		}
		w.must(s.Pause(w.Context(), root, schedule, "holidays", nil))
		schedule, err = s.Find(w.Context(), "nightly")
		w.must(err)
		if _, err = s.SkipNext(w.Context(), root, schedule); !strings.Contains(refused(t, err).Text, "is paused, and begins at no time") {
			t.Errorf("paused: %v", err)
		}
	})
}

// What is delayed long before is announced at once, begins an hour later, and once.
func TestDelayedLongBefore(t *testing.T) {
	inBubble(t, func(w *world) {
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly(func(s *store.Schedule) { s.Duration, s.Cutoff = store.Span(3*time.Hour), 0 })
		defer w.work(w.store, time.Minute)()
		defer w.schedule(w.store)()
		if _, err := s.DelayNext(w.Context(), w.person("UVIEWER", store.Viewer, ""), schedule); !strings.Contains(refused(t, err).Text, "it needs the role operator") {
			t.Errorf("by a viewer: %v", err)
		}
		o, err := s.DelayNext(w.Context(), owner, schedule)
		w.must(err)
		if got := w.messages(o.ID); !slices.Equal(got, []string{"headsup"}) {
			t.Errorf("told is %v", got)
		}
		if _, err := s.DelayNext(w.Context(), root, schedule); !strings.Contains(refused(t, err).Text, "was delayed already") {
			t.Errorf("again: %v", err)
		}
		w.after(170 * time.Minute)
		w.is(w.last(schedule), store.OccurrenceAnnounced, "", 0)
		w.after(12 * time.Minute)
		w.is(w.last(schedule), store.OccurrenceDone, "", 1)
		if list := w.occurrences(schedule); len(list) != 1 || w.runs(list[0])[0].CreatedAt.Format(time.TimeOnly) != "03:00:00" {
			t.Errorf("recorded are %+v", list)
		}
	})
}

func TestNoDelayBeyondTheCutoff(t *testing.T) {
	inBubble(t, func(w *world) {
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly(func(s *store.Schedule) { s.Duration = store.Span(90 * time.Minute) })
		if _, err := s.DelayNext(w.Context(), owner, schedule); !strings.Contains(refused(t, err).Text, "An hour later nothing of `nightly` may begin") {
			t.Errorf("%v", err)
		}
	})
}
