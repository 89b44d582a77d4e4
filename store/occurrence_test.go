package store_test

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

var occurrenceStates = []store.OccurrenceState{
	store.OccurrenceAnnounced, store.OccurrenceAsked, store.OccurrenceRunning, store.OccurrenceRebooting,
	store.OccurrenceDone, store.OccurrenceSkipped, store.OccurrenceMissed, store.OccurrenceRefused,
}

// occurrenceIn is an occurrence in a state, however it is reached in life.
func (f farm) occurrenceIn(schedule store.Schedule, state store.OccurrenceState) store.Occurrence {
	f.t.Helper()
	_, err := f.db.Exec("UPDATE occurrences SET state = 'done', began_at = 1, finished_at = 1")
	ok(f.t, err)
	_, err = f.db.Exec("UPDATE schedules SET considered_until = 1")
	ok(f.t, err)
	o := f.announced(schedule, time.Minute)
	var finished any
	if state.Final() {
		finished = 1
	}
	_, err = f.db.Exec("UPDATE occurrences SET state = ?, began_at = 1, finished_at = ? WHERE id = ?", state, finished, o.ID)
	ok(f.t, err)
	return f.newest(schedule)
}

// Each transition from each state: it is won from those in the table, and from all others it changes nothing.
func TestOccurrenceTransitions(t *testing.T) {
	undecided := occurrenceStates[:2]
	ran := occurrenceStates[2:4]
	transitions := map[string]struct {
		from []store.OccurrenceState
		to   store.OccurrenceState
		make func(f farm, schedule store.Schedule, o store.Occurrence) (bool, error)
	}{
		"skip": {undecided, store.OccurrenceSkipped, func(f farm, _ store.Schedule, o store.Occurrence) (bool, error) {
			return f.SkipOccurrence(f.t.Context(), alice, o.ID)
		}},
		"delay": {undecided[:1], store.OccurrenceAnnounced, func(f farm, _ store.Schedule, o store.Occurrence) (bool, error) {
			return f.DelayOccurrence(f.t.Context(), alice, o.ID, time.Hour)
		}},
		"hasten": {undecided, store.OccurrenceAnnounced, func(f farm, _ store.Schedule, o store.Occurrence) (bool, error) {
			return f.HastenOccurrence(f.t.Context(), alice, o.ID)
		}},
		"ask": {undecided[:1], store.OccurrenceAsked, func(f farm, _ store.Schedule, o store.Occurrence) (bool, error) {
			return f.AskOccurrence(f.t.Context(), o.ID)
		}},
		"miss": {undecided, store.OccurrenceMissed, func(f farm, _ store.Schedule, o store.Occurrence) (bool, error) {
			return f.EndOccurrence(f.t.Context(), o.ID, store.OccurrenceMissed, "drover did not run")
		}},
		"stop": {undecided, store.OccurrenceRefused, func(f farm, schedule store.Schedule, o store.Occurrence) (bool, error) {
			return f.StopSchedule(f.t.Context(), schedule, o.ID, "no role")
		}},
		"stop after the run": {ran, store.OccurrenceDone, func(f farm, schedule store.Schedule, o store.Occurrence) (bool, error) {
			return f.StopAfterRun(f.t.Context(), schedule, o.ID, "no role")
		}},
		"wait": {undecided[:1], store.OccurrenceAnnounced, func(f farm, _ store.Schedule, o store.Occurrence) (bool, error) {
			return f.WaitOccurrence(f.t.Context(), o.ID, "nobody knows")
		}},
		"finish": {ran, store.OccurrenceDone, func(f farm, _ store.Schedule, o store.Occurrence) (bool, error) {
			return f.FinishOccurrence(f.t.Context(), o.ID, "")
		}},
		"run": {undecided[:1], store.OccurrenceRunning, func(f farm, _ store.Schedule, o store.Occurrence) (bool, error) {
			_, err := f.db.Exec("UPDATE occurrences SET begins_at = 1 WHERE id = ?", o.ID)
			ok(f.t, err)
			return won(f.create1(f.stage(o, store.OccurrenceRunning)))
		}},
		"reboot": {ran[:1], store.OccurrenceRebooting, func(f farm, _ store.Schedule, o store.Occurrence) (bool, error) {
			return won(f.create1(f.stage(o, store.OccurrenceRebooting)))
		}},
	}
	for name, transition := range transitions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t, "web1")
			schedule := f.schedule()
			for _, from := range occurrenceStates {
				o := f.occurrenceIn(schedule, from)
				expected := slices.Contains(transition.from, from)
				got, err := transition.make(f, schedule, o)
				after := f.newest(schedule)
				switch {
				case err != nil || got != expected:
					t.Errorf("from %s: won %t, %v; want %t", from, got, err, expected)
				case got && (after.State != transition.to || after.Version != o.Version+1 || (after.FinishedAt != nil) != after.State.Final()):
					t.Errorf("from %s: it is %+v, want %s", from, after, transition.to)
				case !got && (after.State != from || after.Version != o.Version):
					t.Errorf("from %s: it lost, and left %+v", from, after)
				}
				_, err = f.db.Exec("UPDATE schedules SET paused_at = NULL, paused_by = ''")
				ok(t, err)
			}
		})
	}
}

