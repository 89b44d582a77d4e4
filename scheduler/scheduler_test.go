package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"drover/executor"
	"drover/scheduler"
	"drover/store"
)

// inBubble runs a test by a clock of its own, which begins at midnight on 1 January 2000 and moves when all wait.
func inBubble(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(newWorld(t)) })
}

// after lets time pass, and whatever is due then be done.
func (w *world) after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// nightly is a schedule at 02:00, announced an hour before, with a window of two hours of which the last half hour is kept free.
func (w *world) nightly(change ...func(*store.Schedule)) store.Schedule {
	w.Helper()
	schedule := store.Schedule{
		Name: "nightly", Window: store.Window{Cron: "0 2 * * *", Timezone: "UTC", Duration: store.Span(2 * time.Hour), Cutoff: store.Span(30 * time.Minute)},
		NotifyBefore: store.Span(time.Hour),
	}
	for _, c := range change {
		c(&schedule)
	}
	return w.add(schedule)
}

func (w *world) occurrences(schedule store.Schedule) []store.Occurrence {
	w.Helper()
	list, err := w.store.OccurrencesOf(context.Background(), schedule.ID, 1000)
	w.must(err)
	slices.Reverse(list)
	return list
}

func (w *world) last(schedule store.Schedule) store.Occurrence {
	w.Helper()
	list := w.occurrences(schedule)
	if len(list) == 0 {
		w.Fatal("nothing was considered")
	}
	return list[len(list)-1]
}

func (w *world) runs(o store.Occurrence) []store.Run {
	w.Helper()
	runs, err := w.store.RunsOf(context.Background(), o.ID)
	w.must(err)
	return runs
}

// messages are the kinds and keys of all messages that are to be posted, and of whom.
func (w *world) messages(owner string) []string {
	w.Helper()
	behind, err := w.store.Behind(context.Background())
	w.must(err)
	var list []string
	for _, m := range behind {
		if m.Owner == owner {
			list = append(list, strings.Trim(string(m.Kind)+" "+m.Key, " "))
		}
	}
	slices.Sort(list)
	return list
}

func (w *world) is(o store.Occurrence, state store.OccurrenceState, reason string, runs int) {
	w.Helper()
	if o.State != state || !strings.Contains(o.Reason, reason) || len(w.runs(o)) != runs {
		w.Errorf("at %s it is %s %q with %d runs, want %s %q with %d", o.StartsAt.Format(time.DateTime), o.State, o.Reason, len(w.runs(o)), state, reason, runs)
	}
}

func TestANight(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, 20*time.Minute)()
		schedule := w.nightly()
		defer w.schedule(w.store)()
		w.after(59 * time.Minute)
		if list := w.occurrences(schedule); len(list) != 0 {
			t.Fatalf("too early: %+v", list)
		}
		w.after(time.Minute + time.Second)
		o := w.last(schedule)
		w.is(o, store.OccurrenceAnnounced, "", 0)
		if got := w.messages(o.ID); !slices.Equal(got, []string{"headsup"}) {
			t.Errorf("told is %v", got)
		}
		w.after(time.Hour)
		o = w.last(schedule)
		w.is(o, store.OccurrenceRunning, "", 1)
		run := w.runs(o)[0]
		if run.RequestedBy != owner || run.Origin != store.Scheduled || run.Schedule != "nightly" || run.Channel != ops || len(run.Targets) != 3 ||
			run.BeginBy.Format(time.TimeOnly) != "03:30:00" || run.CreatedAt.Format(time.TimeOnly) != "02:00:00" {
			t.Errorf("the run is %+v", run)
		}
		w.after(20 * time.Minute)
		o = w.last(schedule)
		w.is(o, store.OccurrenceDone, "", 1)
		if got := w.messages(o.ID); !slices.Equal(got, []string{"headsup", "report", "report details"}) {
			t.Errorf("told is %v", got)
		}
	})
}

