package scheduler_test

import (
	"context"
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
// both, and with people who pause, resume and edit: every opening is recorded once, none is lost but what people took away,
// none is invented, and each that somebody was there for ran once.
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
		hands := make([]hand, len(yearly))
		var all sync.WaitGroup
		for i := range lives {
			all.Go(func() { lives[i].live(w, end) })
		}
		for i, y := range yearly {
			hands[i] = hand{
				scheduler: scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()}), random: rand.New(rand.NewPCG(5, uint64(i))),
				stores: []*store.Store{lives[0].store, lives[1].store}, name: y.name, notify: y.notify, want: y.fields.oracleOf(t, y.zone, y.nth, begin, end),
			}
			all.Go(func() { hands[i].meddle(w, end) })
		}
		all.Wait()
		for _, h := range hands {
			w.compare(h, lives[:], end)
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

// hand is somebody's who pauses and edits one schedule, most of it shortly before it opens.
type hand struct {
	scheduler *scheduler.Scheduler
	random    *rand.Rand
	stores    []*store.Store // of the processes
	name      string
	notify    time.Duration
	want      []time.Time
	pauses    [][2]time.Time
	edits     [][2]time.Time // to another calendar and back
}

func (h *hand) upTo(d time.Duration) time.Duration { return time.Duration(h.random.Int64N(int64(d))) }

// meddle does something every few openings. In the last days of the year it does nothing: see elsewhere.
func (h *hand) meddle(w *world, end time.Time) {
	for i := h.random.IntN(4); i < len(h.want); i += 2 + h.random.IntN(8) {
		at := h.want[i].Add(-h.upTo(3 * time.Hour))
		if at.Before(time.Now()) {
			continue
		}
		if at.After(end.AddDate(0, 0, -10)) {
			return
		}
		<-time.After(time.Until(at))
		if h.random.IntN(2) == 0 {
			h.pause(w)
		} else {
			h.edit(w)
		}
	}
}

// done has every process see what was done, as Watch would: four times a second is too often for a year.
func (h *hand) done(w *world) {
	for _, s := range h.stores {
		w.must(s.SaveUser(context.Background(), store.User{TeamID: "T1", SlackID: "UHAND", Name: h.name}))
	}
}

// pause pauses until a time, and every other time resumes before that.
func (h *hand) pause(w *world) {
	from, ctx := time.Now(), context.Background()
	until := store.Time{Time: from.Add(time.Hour + h.upTo(48*time.Hour)).Truncate(time.Microsecond)}
	schedule, err := h.scheduler.Find(ctx, h.name)
	w.must(err)
	w.must(h.scheduler.Pause(ctx, root, schedule, "holidays", &until))
	h.done(w)
	if h.random.IntN(2) == 0 {
		h.pauses = append(h.pauses, [2]time.Time{from, until.Time})
		<-time.After(time.Until(until.Time) + time.Second)
		return
	}
	<-time.After(h.upTo(until.Sub(from)) / 2)
	w.must(h.scheduler.Resume(ctx, root, schedule))
	h.done(w)
	h.pauses = append(h.pauses, [2]time.Time{from, time.Now()})
}

// elsewhere is a calendar that does not open while somebody meddles.
const elsewhere = "59 23 31 12 *"

// edit takes a schedule to another calendar, and a while later back.
func (h *hand) edit(w *world) {
	from, ctx := time.Now(), context.Background()
	schedule, err := h.scheduler.Find(ctx, h.name)
	w.must(err)
	before := schedule.Window
	schedule.Cron, schedule.Nth = elsewhere, ""
	schedule, err = h.scheduler.Edit(ctx, root, schedule)
	w.must(err)
	h.done(w)
	<-time.After(time.Second + h.upTo(2*time.Hour))
	schedule.Window = before
	_, err = h.scheduler.Edit(ctx, root, schedule)
	w.must(err)
	h.done(w)
	h.edits = append(h.edits, [2]time.Time{from, time.Now()})
}

// takenAway says whether somebody kept a schedule from an opening: it was paused or another then, or had been announced
// when it was paused.
func (h *hand) takenAway(o time.Time) bool {
	at := func(off [2]time.Time) bool { return !o.Before(off[0]) && o.Before(off[1]) }
	announced := func(off [2]time.Time) bool { return o.After(off[0]) && !o.Add(-h.notify).After(off[0]) }
	return slices.ContainsFunc(h.edits, at) || slices.ContainsFunc(h.pauses, at) || slices.ContainsFunc(h.pauses, announced)
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

// compare compares what was recorded of a schedule with what its oracle wants.
func (w *world) compare(h hand, lives []life, end time.Time) {
	w.Helper()
	ctx := context.Background()
	schedule, err := w.store.ScheduleNamed(ctx, h.name)
	w.must(err)
	got, err := w.store.OccurrencesOf(ctx, schedule.ID, 10_000)
	w.must(err)
	recorded := map[time.Time]store.Occurrence{}
	for _, o := range got {
		recorded[o.StartsAt.Time] = o
		if !slices.ContainsFunc(h.want, o.StartsAt.Equal) && (o.StartsAt.Before(end) || o.State != store.OccurrenceAnnounced) {
			w.Errorf("%s: %s was invented: %s", h.name, o.StartsAt, o.State)
		}
	}
	counts := map[store.OccurrenceState]int{}
	taken := 0
	for _, at := range h.want {
		o, ok := recorded[at.UTC()]
		if h.takenAway(at) {
			taken++
			if ok && o.State == store.OccurrenceDone {
				w.Errorf("%s at %s ran, and somebody had taken it away", h.name, at)
			}
			continue
		}
		if !ok {
			w.Errorf("%s at %s is lost", h.name, at)
			continue
		}
		counts[o.State]++
		runs, err := w.store.RunsOf(ctx, o.ID)
		w.must(err)
		if ran := o.State == store.OccurrenceDone; ran != (len(runs) == 1) || len(runs) > 1 {
			w.Errorf("%s at %s is %s with %d runs", h.name, at, o.State, len(runs))
		}
		if there(lives, at) && o.State != store.OccurrenceDone {
			w.Errorf("%s at %s is %s %q, and drover was there", h.name, at, o.State, o.Reason)
		}
	}
	w.Logf("%s: %d openings, %d taken away by %d pauses and %d edits, %v", h.name, len(h.want), taken, len(h.pauses), len(h.edits), counts)
	if counts[store.OccurrenceDone] < len(h.want)/2 {
		w.Errorf("%s: of %d openings only %d ran", h.name, len(h.want), counts[store.OccurrenceDone])
	}
}