func (f farm) create1(n store.NewRun) error {
	_, _, err := f.CreateRun(f.t.Context(), n)
	return err
}

func won(err error) (bool, error) {
	if errors.Is(err, store.ErrTooLate) {
		return false, nil
	}
	return err == nil, err
}

func TestWhenARunOfAScheduleIsTooLate(t *testing.T) {
	for name, c := range map[string]struct {
		change string
		want   bool
	}{
		"as it should be":  {"UPDATE occurrences SET begins_at = 1", true},
		"before its time":  {"UPDATE occurrences SET begins_at = begins_at", false},
		"after the cutoff": {"UPDATE occurrences SET begins_at = 1, cutoff_at = 2", false},
		"paused":           {"UPDATE occurrences SET begins_at = 1; UPDATE schedules SET paused_at = 1, paused_by = 'x'", false},
		"removed":          {"UPDATE occurrences SET begins_at = 1; UPDATE schedules SET removed_at = 1", false},
		"edited":           {"UPDATE occurrences SET begins_at = 1; UPDATE schedules SET revision = 2", false},
		"another of it is still on": {`UPDATE occurrences SET begins_at = 1; INSERT INTO occurrences (schedule_id, starts_at, id, revision, begins_at, cutoff_at, ends_at, channel, state, created_at, began_at)
			SELECT schedule_id, 1, 'before', 1, 1, 2, 2, '', 'rebooting', 1, 1 FROM occurrences`, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFarm(t, "web1")
			schedule := f.schedule()
			o := f.announced(schedule, time.Minute)
			_, err := f.db.Exec(c.change)
			ok(t, err)
			before := dump(t, f.db)
			got, err := won(f.create1(f.stage(o, store.OccurrenceRunning)))
			if err != nil || got != c.want {
				t.Fatalf("it ran: %t, %v; want %t", got, err, c.want)
			}
			if diff := cmp.Diff(before, dump(t, f.db)); !got && diff != "" {
				t.Errorf("it left\n%s", diff)
			}
		})
	}
}

// The run, its targets, its card and the occurrence's step are one commit; the run knows its schedule and its cutoff.
func TestARunOfASchedule(t *testing.T) {
	f := newFarm(t, "web1")
	schedule := f.schedule()
	o := f.announced(schedule, 0)
	run := f.read(f.create(f.stage(o, store.OccurrenceRunning)).ID)
	if *run.Occurrence != o.ID || run.Schedule != "nightly" || *run.BeginBy != o.CutoffAt || len(run.Targets) != 1 {
		t.Errorf("the run is %+v", run)
	}
	if runs := get[[]store.Run](t)(f.RunsOf(t.Context(), o.ID)); len(runs) != 1 || runs[0].ID != run.ID {
		t.Errorf("the runs are %+v", runs)
	}
	want(t, false)(f.FinishOccurrence(t.Context(), o.ID, "")) // its run is not over
	get[bool](t)(f.Cancel(t.Context(), alice, run.ID, ""))
	want(t, true)(f.FinishOccurrence(t.Context(), o.ID, ""))
	f.behindIs("card/", "headsup/", "report/", "report/details")
}

