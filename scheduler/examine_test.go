package scheduler_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/executor"
	"drover/scheduler"
	"drover/store"
)

// The doctor says of each schedule whether it would run tonight.
func TestExamine(t *testing.T) {
	w := newWorld(t)
	s := w.court()
	add := func(owner store.Actor, name string, words ...string) store.Schedule {
		schedule, err := s.Define(store.Schedule{Name: name}, written(append(words, "timezone=UTC", "duration=2h", "target=tag:prod", "channel="+ops)...))
		w.must(err)
		schedule, err = s.Add(t.Context(), owner, schedule)
		w.must(err)
		return schedule
	}
	w.person("ULEAVER", store.Admin, "")
	night := "cron=0 2 * * *"
	add("T1/UADMIN", "well", "action=peek", night)
	add("T1/UADMIN", "waits", "action=raze", night)
	add("T1/ULEAVER", "owner-gone", "action=peek", night)
	over, err := s.Define(store.Schedule{Name: "over"}, written("action=peek", night, "timezone=UTC", "duration=2h", "target=tag:prod"))
	w.must(err)
	past := w.store.Now().Add(-time.Hour)
	over.Owner, over.ValidUntil = "T1/UADMIN", &past
	_, err = w.store.AddSchedule(t.Context(), root, over)
	w.must(err)
	paused := add("T1/UADMIN", "paused", "action=peek", night)
	w.must(s.Pause(t.Context(), "T1/UADMIN", paused, "holidays", nil))
	stopped := add("T1/UADMIN", "stopped", "action=peek", night)
	_, err = w.store.PauseSchedule(t.Context(), store.Drover, stopped, "its owner has lost the right.", nil)
	w.must(err)
	w.take("T1/ULEAVER", store.Admin)

	list, err := scheduler.Examine(t.Context(), w.store)
	w.must(err)
	grades := map[string]executor.Grade{}
	for _, f := range list {
		grades[f.Check] = f.Grade
		t.Logf("%s: %s", f.Check, f.Text)
	}
	want := map[string]executor.Grade{
		"well": executor.Fine, "waits": executor.Worth, "owner-gone": executor.Worth, "over": executor.Worth, "paused": executor.Fine, "stopped": executor.Worth,
	}
	if diff := cmp.Diff(want, grades); diff != "" {
		t.Error(diff)
	}
}
