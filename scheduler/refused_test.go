package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"drover/scheduler"
	"drover/store"
)

// group says what drover knows of the usergroup S1.
func (w *world) group(state store.GroupState, members ...string) {
	w.Helper()
	w.must(w.store.SaveUsergroup(w.Context(), store.Usergroup{ID: "S1", Name: "ops", State: state, Members: members, CheckedAt: w.store.Now()}))
}

// While Slack does not say who is in a usergroup, a schedule that hangs on it waits, and it begins when Slack does.
func TestAScheduleWaitsForWhatSlackDoesNotSay(t *testing.T) {
	for name, c := range map[string]struct {
		words []string
		doubt func(w *world)
		known []string // who is in the usergroup, when Slack says so
		waits string
	}{
		"the owner's role": {[]string{"action=peek"}, func(w *world) {
			w.take("T1/UADMIN", store.Admin)
			w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: "group:S1", Role: store.Operator, ActionGlob: "*", Effect: store.Allow}))
		}, []string{"UADMIN"}, "Whether its owner UADMIN may run it is not known: drover cannot tell who is in a usergroup."},
		"a deny": {[]string{"action=peek"}, func(w *world) {
			w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: "group:S1", Role: store.Operator, ActionGlob: "*", Effect: store.Deny}))
		}, nil, "Whether its owner UADMIN may run it is not known: drover cannot tell who is in a usergroup."},
		"the policy is to skip what is late": {[]string{"action=peek", "missed=skip"}, func(w *world) {
			w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: "group:S1", Role: store.Operator, ActionGlob: "*", Effect: store.Deny}))
		}, nil, "Whether its owner UADMIN may run it is not known: drover cannot tell who is in a usergroup."},
		"the approver's grant": {[]string{"action=raze"}, func(w *world) {
			w.take(approver, store.Approver)
			w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: "group:S1", Role: store.Approver, ActionGlob: "*", Effect: store.Allow}))
		}, []string{"UAPPROVER"}, "Whether UAPPROVER, who approved it, still may is not known: drover cannot tell who is in a usergroup."},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				defer w.work(w.store, time.Minute)()
				s := w.court()
				schedule := w.added(s, append([]string{"cutoff=30m"}, c.words...)...)
				if schedule.Action == "raze" {
					w.approve()
				}
				defer w.schedule(w.store)()
				w.after(90 * time.Minute)
				c.doubt(w)
				w.group(store.GroupUnknown)
				w.after(45 * time.Minute)
				w.is(w.last(schedule), store.OccurrenceAnnounced, c.waits, 0)
				waits := 0
				for e, err := range w.store.AuditEntries(w.Context(), 1) {
					w.must(err)
					if e.Event == "occurrence.waiting" || strings.Contains(e.Event, "refused") {
						waits++
					}
				}
				if waits != 1 {
					t.Errorf("that it waits is recorded %d times", waits)
				}
				w.group(store.GroupKnown, c.known...)
				w.after(2 * time.Minute)
				w.is(w.last(schedule), store.OccurrenceDone, "", 1)
				if o := w.last(schedule); o.Reason != "" {
					t.Errorf("when it is done, it says %q", o.Reason)
				}
				w.group(store.GroupUnknown)
				w.after(26 * time.Hour) // all night long: that night is refused, and the next one is another
				w.is(w.last(schedule), store.OccurrenceRefused, c.waits, 0)
				w.group(store.GroupKnown, c.known...)
				w.after(24 * time.Hour)
				w.is(w.last(schedule), store.OccurrenceDone, "", 1)
			})
		})
	}
}

// Who wants it at once is told what it waits for.
func TestRunNowWhileItIsNotKnown(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		s := w.court()
		schedule := w.added(s, "action=peek")
		w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: "group:S1", Role: store.Operator, ActionGlob: "*", Effect: store.Deny}))
		w.group(store.GroupUnknown)
		o, err := s.RunNext(w.Context(), root, schedule)
		if r := refused(t, err); !strings.Contains(r.Text, "has not begun yet. Whether its owner UADMIN may run it is not known") {
			t.Errorf("it says %q", r.Text)
		}
		defer w.schedule(w.store)()
		w.group(store.GroupKnown)
		w.after(2 * time.Minute)
		w.is(w.last(schedule), store.OccurrenceDone, "", 1)
		if last := w.last(schedule); last.ID != o.ID {
			t.Errorf("it ran another: %+v", last)
		}
	})
}

// Whoever wants it at once while it waits is told so: it is not over.
func TestRunNowWhatWaits(t *testing.T) {
	inBubble(t, func(w *world) {
		s := w.court()
		schedule := w.added(s, "action=peek")
		w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: "group:S1", Role: store.Operator, ActionGlob: "*", Effect: store.Deny}))
		w.group(store.GroupUnknown)
		defer w.schedule(w.store)()
		w.after(150 * time.Minute)
		o := w.last(schedule)
		w.is(o, store.OccurrenceAnnounced, "is not known", 0)
		for _, err := range []error{s.RunNow(w.Context(), root, o.ID), second(s.RunNext(w.Context(), root, schedule))} {
			if r := refused(t, err); !strings.Contains(r.Text, "`nightly` has not begun yet. Whether its owner UADMIN may run it is not known") {
				t.Errorf("it says %q", r.Text)
			}
		}
		w.must(s.Delay(w.Context(), root, o.ID))
		if r := refused(t, s.Delay(w.Context(), root, o.ID)); !strings.Contains(r.Text, "`nightly` was delayed already") {
			t.Errorf("once more: it says %q", r.Text)
		}
	})
}

// Nobody resumes for an owner without the right. Whether they have it may not be known: the night will tell.
func TestResumeWhileItIsNotKnown(t *testing.T) {
	inBubble(t, func(w *world) {
		s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
		schedule := w.nightly()
		w.must(s.Pause(w.Context(), root, schedule, "holidays", nil))
		w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: "group:S1", Role: store.Operator, ActionGlob: "*", Effect: store.Deny}))
		w.group(store.GroupKnown, "UOWNER")
		if r := refused(t, s.Resume(w.Context(), root, schedule)); !strings.Contains(r.Text, "may not run it any more") {
			t.Errorf("it says %q", r.Text)
		}
		w.group(store.GroupUnknown)
		w.must(s.Resume(w.Context(), root, schedule))
	})
}
