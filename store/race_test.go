package store_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"drover/store"
)

// How often each race is run.
const (
	rounds    = 1000
	fewRounds = 200 // of those that take the same way as another
)

// race lets all run at the same moment and waits for their ends.
func race(racers ...func()) {
	start := make(chan struct{})
	var done sync.WaitGroup
	for _, racer := range racers {
		done.Go(func() {
			<-start
			racer()
		})
	}
	close(start)
	done.Wait()
}

// pair is a farm and a second store on its file: two processes' worth.
func pair(t *testing.T, names ...string) (farm, *store.Store) {
	t.Helper()
	t.Parallel()
	f := newFarm(t, names...)
	return f, again(t, f.Store)
}

// eight makes eight racers of one, four on each store.
func eight(a, b *store.Store, racer func(*store.Store)) []func() {
	racers := make([]func(), 8)
	for i := range racers {
		s := a
		if i%2 == 1 {
			s = b
		}
		racers[i] = func() { racer(s) }
	}
	return racers
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err) // not Fatal: this is not the test's goroutine
	}
}

func TestRaceClaim(t *testing.T) {
	f, other := pair(t, "web1")
	for range rounds {
		run := f.create(f.request())
		var wins atomic.Int32
		race(eight(f.Store, other, func(s *store.Store) {
			lease, claimed, err := s.Claim(t.Context(), run.ID, "serve/1", time.Minute)
			check(t, err)
			if claimed {
				wins.Add(1)
			}
			if claimed != (lease == store.Lease{RunID: run.ID, Epoch: 1}) {
				t.Errorf("claimed %t with the lease %+v", claimed, lease)
			}
		})...)
		if wins.Load() != 1 {
			t.Fatalf("%d claims of one run were won", wins.Load())
		}
	}
}

func TestRaceCancelAgainstClaim(t *testing.T) {
	f, other := pair(t, "web1")
	outcomes := map[string]int{}
	for range rounds {
		run := f.create(f.request())
		var claimed, accepted bool
		race(
			func() {
				var err error
				_, claimed, err = f.Claim(t.Context(), run.ID, "serve/1", time.Minute)
				check(t, err)
			},
			func() {
				var err error
				accepted, err = other.Cancel(t.Context(), alice, run.ID, "")
				check(t, err)
			},
		)
		run = f.read(run.ID)
		outcome := fmt.Sprintf("%t %s %s", claimed, run.State, run.Targets[0].State)
		outcomes[outcome]++
		if !accepted || run.CancelBy != alice {
			t.Fatalf("the cancel was accepted: %t, by %q", accepted, run.CancelBy)
		}
	}
	if len(outcomes) > 2 || outcomes["true running pending"]+outcomes["false cancelled cancelled"] != rounds {
		t.Errorf("outcomes: %v", outcomes)
	}
}

func TestRaceCancelTwice(t *testing.T) {
	f, other := pair(t, "web1")
	for i := range fewRounds {
		run := f.create(f.request())
		if i%2 == 0 {
			f.claim(run, time.Minute) // a queued run ends at once, a running one goes on
		}
		var wins atomic.Int32
		cancel := func(s *store.Store) func() {
			return func() {
				accepted, err := s.Cancel(t.Context(), alice, run.ID, "")
				check(t, err)
				if accepted {
					wins.Add(1)
				}
			}
		}
		race(cancel(f.Store), cancel(other))
		if wins.Load() != 1 {
			t.Fatalf("%d cancels of one run were accepted", wins.Load())
		}
	}
}

func TestRaceFinishAgainstReap(t *testing.T) {
	f, other := pair(t, "web1")
	outcomes := map[string]int{}
	for range rounds {
		run := f.create(f.request())
		lease := f.claim(run, -time.Second) // expired already
		run = f.read(run.ID)
		f.begin(lease, run.Targets[0].ID)
		var ended, finished bool
		var reaped []string
		race(
			func() {
				var err error
				ended, err = f.FinishTarget(t.Context(), lease, run.Targets[0], store.Result{State: store.TargetSucceeded})
				check(t, err)
				finished, err = f.FinishRun(t.Context(), lease)
				check(t, err)
			},
			func() {
				var err error
				reaped, err = other.ReapExpired(t.Context())
				check(t, err)
			},
		)
		run = f.read(run.ID)
		outcomes[fmt.Sprintf("%t %t %d %s %s", ended, finished, len(reaped), run.State, run.Targets[0].State)]++
	}
	for _, outcome := range []string{
		"true true 0 succeeded succeeded",       // finished first
		"true false 1 succeeded succeeded",      // reaped between the target's end and the run's
		"false false 1 interrupted interrupted", // reaped first
	} {
		delete(outcomes, outcome)
	}
	if len(outcomes) > 0 {
		t.Errorf("impossible outcomes: %v", outcomes)
	}
}

