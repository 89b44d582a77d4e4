package scheduler_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/scheduler"
	"drover/store"
)

// edit changes a schedule as an admin would, by its newest revision.
func (w *world) edit(s *scheduler.Scheduler, words ...string) store.Schedule {
	w.Helper()
	schedule, err := s.Find(w.Context(), "nightly")
	w.must(err)
	schedule, err = s.Define(schedule, written(words...))
	w.must(err)
	schedule, err = s.Edit(w.Context(), root, schedule)
	w.must(err)
	return schedule
}

// An edit that is taken back takes nothing away, not even what was announced before it.
func TestAnEditIsTakenBack(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly()
		defer w.schedule(w.store)()
		w.after(70 * time.Minute)
		announced := w.last(schedule)
		w.edit(s, "cron=0 3 * * *")
		w.after(10 * time.Minute)
		w.is(w.last(schedule), store.OccurrenceSkipped, "the schedule was edited", 0)
		w.edit(s, "cron=0 2 * * *", "cutoff=10m", "channel=C0OTHER")
		w.after(10 * time.Minute)
		o := w.last(schedule)
		if w.is(o, store.OccurrenceAnnounced, "", 0); o.ID != announced.ID || o.DecidedBy != "" || o.Revision != 3 || o.Channel != "C0OTHER" ||
			o.CutoffAt.Format(time.TimeOnly) != "03:50:00" {
			t.Errorf("it is announced anew as %+v", o)
		}
		if got := w.messages(o.ID); !slices.Equal(got, []string{"headsup"}) {
			t.Errorf("told is %v", got)
		}
		w.after(time.Hour)
		w.is(w.last(schedule), store.OccurrenceDone, "", 1)
		if got := w.occurrences(schedule); len(got) != 1 {
			t.Errorf("there are %+v", got)
		}
	})
}

// Whoever skipped a night has skipped it, however the schedule is edited.
func TestAnEditBringsBackNothingThatSomebodySkipped(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly()
		defer w.schedule(w.store)()
		w.after(70 * time.Minute)
		w.must(s.Skip(w.Context(), owner, w.last(schedule).ID))
		w.edit(s, "cron=0 3 * * *")
		w.edit(s, "cron=0 2 * * *")
		w.after(2 * time.Hour)
		w.is(w.last(schedule), store.OccurrenceSkipped, "", 0)
	})
}

// A night that was delayed is the calendar's like any other: without the opening there is no delay of it.
func TestAnEditTakesAwayWhatWasDelayed(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly()
		defer w.schedule(w.store)()
		w.after(70 * time.Minute)
		w.must(s.Delay(w.Context(), owner, w.last(schedule).ID))
		w.edit(s, "duration=3h")
		w.after(time.Minute)
		if o := w.last(schedule); o.State != store.OccurrenceAnnounced || !o.BeginsAt.After(o.StartsAt.Time) {
			t.Errorf("an edit that keeps the night makes it %+v", o)
		}
		w.edit(s, "cron=0 2 * * wed") // it is Saturday
		w.after(12 * time.Hour)
		w.is(w.last(schedule), store.OccurrenceSkipped, "the schedule was edited", 0)
	})
}

// What is announced already tells where the schedule tells by now, unless it is posted.
func TestAnEditOfTheChannel(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly()
		defer w.schedule(w.store)()
		w.after(70 * time.Minute)
		w.edit(s, "channel=C0OTHER")
		w.after(2 * time.Hour)
		o := w.last(schedule)
		w.is(o, store.OccurrenceDone, "", 1)
		behind, err := w.store.Behind(w.Context())
		w.must(err)
		for _, m := range behind {
			if m.Channel != "C0OTHER" {
				t.Errorf("the %s %s is for %s", m.Kind, m.Key, m.Channel)
			}
		}
		if run := w.runs(o)[0]; run.Channel != "C0OTHER" || len(behind) != 4 {
			t.Errorf("the card is for %s, of %d messages", run.Channel, len(behind))
		}
	})
}

// What was missed since a pause was over is recorded before it is edited, too.
func TestAnEditAfterAPauseForgetsNothing(t *testing.T) {
	inBubble(t, func(w *world) {
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly()
		until := store.Time{Time: time.Date(2000, 1, 2, 12, 0, 0, 0, time.UTC)}
		w.must(s.Pause(w.Context(), root, schedule, "holidays", &until))
		w.after(98 * time.Hour) // to the morning of the fifth day, and nobody was there
		w.edit(s, "cron=0 5 * * *")
		var got []string
		for _, o := range w.occurrences(schedule) {
			got = append(got, fmt.Sprintf("%d %s", o.StartsAt.Day(), o.State))
		}
		if want := "3 missed, 4 missed, 5 skipped"; strings.Join(got, ", ") != want {
			t.Errorf("recorded are %v, want %s", got, want)
		}
	})
}
