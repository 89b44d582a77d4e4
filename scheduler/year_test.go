package scheduler_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"drover/scheduler"
	"drover/store"
)

// yearly are the schedules of the year: with gaps, overlaps, shifts of half an hour, and days that count.
var yearly = []struct {
	name, zone, nth string
	notify          time.Duration
	fields          fields
}{
	{"berlin", "Europe/Berlin", "", time.Hour, daily([]int{0, 30}, []int{2}, "0,30 2 * * *")},
	{"new-york", "America/New_York", "", 0, daily([]int{30}, []int{1}, "30 1 * * *")},
	{"lord-howe", "Australia/Lord_Howe", "", 10 * time.Minute, daily([]int{45}, []int{1}, "45 1 * * *")},
	{"kathmandu", "Asia/Kathmandu", "", 0, weekly([]int{0}, []int{3}, 0, "0 3 * * sun")},
	{"santiago", "America/Santiago", "last", 24 * time.Hour, weekly([]int{0}, []int{0}, 0, "0 0 * * 0")},
}

func daily(minute, hour []int, text string) fields {
	return fields{minute: minute, hour: hour, dom: numbers(1, 31), month: numbers(1, 12), dow: numbers(0, 6), text: text}
}

func weekly(minute, hour []int, day int, text string) fields {
	f := daily(minute, hour, text)
	f.dow = []int{day}
	return f
}

// A year of several schedules, with two processes on one database that are restarted at random times, now and then
// both: every opening is recorded once, none is lost, none is invented, and each that somebody was there for ran once.
func TestAYear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		begin := time.Now()
		for _, y := range yearly {
			w.add(store.Schedule{
				Name: y.name, Window: store.Window{Cron: y.fields.text, Nth: y.nth, Timezone: y.zone, Duration: store.Span(2 * time.Hour), Cutoff: store.Span(time.Hour)},
				NotifyBefore: store.Span(y.notify),
			})
		}
		end := begin.AddDate(1, 0, 0)
		lives := [2]life{{store: w.store, random: rand.New(rand.NewPCG(1, 2))}, {store: w.open(), random: rand.New(rand.NewPCG(3, 4))}}
		var both sync.WaitGroup
		for i := range lives {
			both.Go(func() { lives[i].live(w, end) })
		}
		both.Wait()
		for _, y := range yearly {
			w.compare(y.name, y.fields.oracleOf(t, y.zone, y.nth, begin, end), lives[:], end)
		}
	})
}

// life is that of one process: from when to when it ran.
type life struct {
	store  *store.Store
	random *rand.Rand
	ran    [][2]time.Time
}

func (l *life) live(w *world, end time.Time) {
	defer w.work(l.store, time.Minute)()
	for time.Now().Before(end) {
		from := time.Now()
		stop := w.schedule(l.store)
		<-time.After(min(end.Sub(from), time.Duration(l.random.Int64N(int64(10*24*time.Hour)))))
		stop()
		l.ran = append(l.ran, [2]time.Time{from, time.Now()})
		<-time.After(time.Duration(l.random.Int64N(int64(36 * time.Hour))))
	}
}

// there says whether somebody was there at a time and for a while after it.
func there(lives []life, at time.Time) bool {
	return slices.ContainsFunc(lives, func(l life) bool {
		return slices.ContainsFunc(l.ran, func(ran [2]time.Time) bool { return !at.Before(ran[0]) && at.Add(time.Minute).Before(ran[1]) })
	})
}

// oracleOf is the oracle with the days of the month that count.
func (f fields) oracleOf(t *testing.T, zone, nth string, from, until time.Time) []time.Time {
	location, err := scheduler.LoadZone(zone)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(f.oracle(location, from, until), func(at time.Time) bool {
		return nth == "last" && at.In(location).AddDate(0, 0, 7).Month() == at.In(location).Month()
	})
}

func (w *world) add(schedule store.Schedule) store.Schedule {
	w.Helper()
	schedule.Selector, schedule.Options, schedule.Reboot, schedule.Channel = "tag:prod", "{}", store.RebootNever, ops
	if schedule.Action == "" {
		schedule.Action = "peek"
	}
	if schedule.Missed == "" {
		schedule.Missed = store.MissedIfOpen
	}
	schedule, err := w.store.AddSchedule(w.Context(), owner, schedule)
	w.must(err)
	return schedule
}

func (w *world) compare(name string, want []time.Time, lives []life, end time.Time) {
	w.Helper()
	ctx := context.Background()
	schedule, err := w.store.ScheduleNamed(ctx, name)
	w.must(err)
	got, err := w.store.OccurrencesOf(ctx, schedule.ID, 10_000)
	w.must(err)
	slices.Reverse(got)
	counts := map[store.OccurrenceState]int{}
	last := len(got)
	for i, at := range want {
		if i >= last || !got[i].StartsAt.Equal(at) {
			w.Fatalf("%s: opening %d of %d should be %s, and is %s", name, i, len(want), at, openingAt(got, i))
		}
		counts[got[i].State]++
		runs, err := w.store.RunsOf(ctx, got[i].ID)
		w.must(err)
		if ran := got[i].State == store.OccurrenceDone; ran != (len(runs) == 1) || len(runs) > 1 {
			w.Errorf("%s at %s is %s with %d runs", name, at, got[i].State, len(runs))
		}
		if there(lives, at) && got[i].State != store.OccurrenceDone {
			w.Errorf("%s at %s is %s %q, and drover was there", name, at, got[i].State, got[i].Reason)
		}
	}
	for _, o := range got[len(want):] {
		if o.StartsAt.Before(end) || o.State != store.OccurrenceAnnounced {
			w.Errorf("%s: %s was invented: %s", name, o.StartsAt, o.State)
		}
	}
	w.Logf("%s: %d openings, %v", name, len(want), counts)
	if counts[store.OccurrenceDone] < len(want)/2 {
		w.Errorf("%s: of %d openings only %d ran", name, len(want), counts[store.OccurrenceDone])
	}
}

func openingAt(list []store.Occurrence, i int) string {
	if i < len(list) {
		return list[i].StartsAt.String()
	}
	return fmt.Sprintf("missing after %d", len(list))
}
