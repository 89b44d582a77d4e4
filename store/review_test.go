package store_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

// urgent asks for a break-glass run, of which bob is to know at once.
func (f farm) urgent() store.NewRun {
	request := f.request()
	request.Urgent, request.Reason, request.Tell = true, "the site is down", []store.Actor{bob}
	return request
}

// admins are told of reviews, whoever of them ran it excepted.
func admins(context.Context) ([]store.Actor, error) { return []store.Actor{alice, bob}, nil }

// reviews are the messages that ask for the review of a run: where they go, and which version they are to show.
func (f farm) reviews(id string) map[string]int64 {
	f.t.Helper()
	var rows []store.Message
	ok(f.t, f.db.Select(&rows, "SELECT * FROM messages WHERE owner = ? AND kind = 'review'", id))
	versions := map[string]int64{}
	for _, m := range rows {
		versions[m.Channel+" "+m.Key] = m.WantedVersion
	}
	return versions
}

func TestABreakGlassRunStaysOpenUntilItIsReviewed(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, filepath.Join(t.TempDir(), "drover.db"), store.Options{Now: c.Now}), "web1")
	run, plain := f.create(f.urgent()), f.create(f.request())
	if run.State != store.Queued {
		t.Fatalf("it is %s", run.State)
	}
	equal := func(want map[string]int64) {
		t.Helper()
		if diff := cmp.Diff(want, f.reviews(run.ID)); diff != "" {
			t.Errorf("the messages (-want +got)\n%s", diff)
		}
	}
	equal(map[string]int64{"C1 ": 1, "U2 T1/U2": 1})
	c.advance(24*time.Hour - time.Microsecond)
	ok(t, f.RemindReviews(t.Context(), admins))
	equal(map[string]int64{"C1 ": 1, "U2 T1/U2": 1})
	c.advance(time.Microsecond)
	for range 2 {
		ok(t, f.RemindReviews(t.Context(), admins))
	}
	equal(map[string]int64{"C1 ": 1, "U2 T1/U2": 1, "C1 reminder/2026-03-02 12:00:00": 1, "U2 reminder/2026-03-02 12:00:00/T1/U2": 1})
	c.advance(24 * time.Hour)
	ok(t, f.RemindReviews(t.Context(), admins))
	if n := len(f.reviews(run.ID)); n != 6 {
		t.Errorf("%d messages after two days, want 6", n)
	}
	if open := get[[]store.Run](t)(f.AwaitingReviews(t.Context())); len(open) != 1 || open[0].ID != run.ID {
		t.Errorf("open: %v", open)
	}

	ok(t, f.Review(t.Context(), bob, run.ID, "click/1"))
	ok(t, f.Review(t.Context(), bob, run.ID, "click/1")) // Slack delivered it twice
	wantErr(t, f.Review(t.Context(), carol, run.ID, "click/2"), store.ErrTooLate)
	wantErr(t, f.Review(t.Context(), carol, plain.ID, ""), store.ErrTooLate)
	for place, version := range f.reviews(run.ID) {
		if version != 2 {
			t.Errorf("%s is to show version %d: it keeps its button", place, version)
		}
	}
	c.advance(48 * time.Hour)
	ok(t, f.RemindReviews(t.Context(), admins))
	if n := len(f.reviews(run.ID)); n != 6 || len(get[[]store.Run](t)(f.AwaitingReviews(t.Context()))) > 0 {
		t.Errorf("%d messages after the review", n)
	}
	got := f.read(run.ID)
	if got.ReviewedBy != bob || got.ReviewedAt == nil || got.Version <= run.Version {
		t.Errorf("reviewed by %q at %v, version %d", got.ReviewedBy, got.ReviewedAt, got.Version)
	}
}

func TestRaceReviews(t *testing.T) {
	f, other := pair(t, "web1")
	for range fewRounds {
		run := f.create(f.urgent())
		var won atomic.Int32
		review := func(s *store.Store, who store.Actor) func() {
			return func() {
				first, err := counted(s.Review(t.Context(), who, run.ID, ""))
				check(t, err)
				if first {
					won.Add(1)
				}
			}
		}
		race(review(f.Store, bob), review(other, carol))
		if won.Load() != 1 {
			t.Fatalf("%d reviews of one run", won.Load())
		}
	}
}

// Two processes remind once.
func TestRaceReminders(t *testing.T) {
	f, other := pair(t, "web1")
	for range fewRounds {
		run := f.create(f.urgent())
		_, err := f.db.Exec("UPDATE runs SET remind_at = 1 WHERE id = ?", run.ID)
		ok(t, err)
		race(func() { check(t, f.RemindReviews(t.Context(), admins)) }, func() { check(t, other.RemindReviews(t.Context(), admins)) })
		if n := len(f.reviews(run.ID)); n != 4 {
			t.Fatalf("%d messages, want the channel's, the admin's and one reminder of each", n)
		}
	}
}