func TestWhenNobodyWasThere(t *testing.T) {
	type when struct{ goes, comes string }
	for name, c := range map[string]struct {
		policy store.MissedPolicy
		when
		state  store.OccurrenceState
		reason string
		runs   int
	}{
		"by default it runs while its window is open":        {"if-open", when{"00:30", "03:29"}, store.OccurrenceRunning, "", 1},
		"after the cutoff it does not":                       {"if-open", when{"00:30", "03:31"}, store.OccurrenceMissed, "its window is over", 0},
		"what was announced before, too":                     {"if-open", when{"01:30", "03:00"}, store.OccurrenceRunning, "", 1},
		"and is missed as well":                              {"if-open", when{"01:30", "04:00"}, store.OccurrenceMissed, "its window is over", 0},
		"skip only tells":                                    {"skip", when{"00:30", "02:30"}, store.OccurrenceMissed, "drover was not running", 0},
		"skip tells of what was announced, too":              {"skip", when{"01:30", "02:30"}, store.OccurrenceMissed, "drover was not running", 0},
		"ask asks":                                           {"ask", when{"00:30", "02:30"}, store.OccurrenceAsked, "", 0},
		"ask asks about what was announced":                  {"ask", when{"01:30", "02:30"}, store.OccurrenceAsked, "", 0},
		"a restart in the same minute misses nothing":        {"skip", when{"01:59", "02:00"}, store.OccurrenceRunning, "", 1},
		"a short absence does not either":                    {"skip", when{"01:30", "02:01"}, store.OccurrenceRunning, "", 1},
		"an absence before its time is none of its business": {"skip", when{"00:10", "01:50"}, store.OccurrenceRunning, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				schedule := w.nightly(func(s *store.Schedule) { s.Missed = c.policy })
				until := func(clock string) {
					at, err := time.Parse(time.DateTime, "2000-01-01 "+clock+":00")
					w.must(err)
					w.after(time.Until(at))
				}
				stop := w.schedule(w.store)
				until(c.goes)
				stop()
				until(c.comes)
				defer w.schedule(w.store)()
				w.after(15 * time.Minute)
				w.is(w.last(schedule), c.state, c.reason, c.runs)
				if n := len(w.occurrences(schedule)); n != 1 {
					t.Errorf("there are %d occurrences", n)
				}
			})
		})
	}
}

func TestWhatIsAskedAboutIsMissedInTheEnd(t *testing.T) {
	inBubble(t, func(w *world) {
		schedule := w.nightly(func(s *store.Schedule) { s.Missed, s.NotifyBefore = store.MissedAsk, 0 })
		w.after(150 * time.Minute)
		defer w.schedule(w.store)()
		w.after(time.Minute)
		o := w.last(schedule)
		w.is(o, store.OccurrenceAsked, "", 0)
		if got := w.messages(o.ID); !slices.Equal(got, []string{"headsup"}) {
			t.Errorf("told is %v", got)
		}
		w.after(time.Hour)
		w.is(w.last(schedule), store.OccurrenceMissed, "nobody said to run it", 0)
	})
}

func TestOfManyMissedOnlyTheNewestRuns(t *testing.T) {
	inBubble(t, func(w *world) {
		schedule := w.nightly(func(s *store.Schedule) { s.Cron = "*/10 * * * *" })
		w.after(24*time.Hour + time.Minute)
		defer w.schedule(w.store)()
		w.after(time.Second)
		list := w.occurrences(schedule)
		past := list[:51]
		for _, o := range past[:50] {
			w.is(o, store.OccurrenceMissed, "drover was not running", 0)
		}
		w.is(past[50], store.OccurrenceRunning, "", 1)
		if got := past[0].Reason; !strings.Contains(got, "93 earlier ones are not listed") { // 24 hours are 144
			t.Errorf("of the others it says %q", got)
		}
		reports := 0
		for _, o := range list {
			reports += len(slices.DeleteFunc(w.messages(o.ID), func(m string) bool { return m != "report" }))
		}
		if reports != 1 {
			t.Errorf("%d reports tell of them", reports)
		}
	})
}

func TestAScheduleNeverOverlapsItself(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, 25*time.Hour)()
		schedule := w.nightly()
		defer w.schedule(w.store)()
		w.after(51 * time.Hour) // 03:00 on the third day: the first run took until 03:00 on the second
		list := w.occurrences(schedule)
		w.is(list[0], store.OccurrenceDone, "", 1)
		w.is(list[1], store.OccurrenceSkipped, "#1, its run before, is not over yet", 0)
		w.is(list[2], store.OccurrenceRunning, "", 1)
		if got := w.messages(list[1].ID); !slices.Equal(got, []string{"headsup", "report"}) {
			t.Errorf("of the one that was skipped is told %v", got)
		}
	})
}