func TestRaceRenewAgainstReap(t *testing.T) {
	f, other := pair(t, "web1")
	for range rounds {
		run := f.create(f.request())
		lease := f.claim(run, -time.Second)
		var held bool
		var reaped []string
		race(
			func() {
				var err error
				held, err = f.Renew(t.Context(), lease, time.Hour)
				check(t, err)
			},
			func() {
				var err error
				reaped, err = other.ReapExpired(t.Context())
				check(t, err)
			},
		)
		if held == (len(reaped) == 1) {
			t.Fatalf("renewed %t and reaped %v", held, reaped)
		}
		if got := f.read(run.ID).State; held != (got == store.Running) {
			t.Fatalf("renewed %t and %s", held, got)
		}
	}
}

func TestRaceTwoReapers(t *testing.T) {
	f, other := pair(t, "web1")
	for range fewRounds {
		f.claim(f.create(f.request()), -time.Second)
	}
	var reaped [2][]string
	var errs [2]error
	race(
		func() { reaped[0], errs[0] = f.ReapExpired(t.Context()) },
		func() { reaped[1], errs[1] = other.ReapExpired(t.Context()) },
	)
	ok(t, errors.Join(errs[0], errs[1]))
	times := map[string]int{}
	for _, id := range append(reaped[0], reaped[1]...) {
		times[id]++
		if times[id] > 1 {
			t.Fatalf("run %s was reaped twice", id)
		}
	}
	if len(times) != fewRounds {
		t.Errorf("%d of %d runs were reaped", len(times), fewRounds)
	}
}

func TestRaceBeginOfTwoRunsOnOneServer(t *testing.T) {
	f, other := pair(t, names(rounds)...)
	first, firstLease := f.started()
	second, secondLease := f.started()
	for i := range rounds {
		var began [2]bool
		var waits [2]int
		race(
			func() {
				var err error
				began[0], waits[0], err = f.BeginTarget(t.Context(), firstLease, first.Targets[i].ID)
				check(t, err)
			},
			func() {
				var err error
				began[1], waits[1], err = other.BeginTarget(t.Context(), secondLease, second.Targets[i].ID)
				check(t, err)
			},
		)
		switch {
		case began[0] == began[1]:
			t.Fatalf("round %d: begun %v", i, began)
		case began[0] && (waits[0] != 0 || waits[1] != first.Number), began[1] && (waits[1] != 0 || waits[0] != second.Number):
			t.Fatalf("round %d: begun %v, waiting for %v", i, began, waits)
		}
	}
}

func TestRaceRetryTwice(t *testing.T) {
	f, other := pair(t, "web1")
	last := f.create(f.request())
	for range rounds {
		again := f.request()
		again.RetryOf = &last.ID
		var made atomic.Pointer[store.Run]
		race(eight(f.Store, other, func(s *store.Store) {
			run, _, err := s.CreateRun(t.Context(), again)
			if errors.Is(err, store.ErrExists) {
				return
			}
			check(t, err)
			if made.Swap(&run) != nil {
				t.Error("one run was repeated twice")
			}
		})...)
		if made.Load() == nil {
			t.Fatal("nobody repeated the run")
		}
		last = *made.Load()
	}
}

func TestRaceInboxDuplicates(t *testing.T) {
	f, other := pair(t, "web1")
	for i := range fewRounds {
		n := f.request()
		n.InboxKey = fmt.Sprintf("trigger-%d", i)
		var fresh atomic.Int32
		var mu sync.Mutex
		ids := map[string]bool{}
		race(eight(f.Store, other, func(s *store.Store) {
			run, duplicate, err := s.CreateRun(t.Context(), n)
			check(t, err)
			if !duplicate {
				fresh.Add(1)
			}
			mu.Lock()
			defer mu.Unlock()
			ids[run.ID] = true
		})...)
		if fresh.Load() != 1 || len(ids) != 1 {
			t.Fatalf("one delivery made %d runs; the ids returned are %v", fresh.Load(), ids)
		}
	}
	var runs int
	ok(t, f.db.Get(&runs, "SELECT count(*) FROM runs"))
	if runs != fewRounds {
		t.Errorf("%d deliveries made %d runs", fewRounds, runs)
	}
}

func TestRaceExpireAgainstClaim(t *testing.T) {
	f, other := pair(t, "web1")
	for range fewRounds {
		run := f.create(f.request())
		var claimed bool
		race(
			func() {
				var err error
				_, claimed, err = f.Claim(t.Context(), run.ID, "serve/1", time.Minute)
				check(t, err)
			},
			func() { check(t, other.ExpireQueued(t.Context(), -time.Hour)) }, // whatever was queued before the next hour
		)
		if got := f.read(run.ID).State; claimed != (got == store.Running) || !claimed != (got == store.Expired) {
			t.Fatalf("claimed %t and %s", claimed, got)
		}
	}
}

func TestRaceFinishTargetTwice(t *testing.T) {
	f, other := pair(t, names(fewRounds)...)
	run, lease := f.started()
	_, err := f.db.Exec("UPDATE targets SET state = 'running'")
	ok(t, err)
	for i := range fewRounds {
		var won [2]bool
		finish := func(s *store.Store, who int) func() {
			return func() {
				var err error
				won[who], err = s.FinishTarget(t.Context(), lease, run.Targets[i], store.Result{State: store.TargetFailed, Summary: fmt.Sprint(who)})
				check(t, err)
			}
		}
		race(finish(f.Store, 0), finish(other, 1))
		if won[0] == won[1] {
			t.Fatalf("round %d: finished %v", i, won)
		}
	}
}

