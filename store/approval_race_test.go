package store_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

// decide is one way to decide about a run that waits for approval, and what whoever decides so is told.
type decide func(ctx context.Context, s *store.Store, id string) (told string)

// approveBy approves by a delivery of its own, or, with a key, by one of that name.
func approveBy(who store.Actor, key string) decide {
	return func(ctx context.Context, s *store.Store, id string) string {
		delivery := ""
		if key != "" {
			delivery = key + "/" + id
		}
		return told(s.Approve(ctx, who, id, delivery))
	}
}

func deny(ctx context.Context, s *store.Store, id string) string {
	return told(s.DenyApproval(ctx, carol, id, "not now", ""))
}

func expire(ctx context.Context, s *store.Store, _ string) string {
	return told(s.ExpireUnapproved(ctx))
}

func cancel(ctx context.Context, s *store.Store, id string) string {
	accepted, err := s.Cancel(ctx, alice, id, "")
	return fmt.Sprint(accepted, wrong(err))
}

func void(ctx context.Context, s *store.Store, id string) string {
	voided, err := s.VoidRun(ctx, bob, id, "web1 was changed")
	return fmt.Sprint(voided, wrong(err))
}

func told(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, store.ErrTooLate):
		return "late"
	case errors.Is(err, store.ErrExists):
		return "twice"
	}
	return err.Error()
}

func wrong(err error) string {
	if err == nil {
		return ""
	}
	return " " + err.Error()
}

// Everything that can happen to a run that waits for approval, two at once, a thousand times, on a real file and by two
// processes' worth of stores: one outcome each, the same for everybody who looks, and never a second execution.
func TestRaceDecisions(t *testing.T) {
	for name, c := range map[string]struct {
		needed, rounds int
		a, b           decide
		ahead          time.Duration // of the second store's clock: it finds expired what the first one finds open
		outcomes       []string      // what a and b are told, where the run is then, and how many have decided
	}{
		"two approvers":          {2, rounds, approveBy(bob, ""), approveBy(carol, ""), 0, []string{"ok ok queued 2"}},
		"two approvers of one":   {1, rounds, approveBy(bob, ""), approveBy(carol, ""), 0, []string{"ok late queued 1", "late ok queued 1"}},
		"approve against deny":   {1, rounds, approveBy(bob, ""), deny, 0, []string{"ok late queued 1", "late ok denied 1"}},
		"approve against expiry": {1, rounds, approveBy(bob, ""), expire, 2 * time.Hour, []string{"ok ok queued 1", "late ok expired 0"}},
		// What is approved and has not begun is still cancelled.
		"approve against cancel": {1, rounds, approveBy(bob, ""), cancel, 0, []string{"ok true cancelled 1", "late true cancelled 0"}},
		"double click":           {1, rounds, approveBy(bob, "1"), approveBy(bob, "2"), 0, []string{"ok late queued 1", "late ok queued 1"}},
		"replayed envelope":      {1, rounds, approveBy(bob, "1"), approveBy(bob, "1"), 0, []string{"ok ok queued 1"}},

		"approve one of two against deny": {2, fewRounds, approveBy(bob, ""), deny, 0, []string{"ok ok denied 2", "late ok denied 1"}},
		"double click of one of two": {
			2, fewRounds, approveBy(bob, "1"), approveBy(bob, "2"), 0, []string{"ok twice awaiting_approval 1", "twice ok awaiting_approval 1"},
		},
		"replayed envelope of one of two":  {2, fewRounds, approveBy(bob, "1"), approveBy(bob, "1"), 0, []string{"ok ok awaiting_approval 1"}},
		"deny against cancel":              {1, fewRounds, deny, cancel, 0, []string{"ok false denied 1", "late true cancelled 0"}},
		"deny against expiry":              {1, fewRounds, deny, expire, 2 * time.Hour, []string{"ok ok denied 1", "late ok expired 0"}},
		"approve against a change of plan": {1, fewRounds, approveBy(bob, ""), void, 0, []string{"ok false queued 1", "late true denied 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t, "web1")
			other := openAt(t, f.Path(), store.Options{Now: func() time.Time { return f.Now().Add(c.ahead).Time }})
			met := map[string]int{}
			queued := 0
			for range c.rounds {
				run := f.create(f.looking(c.needed))
				var a, b string
				race(
					func() { a = c.a(t.Context(), f.Store, run.ID) },
					func() { b = c.b(t.Context(), other, run.ID) },
				)
				got := f.read(run.ID)
				met[fmt.Sprintf("%s %s %s %d", a, b, got.State, len(got.Approvals))]++
				if got.State == store.Queued {
					queued++
				}
			}
			for _, outcome := range slices.Sorted(maps.Keys(met)) {
				if !slices.Contains(c.outcomes, outcome) {
					t.Errorf("%d times: %s", met[outcome], outcome)
				}
			}
			f.executes(other, queued)
		})
	}
}

// looking asks for a run that keeps its server from no other, so that all rounds can be executed at the end.
func (f farm) looking(approvals int) store.NewRun {
	request := f.needing(approvals)
	request.Changes = false
	return request
}

// executes lets two workers at once execute what they find, and makes sure that this is what was approved, each once.
func (f farm) executes(other *store.Store, want int) {
	f.t.Helper()
	var executed [2]int
	work := func(s *store.Store, who int) func() {
		return func() {
			ids, err := s.QueuedRuns(f.t.Context())
			check(f.t, err)
			for _, id := range ids {
				lease, claimed, err := s.Claim(f.t.Context(), id, fmt.Sprint("serve/", who), time.Hour)
				check(f.t, err)
				if !claimed {
					continue
				}
				run, err := s.Run(f.t.Context(), id)
				check(f.t, err)
				began, _, err := s.BeginTarget(f.t.Context(), lease, run.Targets[0].ID)
				check(f.t, err)
				if began {
					executed[who]++
				}
			}
		}
	}
	race(work(f.Store, 0), work(other, 1))
	var begun int
	ok(f.t, f.db.Get(&begun, "SELECT count(*) FROM targets WHERE state <> 'pending' AND started_at IS NOT NULL"))
	if got := executed[0] + executed[1]; got != want || begun != want {
		f.t.Errorf("%d were executed and %d servers begun, want %d", got, begun, want)
	}
}

// Ten people press at once: the first three count, and nobody presses it into a second life.
func TestRaceManyApprovers(t *testing.T) {
	f, other := pair(t, "web1")
	for range fewRounds {
		run := f.create(f.looking(3))
		answers := make([]string, 10)
		racers := make([]func(), len(answers))
		for i := range racers {
			s := f.Store
			if i%2 == 1 {
				s = other
			}
			racers[i] = func() { answers[i] = told(s.Approve(t.Context(), store.Actor(fmt.Sprint("T1/U1", i)), run.ID, "")) }
		}
		race(racers...)
		slices.Sort(answers)
		if diff := cmp.Diff(strings.Fields("late late late late late late late ok ok ok"), answers); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
		if got := f.read(run.ID); got.State != store.Queued || len(got.Approvals) != 3 {
			t.Fatalf("it is %s by %d", got.State, len(got.Approvals))
		}
	}
	f.executes(other, fewRounds)
}