func TestAnOwnerWhoLostTheirRightsStopsTheSchedule(t *testing.T) {
	for name, c := range map[string]struct {
		lose func(w *world)
		why  string
	}{
		"no role": {func(w *world) { w.take(owner, store.Operator) }, "no role in drover."},
		"deactivated": {func(w *world) {
			w.must(w.store.SaveUser(w.Context(), store.User{TeamID: "T1", SlackID: "UOWNER", Name: "owner", Deactivated: true}))
		}, "drover takes no requests from deactivated accounts."},
		"denied": {func(w *world) {
			w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: owner, Role: store.Operator, ActionGlob: "*", Tag: "prod", Effect: store.Deny}))
		}, "`peek` on db1 web1 web2: a deny binding on `tag:prod` forbids it."},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				schedule := w.nightly()
				defer w.schedule(w.store)()
				w.after(90 * time.Minute)
				c.lose(w)
				w.after(24 * time.Hour)
				o := w.last(schedule)
				if w.is(o, store.OccurrenceRefused, "", 0); o.Reason != "its owner owner has lost the right: "+c.why {
					t.Errorf("it says %q", o.Reason)
				}
				schedule, err := w.store.Schedule(w.Context(), schedule.ID)
				w.must(err)
				if o.StartsAt.Day() != 1 || schedule.PausedBy != store.Drover || schedule.PausedReason != o.Reason {
					t.Errorf("on day %d it says %q, and the schedule %+v", o.StartsAt.Day(), o.Reason, schedule)
				}
				if got := w.messages(o.ID); !slices.Equal(got, []string{"headsup", "report"}) {
					t.Errorf("told is %v", got)
				}
			})
		})
	}
}

// What makes no sense tonight may make sense tomorrow: the schedule goes on.
func TestWhatMakesNoSenseIsRefusedThatNight(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		schedule := w.nightly()
		defer w.schedule(w.store)()
		for _, name := range []string{"web1", "web2", "db1"} {
			w.must(w.store.SetDisabled(w.Context(), root, name, "moving house"))
		}
		w.after(150 * time.Minute)
		w.is(w.last(schedule), store.OccurrenceRefused, "moving house", 0)
		w.must(w.store.SetDisabled(w.Context(), root, "web1", ""))
		w.after(24 * time.Hour)
		w.is(w.last(schedule), store.OccurrenceDone, "", 1)
	})
}

// What keeps a server out of a night takes nothing from the others, not even when only so many are left that none can go
// first. Whoever may run it can still decide.
func TestACanaryOfANightWithFewServers(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly()
		schedule.Options = `{"canary":2}`
		schedule, err := w.store.EditSchedule(w.Context(), owner, schedule, nil)
		w.must(err)
		defer w.schedule(w.store)()
		w.must(w.store.SetDisabled(w.Context(), root, "web1", "moving house"))
		_, _, err = w.engine.Freeze(w.Context(), executor.FreezeRequest{Actor: root, Selector: []string{"web2"}, Until: store.Time{Time: time.Now().Add(12 * time.Hour)}, Reason: "launch"})
		w.must(err)
		w.after(150 * time.Minute)
		o := w.last(schedule)
		w.is(o, store.OccurrenceDone, "", 1)
		if run := w.runs(o)[0]; len(run.Targets) != 1 || run.Options != "{}" {
			t.Errorf("the run is %+v", run)
		}
		_, err = s.SkipNext(w.Context(), owner, schedule)
		w.must(err)
		schedule.Options = `{"canary":3}` // who writes it is told
		if r := refused(t, s.Check(w.Context(), root, schedule)); !strings.Contains(r.Text, "leaves no server that could wait for it") {
			t.Errorf("it says %q", r.Text)
		}
	})
}

func TestAPauseEndsByItself(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		schedule := w.nightly()
		defer w.schedule(w.store)()
		until := store.Time{Time: time.Date(2000, 1, 4, 2, 30, 0, 0, time.UTC)}
		w.must(scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()}).Pause(w.Context(), root, schedule, "holidays", &until))
		w.after(5 * 24 * time.Hour)
		list := w.occurrences(schedule)
		if len(list) != 1 || list[0].StartsAt.Day() != 5 {
			t.Fatalf("it ran %+v", list)
		}
		w.is(list[0], store.OccurrenceDone, "", 1)
	})
}

// Who resumes before the end that was planned wants the openings until then.
func TestAPauseIsEndedEarly(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		schedule := w.nightly()
		defer w.schedule(w.store)()
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		until := store.Time{Time: time.Date(2000, 1, 5, 8, 0, 0, 0, time.UTC)}
		w.must(s.Pause(w.Context(), root, schedule, "holidays", &until))
		w.after(12 * time.Hour)
		w.must(s.Resume(w.Context(), root, schedule))
		w.after(4 * 24 * time.Hour)
		var got []string
		for _, o := range w.occurrences(schedule) {
			got = append(got, fmt.Sprintf("%d %s", o.StartsAt.Day(), o.State))
		}
		if want := "2 done, 3 done, 4 done, 5 done"; strings.Join(got, ", ") != want {
			t.Errorf("it went %v, want %s", got, want)
		}
	})
}