// behindIs checks which messages are to be posted: kind and key.
func (f farm) behindIs(wanted ...string) {
	f.t.Helper()
	wanted = append([]string{}, wanted...)
	got := []string{}
	for _, m := range get[[]store.Message](f.t)(f.Behind(f.t.Context())) {
		got = append(got, string(m.Kind)+"/"+m.Key)
	}
	slices.Sort(got)
	if diff := cmp.Diff(wanted, got); diff != "" {
		f.t.Errorf("behind are (-want +got)\n%s", diff)
	}
}

func TestWhatIsSaidOfAnOccurrence(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(f farm, schedule store.Schedule, o store.Occurrence)
		messages []string
	}{
		"announced": {func(farm, store.Schedule, store.Occurrence) {}, []string{"headsup/"}},
		"skipped":   {func(f farm, _ store.Schedule, o store.Occurrence) { f.SkipOccurrence(f.t.Context(), alice, o.ID) }, []string{"headsup/"}},
		"paused":    {func(f farm, s store.Schedule, _ store.Occurrence) { f.PauseSchedule(f.t.Context(), alice, s, "", nil) }, []string{"headsup/"}},
		"removed":   {func(f farm, s store.Schedule, _ store.Occurrence) { f.RemoveSchedule(f.t.Context(), alice, s) }, []string{"headsup/"}},
		"overlapped": {func(f farm, _ store.Schedule, o store.Occurrence) {
			f.EndOccurrence(f.t.Context(), o.ID, store.OccurrenceSkipped, "still on")
		}, []string{"headsup/", "report/"}},
		"refused": {func(f farm, s store.Schedule, o store.Occurrence) { f.StopSchedule(f.t.Context(), s, o.ID, "no role") }, []string{"headsup/", "report/"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFarm(t, "web1")
			schedule := f.schedule()
			c.change(f, schedule, f.announced(schedule, time.Minute))
			f.behindIs(c.messages...)
		})
	}
}

func TestOneReportForHoweverManyWereMissed(t *testing.T) {
	f := newFarm(t, "web1")
	schedule := f.schedule()
	_, err := f.db.Exec("UPDATE schedules SET considered_until = 1")
	ok(t, err)
	var openings []store.Occurrence
	for i := range 5 {
		o := f.opening(schedule, time.Duration(i-10)*time.Hour)
		o.State, o.Reason = store.OccurrenceMissed, "drover did not run"
		openings = append(openings, o)
	}
	want(t, true)(f.Consider(t.Context(), schedule, openings[4].StartsAt, openings))
	behind := get[[]store.Message](t)(f.Behind(t.Context()))
	if len(behind) != 1 || behind[0].Kind != store.MessageReport || behind[0].Owner != f.newest(schedule).ID {
		t.Errorf("behind are %+v", behind)
	}
}

func TestNoHeadsUpWithoutATimeForIt(t *testing.T) {
	f := newFarm(t, "web1")
	n := nightly()
	n.NotifyBefore = 0
	schedule := get[store.Schedule](t)(f.AddSchedule(t.Context(), alice, n))
	f.announced(schedule, 0)
	f.behindIs()
	extra := f.opening(schedule, time.Millisecond)
	o := get[store.Occurrence](t)(f.AddOccurrence(t.Context(), "T1/U2", schedule, extra))
	f.behindIs()
	if o.DecidedBy != "T1/U2" || f.newest(schedule).ID != o.ID {
		t.Errorf("the extra one is %+v", o)
	}
}