// TestRaceContinueAgainstCancelAgainstExpiry: of three that want to end a pause at the same moment, one does.
func TestRaceContinueAgainstCancelAgainstExpiry(t *testing.T) {
	t.Parallel()
	c := newClock()
	path := t.TempDir() + "/drover.db"
	f := farmOn(t, openAt(t, path, store.Options{Now: c.Now}), "web1", "web2")
	late := newClock() // for this one the time of every pause is over
	late.advance(time.Hour)
	other, third := openAt(t, path, store.Options{Now: c.Now}), openAt(t, path, store.Options{Now: late.Now})
	outcomes := map[string]int{}
	for i := range rounds {
		run := f.paused()
		var continued, cancelled bool
		race(
			func() {
				var err error
				continued, err = f.Continue(t.Context(), alice, run.ID, fmt.Sprintf("click-%d", i))
				check(t, err)
			},
			func() {
				var err error
				cancelled, err = other.Cancel(t.Context(), alice, run.ID, "")
				check(t, err)
			},
			func() { check(t, third.ExpirePaused(t.Context())) },
		)
		got := f.read(run.ID)
		outcomes[fmt.Sprintf("%s continued %t cancelled %t", got.State, continued, cancelled)]++
		if events := f.decisions(run.Number); len(events) != 1 && (len(events) != 2 || !continued || !cancelled) { // continued, then cancelled while queued
			t.Fatalf("round %d: decided by %v", i, events)
		}
		if continued != (got.ContinuedAt != nil) || got.Targets[0].State != store.TargetSucceeded || got.State != store.Queued && got.Targets[1].State == store.TargetPending {
			t.Fatalf("round %d: continued %t, cancelled %t: %+v", i, continued, cancelled, got)
		}
		if got.State == store.Queued {
			want(t, true)(f.Cancel(t.Context(), alice, run.ID, "")) // the next round needs its servers
		}
	}
	known := map[string]bool{
		"queued continued true cancelled false": true, "cancelled continued true cancelled true": true,
		"cancelled continued false cancelled true": true, "expired continued false cancelled false": true,
	}
	for outcome, n := range outcomes {
		if !known[outcome] {
			t.Errorf("%d times %s", n, outcome)
		}
	}
	if len(outcomes) < 2 {
		t.Errorf("nobody ever lost: %v", outcomes)
	}
}

// decisions are the ends of a run's pause, as the log has them.
func (f farm) decisions(number int) []string {
	f.t.Helper()
	var events []string
	ok(f.t, f.db.Select(&events, `SELECT event FROM audit WHERE subject = ? AND event IN ('run.continued', 'run.cancelled', 'run.expired') ORDER BY seq`,
		fmt.Sprintf("run/%d", number)))
	return events
}

// TestRacePauseAgainstCancel: a run that somebody cancels is not paused, and a paused one is cancelled at once.
func TestRacePauseAgainstCancel(t *testing.T) {
	f, other := pair(t, "web1", "web2")
	for range fewRounds {
		run, lease := f.canary()
		f.begin(lease, run.Targets[0].ID)
		f.succeed(lease, run.Targets[0])
		var paused, cancelled bool
		race(
			func() {
				var err error
				paused, err = f.Pause(t.Context(), lease, time.Hour)
				check(t, err)
			},
			func() {
				var err error
				cancelled, err = other.Cancel(t.Context(), alice, run.ID, "")
				check(t, err)
			},
		)
		got := f.read(run.ID)
		if !cancelled || paused != (got.State == store.Cancelled) || !paused != (got.State == store.Running) {
			t.Fatalf("paused %t, cancelled %t, and it is %s", paused, cancelled, got.State)
		}
	}
}

// TestRaceContinueAndClaim: one click counts, and one worker gets the run.
func TestRaceContinueAndClaim(t *testing.T) {
	f, other := pair(t, "web1", "web2")
	for i := range fewRounds {
		run := f.paused()
		var clicks, claims atomic.Int32
		racers := eight(f.Store, other, func(s *store.Store) {
			continued, err := s.Continue(t.Context(), alice, run.ID, "")
			check(t, err)
			if continued {
				clicks.Add(1)
			}
		})
		racers = append(racers, eight(f.Store, other, func(s *store.Store) {
			for range 5 {
				_, claimed, err := s.Claim(t.Context(), run.ID, "serve/2", time.Minute)
				check(t, err)
				if claimed {
					claims.Add(1)
				}
			}
		})...)
		race(racers...)
		if clicks.Load() != 1 || claims.Load() > 1 || f.read(run.ID).Epoch != run.Epoch+int64(claims.Load()) {
			t.Fatalf("round %d: %d clicks counted, %d claims", i, clicks.Load(), claims.Load())
		}
	}
}