// The clock of the machine is set, or the machine was suspended: a timer that was set before does not know.
func TestTheClockIsSet(t *testing.T) {
	for name, c := range map[string]struct {
		at, by time.Duration // from midnight on
		runs   string        // the clock of that time shows
	}{
		"forward, over its time":    {10 * time.Minute, 2 * time.Hour, "02:10"},
		"forward, before its time":  {10 * time.Minute, time.Hour, "02:00"},
		"back, before its time":     {90 * time.Minute, -time.Hour, "02:00"},
		"back, after it has begun":  {121 * time.Minute, -time.Hour, "02:00"},
		"forward, after it began":   {121 * time.Minute, time.Hour, "02:00"},
		"back by more than a night": {90 * time.Minute, -24 * time.Hour, "02:00"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				var ahead atomic.Int64
				w.store = w.openBy(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
				w.engine = w.newEngine(w.store)
				defer w.work(w.store, time.Minute)()
				schedule := w.nightly()
				defer w.schedule(w.store)()
				w.after(c.at)
				ahead.Store(int64(c.by))
				w.after(23*time.Hour - c.at - c.by)
				var ran []string
				for _, o := range w.occurrences(schedule) {
					for _, run := range w.runs(o) {
						ran = append(ran, run.CreatedAt.Format("15:04"))
					}
				}
				if got := strings.Join(ran, " "); got != c.runs {
					t.Errorf("it ran at %q, want %q", got, c.runs)
				}
			})
		})
	}
}

// refused is the refusal that err must be.
func refused(t *testing.T, err error) *executor.Refusal {
	t.Helper()
	var refusal *executor.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a refusal", err)
	}
	return refusal
}

// Whoever finds a schedule paused learns why.
func TestAPauseHasAReason(t *testing.T) {
	w := newWorld(t)
	s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
	schedule := w.nightly()
	for _, reason := range []string{"", "  "} {
		if r := refused(t, s.Pause(t.Context(), root, schedule, reason, nil)); r.Text != "Say why: `schedule pause nightly because holidays`. Nothing was changed." {
			t.Errorf("paused because %q: %+v", reason, r)
		}
	}
	if schedule, err := s.Find(t.Context(), "nightly"); err != nil || schedule.PausedAt != nil {
		t.Errorf("it is paused: %+v, %v", schedule, err)
	}
}

func TestPeopleDecide(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly()
		defer w.schedule(w.store)()
		ctx := w.Context()

		w.after(61 * time.Minute) // day 1: delayed, once
		o := w.last(schedule)
		w.must(s.Delay(ctx, owner, o.ID))
		if r := refused(t, s.Delay(ctx, root, o.ID)); !strings.Contains(r.Text, "delayed already") || r.By != owner {
			t.Errorf("a second delay: %+v", r)
		}
		w.after(90 * time.Minute)
		w.is(w.last(schedule), store.OccurrenceAnnounced, "", 0)
		w.after(30 * time.Minute)
		w.is(w.last(schedule), store.OccurrenceRunning, "", 1)
		if r := refused(t, s.Skip(ctx, root, o.ID)); !strings.Contains(r.Text, "has begun") {
			t.Errorf("skipped too late: %+v", r)
		}

		w.after(22 * time.Hour) // day 2, 01:01: skipped
		o = w.last(schedule)
		w.must(s.Skip(ctx, owner, o.ID))
		if r := refused(t, s.RunNow(ctx, root, o.ID)); !strings.Contains(r.Text, "was skipped") || r.By != owner {
			t.Errorf("run after it was skipped: %+v", r)
		}
		w.after(2 * time.Hour)
		w.is(w.last(schedule), store.OccurrenceSkipped, "", 0)

		w.after(22 * time.Hour) // day 3, 01:01: at once
		w.must(s.RunNow(ctx, owner, w.last(schedule).ID))
		w.is(w.last(schedule), store.OccurrenceRunning, "", 1)
		w.after(2 * time.Hour)
		w.is(w.last(schedule), store.OccurrenceDone, "", 1)
		if n := len(w.occurrences(schedule)); n != 3 {
			t.Errorf("there are %d occurrences", n)
		}
	})
}