func TestWithoutAChannelOfItsOwnItGoesToTheSetOne(t *testing.T) {
	f := newFarm(t, "web1")
	ok(t, f.SetSetting(t.Context(), alice, store.SettingChannel, "C9"))
	n := nightly()
	n.Channel = ""
	schedule := get[store.Schedule](t)(f.AddSchedule(t.Context(), alice, n))
	if o := f.announced(schedule, time.Minute); o.Channel != "C9" {
		t.Errorf("it goes to %q", o.Channel)
	}
}

func TestNothingBeginsAfterTheCutoff(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now}), "web1", "web2")
	schedule := f.schedule()
	c.advance(time.Millisecond)
	o := f.announced(schedule, 0)
	run := f.create(f.stage(o, store.OccurrenceRunning))
	lease := f.claim(run, 10*time.Hour)
	run = f.read(run.ID)
	f.begin(lease, run.Targets[0].ID)
	ok(t, f.ExpireQueued(t.Context(), time.Minute))
	ok(t, f.EndAtCutoff(t.Context()))
	c.advance(90 * time.Minute)
	began, waitsFor, err := f.BeginTarget(t.Context(), lease, run.Targets[1].ID)
	if began || waitsFor != 0 || err != nil {
		t.Fatalf("after the cutoff began %t, waits for %d, %v", began, waitsFor, err)
	}
	ok(t, f.EndAtCutoff(t.Context()))
	f.succeed(lease, run.Targets[0]) // what runs is left to finish
	want(t, true)(f.FinishRun(t.Context(), lease))
	run = f.read(run.ID)
	if run.State != store.Partial || run.Targets[1].State != store.TargetSkipped || run.Targets[1].Summary != store.AfterCutoff {
		t.Errorf("it ended %s with %+v", run.State, run.Targets)
	}
}

func TestARunOfAScheduleExpiresAtItsCutoff(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now}), "web1")
	schedule := f.schedule()
	c.advance(time.Millisecond)
	run := f.create(f.stage(f.announced(schedule, 0), store.OccurrenceRunning))
	for _, after := range []struct {
		by   time.Duration
		want store.RunState
	}{{time.Hour, store.Queued}, {29 * time.Minute, store.Queued}, {time.Minute, store.Expired}} {
		c.advance(after.by)
		ok(t, f.ExpireQueued(t.Context(), time.Minute))
		ok(t, f.EndAtCutoff(t.Context()))
		if run = f.read(run.ID); run.State != after.want {
			t.Fatalf("after %s more it is %s", after.by, run.State)
		}
	}
}

// However many processes look, and however often: one occurrence, one run, one heads-up, one report.
func TestRaceConsiderAndRun(t *testing.T) {
	f, other := pair(t, "web1")
	schedule := f.schedule()
	_, err := f.db.Exec("UPDATE schedules SET considered_until = 1")
	ok(t, err)
	for i := range rounds {
		o := f.opening(schedule, -time.Minute)
		o.StartsAt = o.StartsAt.Add(time.Duration(i) * time.Millisecond)
		o.BeginsAt = o.BeginsAt.Add(-time.Hour)
		var considered, ran, finished atomic.Int32
		race(eight(f.Store, other, func(s *store.Store) {
			won, err := s.Consider(t.Context(), schedule, o.StartsAt, []store.Occurrence{o})
			check(t, err)
			if won {
				considered.Add(1)
			}
		})...)
		o = f.newest(schedule)
		var run atomic.Value
		race(eight(f.Store, other, func(s *store.Store) {
			r, _, err := s.CreateRun(t.Context(), f.stage(o, store.OccurrenceRunning))
			if err == nil {
				ran.Add(1)
				run.Store(r.ID)
			} else if !errors.Is(err, store.ErrTooLate) {
				t.Error(err)
			}
		})...)
		get[bool](t)(f.Cancel(t.Context(), alice, run.Load().(string), ""))
		race(eight(f.Store, other, func(s *store.Store) {
			won, err := s.FinishOccurrence(t.Context(), o.ID, "")
			check(t, err)
			if won {
				finished.Add(1)
			}
		})...)
		if considered.Load() != 1 || ran.Load() != 1 || finished.Load() != 1 {
			t.Fatalf("considered %d times, run %d, finished %d", considered.Load(), ran.Load(), finished.Load())
		}
	}
	for query, expected := range map[string]int{
		"SELECT count(*) FROM occurrences": rounds, "SELECT count(*) FROM runs": rounds, "SELECT count(*) FROM targets": rounds,
		"SELECT count(*) FROM messages WHERE kind = 'headsup'": rounds, "SELECT count(*) FROM messages WHERE kind = 'report'": 2 * rounds,
		"SELECT count(*) FROM messages WHERE kind = 'card'": rounds,
	} {
		var n int
		ok(t, f.db.Get(&n, query))
		if n != expected {
			t.Errorf("%s: %d, want %d", query, n, expected)
		}
	}
}

