package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

// nightly is a schedule to be.
func nightly() store.Schedule {
	return store.Schedule{
		Name: "nightly", Window: store.Window{Cron: "0 2 * * *", Timezone: "UTC", Duration: store.Span(2 * time.Hour), Cutoff: store.Span(30 * time.Minute)},
		Action: "restart", Selector: "tag:web", Options: "{}", Reboot: store.RebootNever, NotifyBefore: store.Span(time.Hour), Missed: store.MissedIfOpen, Channel: "C1",
	}
}

func (f farm) schedule() store.Schedule {
	f.t.Helper()
	return get[store.Schedule](f.t)(f.AddSchedule(f.t.Context(), alice, nightly()))
}

// opening is one of a schedule's, in so much time from now.
func (f farm) opening(schedule store.Schedule, in time.Duration) store.Occurrence {
	starts := f.Now().Add(in)
	ends := starts.Add(time.Duration(schedule.Duration))
	return store.Occurrence{StartsAt: starts, BeginsAt: starts, EndsAt: ends, CutoffAt: ends.Add(-time.Duration(schedule.Cutoff)), State: store.OccurrenceAnnounced}
}

// announced is a new occurrence of a schedule, in so much time from now.
func (f farm) announced(schedule store.Schedule, in time.Duration) store.Occurrence {
	f.t.Helper()
	o := f.opening(schedule, in)
	want(f.t, true)(f.Consider(f.t.Context(), schedule, o.StartsAt, []store.Occurrence{o}))
	return f.newest(schedule)
}

func (f farm) newest(schedule store.Schedule) store.Occurrence {
	f.t.Helper()
	return get[[]store.Occurrence](f.t)(f.OccurrencesOf(f.t.Context(), schedule.ID, 1))[0]
}

// stage is a request for the run of an occurrence.
func (f farm) stage(o store.Occurrence, to store.OccurrenceState) store.NewRun {
	n := f.request()
	n.Origin, n.Stage = store.Scheduled, &store.Stage{Occurrence: o, To: to}
	return n
}

func TestASchedule(t *testing.T) {
	f := newFarm(t, "web1")
	schedule := f.schedule()
	want := nightly()
	want.ID, want.Revision, want.Owner, want.CreatedAt, want.EditedAt, want.ConsideredUntil = schedule.ID, 1, alice, schedule.CreatedAt, schedule.CreatedAt, schedule.CreatedAt
	want.Params = store.Strings{}
	got := get[store.Schedule](t)(f.ScheduleNamed(t.Context(), "nightly"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	_, err := f.AddSchedule(t.Context(), alice, nightly())
	wantErr(t, err, store.ErrExists)
	ok(t, f.RemoveSchedule(t.Context(), alice, schedule))
	wantErr(t, f.RemoveSchedule(t.Context(), alice, schedule), store.ErrNotFound)
	_, err = f.ScheduleNamed(t.Context(), "nightly")
	wantErr(t, err, store.ErrNotFound)
	f.schedule() // its name is free again
	if list := get[[]store.Schedule](t)(f.Schedules(t.Context())); len(list) != 1 || list[0].ID == schedule.ID {
		t.Errorf("listed are %+v", list)
	}
	if removed := get[store.Schedule](t)(f.Schedule(t.Context(), schedule.ID)); removed.RemovedAt == nil {
		t.Error("what was removed is not kept as such")
	}
}

func TestAnEditIsARevisionOfTheEditors(t *testing.T) {
	f := newFarm(t, "web1")
	schedule := f.schedule()
	stays, goes := f.announced(schedule, time.Hour), f.announced(schedule, 2*time.Hour)
	edited := schedule
	edited.Cron, edited.Duration, edited.Cutoff = "0 3 * * *", store.Span(3*time.Hour), 0
	edited = get[store.Schedule](t)(f.EditSchedule(t.Context(), "T1/U2", edited, func(opening store.Time) bool { return opening == stays.StartsAt }))
	if edited.Revision != 2 || edited.Owner != "T1/U2" {
		t.Errorf("the edit is revision %d of %s", edited.Revision, edited.Owner)
	}
	got := get[store.Occurrence](t)(f.Occurrence(t.Context(), stays.ID))
	if got.State != store.OccurrenceAnnounced || got.Revision != 2 || got.EndsAt != stays.StartsAt.Add(3*time.Hour) || got.CutoffAt != got.EndsAt {
		t.Errorf("what is still to come is %+v", got)
	}
	if got := get[store.Occurrence](t)(f.Occurrence(t.Context(), goes.ID)); got.State != store.OccurrenceSkipped || got.Reason != "the schedule was edited" {
		t.Errorf("what comes no more is %+v", got)
	}
	_, err := f.EditSchedule(t.Context(), alice, schedule, nil) // as it was before
	wantErr(t, err, store.ErrTooLate)
	if won, err := f.Consider(t.Context(), schedule, f.Now().Add(9*time.Hour), nil); won || err != nil {
		t.Errorf("the old revision considers: %t, %v", won, err)
	}
}

func TestAPausedScheduleDoesNothing(t *testing.T) {
	clock := newClock()
	f := farmOn(t, openAt(t, t.TempDir()+"/drover.db", store.Options{Now: clock.Now}), "web1")
	schedule := f.schedule()
	f.announced(schedule, time.Hour)
	until := f.Now().Add(48 * time.Hour)
	want(t, true)(f.PauseSchedule(t.Context(), alice, schedule, "holidays", &until))
	want(t, false)(f.PauseSchedule(t.Context(), alice, schedule, "once more", nil))
	if o := f.newest(schedule); o.State != store.OccurrenceSkipped || o.Reason != "the schedule was paused: holidays" || o.DecidedBy != alice {
		t.Errorf("what was announced is %+v", o)
	}
	want(t, false)(f.Consider(t.Context(), schedule, f.Now().Add(24*time.Hour), []store.Occurrence{f.opening(schedule, 24*time.Hour)}))
	clock.advance(50 * time.Hour) // nobody was there when it ended: what opened since was missed, and not paused
	want(t, true)(f.ResumeSchedule(t.Context(), store.Drover, schedule))
	want(t, false)(f.ResumeSchedule(t.Context(), alice, schedule))
	if got := get[store.Schedule](t)(f.Schedule(t.Context(), schedule.ID)); got.ConsideredUntil != until || got.PausedAt != nil || got.PausedReason != "" {
		t.Errorf("after the pause it is %+v", got)
	}
}

func TestAStopEndsWithTheNextEdit(t *testing.T) {
	f := newFarm(t, "web1")
	schedule := f.schedule()
	o := f.announced(schedule, 0)
	want(t, true)(f.StopSchedule(t.Context(), schedule, o.ID, "its owner has no role any more"))
	want(t, false)(f.StopSchedule(t.Context(), schedule, o.ID, "its owner has no role any more"))
	stopped := get[store.Schedule](t)(f.Schedule(t.Context(), schedule.ID))
	if o = f.newest(schedule); o.State != store.OccurrenceRefused || stopped.PausedBy != store.Drover || stopped.PausedReason != o.Reason {
		t.Errorf("stopped: %+v %+v", stopped, o)
	}
	get[store.Schedule](t)(f.EditSchedule(t.Context(), "T1/U2", stopped, nil))
	if got := get[store.Schedule](t)(f.Schedule(t.Context(), schedule.ID)); got.PausedAt != nil || got.PausedReason != "" {
		t.Errorf("after the edit it is %+v", got)
	}
}