func TestBeforeItIsAnnounced(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly()
		defer w.schedule(w.store)()
		ctx := w.Context()
		o, err := s.SkipNext(ctx, owner, schedule)
		w.must(err)
		if o.StartsAt.Format(time.DateTime) != "2000-01-01 02:00:00" {
			t.Errorf("skipped is %s", o.StartsAt)
		}
		o, err = s.RunNext(ctx, owner, schedule)
		w.must(err)
		_, err = s.RunNext(ctx, owner, schedule)
		if r := refused(t, err); !strings.Contains(r.Text, "#1, its run before, is not over yet") {
			t.Errorf("run twice: %v", r)
		}
		w.after(12 * time.Hour)
		list := w.occurrences(schedule)
		if len(list) != 2 || list[0].ID != o.ID {
			t.Fatalf("there are %+v", list)
		}
		w.is(list[0], store.OccurrenceDone, "", 1)
		w.is(list[1], store.OccurrenceSkipped, "", 0)
		w.must(s.Pause(ctx, root, schedule, "holidays", nil))
		schedule, err = s.Find(ctx, "nightly")
		w.must(err)
		_, err = s.RunNext(ctx, owner, schedule)
		if r := refused(t, err); !strings.Contains(r.Text, "paused") {
			t.Errorf("run while paused: %v", r)
		}
	})
}

func TestWhoMayDecide(t *testing.T) {
	inBubble(t, func(w *world) {
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly()
		defer w.schedule(w.store)()
		w.after(90 * time.Minute)
		o := w.last(schedule)
		for name, actor := range map[string]store.Actor{"a viewer": w.person("UVIEWER", store.Viewer, ""), "an operator of other servers": w.person("UOTHER", store.Operator, "web"), "nobody": "T1/UNOBODY"} {
			for what, err := range map[string]error{
				"skip": s.Skip(w.Context(), actor, o.ID), "delay": s.Delay(w.Context(), actor, o.ID), "run": s.RunNow(w.Context(), actor, o.ID),
				"pause": s.Pause(w.Context(), actor, schedule, "", nil), "resume": s.Resume(w.Context(), actor, schedule), "remove": s.Remove(w.Context(), actor, schedule),
			} {
				if r := refused(t, err); r.Kind != executor.Policy {
					t.Errorf("%s by %s: %+v", what, name, r)
				}
			}
			_, err := s.SkipNext(w.Context(), actor, schedule)
			refused(t, err)
		}
		// Who may only look decides about nothing, not even about what only looks.
		look := w.nightly(func(s *store.Schedule) { s.Name, s.Action = "look", "look" })
		_, err := s.SkipNext(w.Context(), "T1/UVIEWER", look)
		refused(t, err)
		// An operator decides about tonight, and configures nothing.
		if r := refused(t, s.Remove(w.Context(), owner, schedule)); r.Kind != executor.Policy {
			t.Errorf("removed by an operator: %+v", r)
		}
		w.is(w.last(schedule), store.OccurrenceAnnounced, "", 0)
	})
}

func TestEditing(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly()
		defer w.schedule(w.store)()
		w.after(90 * time.Minute)
		earlier, err := definer.Define(schedule, map[string][]string{"cron": {"45 1 * * *"}, "target": {"web1"}, "notify-before": {"5m"}})
		w.must(err)
		edited, err := s.Edit(w.Context(), root, earlier)
		w.must(err)
		if _, err := s.Edit(w.Context(), root, earlier); !strings.Contains(refused(t, err).Text, "meanwhile") {
			t.Errorf("edited over an edit: %v", err)
		}
		w.after(3 * time.Hour)
		list := w.occurrences(edited)
		if len(list) != 2 {
			t.Fatalf("there are %+v", list)
		}
		w.is(list[0], store.OccurrenceDone, "", 1) // 01:45
		w.is(list[1], store.OccurrenceSkipped, "the schedule was edited", 0)
		if run := w.runs(list[0])[0]; run.RequestedBy != root || len(run.Targets) != 1 {
			t.Errorf("the run of the edit is by %s on %d servers", run.RequestedBy, len(run.Targets))
		}
	})
}

// What an edit would make nobody see any more is recorded before it.
func TestAnEditForgetsNothingThatWasMissed(t *testing.T) {
	inBubble(t, func(w *world) {
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly()
		w.after(50 * time.Hour)
		schedule.Cron = "0 5 * * *"
		_, err := s.Edit(w.Context(), root, schedule)
		w.must(err)
		var got []string
		for _, o := range w.occurrences(schedule) {
			got = append(got, fmt.Sprintf("%d %s", o.StartsAt.Day(), o.State))
		}
		if want := "1 missed, 2 missed, 3 skipped"; strings.Join(got, ", ") != want {
			t.Errorf("recorded are %v, want %s", got, want)
		}
	})
}