// Somebody skips while it is due: either it is skipped and there is no run, or it runs and the click was too late.
func TestRaceSkipAgainstRun(t *testing.T) {
	f, other := pair(t, "web1")
	schedule := f.schedule()
	_, err := f.db.Exec("UPDATE schedules SET considered_until = 1")
	ok(t, err)
	outcomes := map[string]int{}
	for i := range rounds {
		o := f.opening(schedule, -time.Minute)
		o.StartsAt = o.StartsAt.Add(time.Duration(i) * time.Millisecond)
		want(t, true)(f.Consider(t.Context(), schedule, o.StartsAt, []store.Occurrence{o}))
		o = f.newest(schedule)
		var skipped, ran bool
		var run store.Run
		race(
			func() {
				var err error
				skipped, err = f.SkipOccurrence(t.Context(), alice, o.ID)
				check(t, err)
			},
			func() {
				var err error
				run, _, err = other.CreateRun(t.Context(), f.stage(o, store.OccurrenceRunning))
				ran, err = won(err)
				check(t, err)
			},
		)
		outcomes[fmt.Sprintf("skipped %t, ran %t, %s", skipped, ran, f.newest(schedule).State)]++
		if ran {
			get[bool](t)(f.Cancel(t.Context(), alice, run.ID, ""))
			want(t, true)(f.FinishOccurrence(t.Context(), o.ID, ""))
		}
	}
	if outcomes["skipped true, ran false, skipped"]+outcomes["skipped false, ran true, running"] != rounds {
		t.Errorf("outcomes: %v", outcomes)
	}
}

func TestRaceDelayAgainstDelay(t *testing.T) {
	f, other := pair(t, "web1")
	schedule := f.schedule()
	_, err := f.db.Exec("UPDATE schedules SET considered_until = 1")
	ok(t, err)
	for i := range fewRounds {
		o := f.opening(schedule, 10*time.Minute)
		o.StartsAt = o.StartsAt.Add(time.Duration(i) * time.Millisecond)
		want(t, true)(f.Consider(t.Context(), schedule, o.StartsAt, []store.Occurrence{o}))
		o = f.newest(schedule)
		var wins atomic.Int32
		race(eight(f.Store, other, func(s *store.Store) {
			won, err := s.DelayOccurrence(t.Context(), alice, o.ID, time.Hour)
			check(t, err)
			if won {
				wins.Add(1)
			}
		})...)
		if got := f.newest(schedule); wins.Load() != 1 || got.BeginsAt != o.BeginsAt.Add(time.Hour) {
			t.Fatalf("%d delays were won, and it begins at %s", wins.Load(), got.BeginsAt)
		}
	}
}

func TestADelayBeyondTheCutoffIsRefused(t *testing.T) {
	f := newFarm(t, "web1")
	o := f.announced(f.schedule(), time.Minute)
	want(t, false)(f.DelayOccurrence(t.Context(), alice, o.ID, 90*time.Minute))
	want(t, true)(f.DelayOccurrence(t.Context(), alice, o.ID, 89*time.Minute))
}

// What is proven after the report was told is told in it.
func TestALateProofIsReported(t *testing.T) {
	f := newFarm(t, "web1")
	schedule := f.schedule()
	o := f.announced(schedule, 0)
	n := f.stage(o, store.OccurrenceRunning)
	n.Detached = map[string]bool{f.servers[0].ID: true}
	run := f.create(n)
	lease := f.claim(run, time.Minute)
	target := f.read(run.ID).Targets[0]
	f.begin(lease, target.ID)
	want(t, true)(f.FinishTarget(t.Context(), lease, target, store.Result{State: store.TargetTimedOut, GoesOn: true}))
	want(t, true)(f.FinishRun(t.Context(), lease))
	want(t, true)(f.FinishOccurrence(t.Context(), o.ID, ""))
	for _, m := range get[[]store.Message](t)(f.Behind(t.Context())) {
		ok(t, f.Rendered(t.Context(), m.ID, m.ID, m.WantedVersion))
	}
	f.behindIs()
	want(t, true)(f.Prove(t.Context(), f.due()[0], store.Result{State: store.TargetSucceeded}))
	f.behindIs("card/", "headsup/", "report/", "report/details")
}

// What waits says why, once, and no longer than it waits.
func TestAnOccurrenceWaits(t *testing.T) {
	f := newFarm(t, "web1")
	o := f.announced(f.schedule(), 0)
	want(t, true)(f.WaitOccurrence(t.Context(), o.ID, "nobody knows"))
	want(t, false)(f.WaitOccurrence(t.Context(), o.ID, "nobody knows"))
	if got := get[store.Occurrence](t)(f.Occurrence(t.Context(), o.ID)); got.State != store.OccurrenceAnnounced || got.Reason != "nobody knows" {
		t.Errorf("it waits as %+v", got)
	}
	f.create(f.stage(o, store.OccurrenceRunning))
	if got := get[store.Occurrence](t)(f.Occurrence(t.Context(), o.ID)); got.State != store.OccurrenceRunning || got.Reason != "" {
		t.Errorf("it runs as %+v", got)
	}
	want(t, false)(f.WaitOccurrence(t.Context(), o.ID, "nobody knows"))
}

// What nobody was there for does not wait when somebody runs it after all.
func TestWhatIsHastenedSaysNothingOfBefore(t *testing.T) {
	f := newFarm(t, "web1")
	schedule := f.schedule()
	o := f.opening(schedule, 0)
	o.State, o.Reason = store.OccurrenceAsked, "drover was not running"
	want(t, true)(f.Consider(t.Context(), schedule, o.StartsAt, []store.Occurrence{o}))
	o = f.newest(schedule)
	want(t, true)(f.HastenOccurrence(t.Context(), alice, o.ID))
	if got := f.newest(schedule); got.State != store.OccurrenceAnnounced || got.Reason != "" {
		t.Errorf("it begins as %+v", got)
	}
}

// An owner who may not do the rest stops the schedule when what they may is done.
func TestAStopAfterARun(t *testing.T) {
	f := newFarm(t, "web1")
	schedule := f.schedule()
	o := f.announced(schedule, 0)
	run := f.create(f.stage(o, store.OccurrenceRunning))
	want(t, false)(f.StopAfterRun(t.Context(), schedule, o.ID, "nothing was rebooted")) // its run is not over
	lease := f.claim(run, time.Minute)
	target := f.read(run.ID).Targets[0]
	f.begin(lease, target.ID)
	want(t, true)(f.FinishTarget(t.Context(), lease, target, store.Result{State: store.TargetSucceeded}))
	want(t, true)(f.FinishRun(t.Context(), lease))
	want(t, true)(f.StopAfterRun(t.Context(), schedule, o.ID, "nothing was rebooted"))
	stopped := get[store.Schedule](t)(f.Schedule(t.Context(), schedule.ID))
	if got := f.newest(schedule); got.State != store.OccurrenceDone || got.Reason != "nothing was rebooted" || stopped.PausedBy != store.Drover || stopped.PausedReason != got.Reason {
		t.Errorf("stopped: %+v %+v", stopped, got)
	}
}
