package store_test

import (
	"testing"
	"time"

	"drover/store"
)

// canary is a claimed run of three servers of which the first is the canary.
func (f farm) canary() (store.Run, store.Lease) {
	f.t.Helper()
	n := f.request()
	n.Batches = map[string]int{f.servers[0].ID: store.CanaryBatch}
	run := f.create(n)
	return f.read(run.ID), f.claim(run, time.Minute)
}

// paused is a run that waits for Continue.
func (f farm) paused() store.Run {
	f.t.Helper()
	run, lease := f.canary()
	f.begin(lease, run.Targets[0].ID)
	f.succeed(lease, run.Targets[0])
	want(f.t, true)(f.Pause(f.t.Context(), lease, time.Hour))
	return f.read(run.ID)
}

func TestAPausedRunIsNobodys(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now}), "web1", "web2", "web3")
	run := f.paused()
	if run.State != store.Paused || run.PausedUntil == nil || run.Owner != "" || run.LeaseUntil != nil {
		t.Fatalf("it is %+v", run)
	}
	c.advance(time.Hour - 1) // the lease would be long over
	if reaped := get[[]string](t)(f.ReapExpired(t.Context())); len(reaped) > 0 {
		t.Errorf("reaped: %v", reaped)
	}
	ok(t, f.ReleaseOwners(t.Context(), "serve/"))
	ok(t, f.ExpireQueued(t.Context(), time.Minute))
	if got := f.read(run.ID); got.State != store.Paused || got.Version != run.Version {
		t.Errorf("it is %s", got.State)
	}
}

func TestOnlyAGoodCanaryPauses(t *testing.T) {
	f := newFarm(t, "web1", "web2", "web3")
	for _, state := range finalTargets {
		run, lease := f.canary()
		want(t, false)(f.Pause(t.Context(), lease, time.Hour)) // it has not begun
		f.force(run.Targets[0].ID, state)
		before := f.read(run.ID)
		want(t, state == store.TargetSucceeded)(f.Pause(t.Context(), lease, time.Hour))
		if got := f.read(run.ID); state != store.TargetSucceeded && (got.Version != before.Version || got.State != store.Running) {
			t.Errorf("%s: it is %s", state, got.State)
		}
	}
	run, lease := f.canary()
	f.begin(lease, run.Targets[0].ID)
	f.succeed(lease, run.Targets[0])
	want(t, false)(f.Pause(t.Context(), store.Lease{RunID: run.ID, Epoch: lease.Epoch + 1}, time.Hour))
	want(t, true)(f.Cancel(t.Context(), alice, run.ID, ""))
	want(t, false)(f.Pause(t.Context(), lease, time.Hour)) // the worker ends it
}

func TestAContinuedRunIsClaimedAnew(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now}), "web1", "web2", "web3")
	run := f.paused()
	c.advance(59 * time.Minute)
	want(t, true)(f.Continue(t.Context(), alice, run.ID, "click-1"))
	want(t, true)(f.Continue(t.Context(), alice, run.ID, "click-1"))    // the same click, delivered again
	want(t, false)(f.Continue(t.Context(), "T1/U2", run.ID, "click-2")) // another one
	ok(t, f.ExpireQueued(t.Context(), 10*time.Minute))                  // it was queued an hour ago for the first time
	c.advance(time.Minute)
	ok(t, f.ExpirePaused(t.Context())) // it is not paused any more
	got := f.read(run.ID)
	if got.State != store.Queued || got.ContinuedBy != alice || !got.ContinuedAt.Equal(c.Now().Add(-time.Minute)) {
		t.Fatalf("it is %s, by %q at %v", got.State, got.ContinuedBy, got.ContinuedAt)
	}
	lease := f.claim(got, time.Minute)
	again := f.read(run.ID)
	if lease.Epoch != run.Epoch+1 || !again.StartedAt.Equal(run.StartedAt.Time) {
		t.Errorf("epoch %d after %d, started at %v", lease.Epoch, run.Epoch, again.StartedAt)
	}
	began, _, err := f.BeginTarget(t.Context(), store.Lease{RunID: run.ID, Epoch: run.Epoch}, run.Targets[1].ID)
	want(t, false)(began, err) // the worker of the canary has lost it
	for _, target := range run.Targets[1:] {
		f.begin(lease, target.ID)
		f.succeed(lease, target)
	}
	want(t, true)(f.FinishRun(t.Context(), lease))
	if got := f.read(run.ID); got.State != store.Succeeded {
		t.Errorf("it is %s", got.State)
	}
}

func TestAContinuedRunThatNobodyClaimsExpires(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now}), "web1", "web2", "web3")
	run := f.paused()
	want(t, true)(f.Continue(t.Context(), alice, run.ID, ""))
	c.advance(11 * time.Minute)
	ok(t, f.ExpireQueued(t.Context(), 10*time.Minute))
	got := f.read(run.ID)
	if got.State != store.Expired || got.Targets[0].State != store.TargetSucceeded || got.Targets[1].State != store.TargetSkipped {
		t.Errorf("it is %s with %v", got.State, states(got))
	}
}

func TestAPausedRunThatNobodyContinuesExpires(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now}), "web1", "web2", "web3")
	run := f.paused()
	c.advance(time.Hour - time.Microsecond)
	ok(t, f.ExpirePaused(t.Context()))
	if got := f.read(run.ID); got.State != store.Paused {
		t.Fatalf("too early it is %s", got.State)
	}
	c.advance(time.Microsecond)
	want(t, false)(f.Continue(t.Context(), alice, run.ID, "")) // whether or not somebody has looked meanwhile
	ok(t, f.ExpirePaused(t.Context()))
	got := f.read(run.ID)
	if got.State != store.Expired || got.StateReason != "nobody continued it in time" || got.Targets[0].State != store.TargetSucceeded ||
		got.Targets[2].State != store.TargetSkipped || got.Targets[2].Summary != got.StateReason {
		t.Errorf("it is %s because %q, with %v", got.State, got.StateReason, got.Targets)
	}
	want(t, false)(f.Continue(t.Context(), alice, run.ID, ""))
}

// TestNothingBeginsBeyondTheLimit, whatever the worker does: the limit is part of the transition.
func TestNothingBeginsBeyondTheLimit(t *testing.T) {
	f := newFarm(t, "web1", "web2", "web3", "web4")
	for _, failure := range []store.TargetState{store.TargetFailed, store.TargetUnreachable, store.TargetTimedOut, store.TargetInterrupted} {
		n := f.request()
		limit := 1
		n.MaxFailures = &limit
		n.Changes = false
		run := f.create(n)
		lease := f.claim(run, time.Minute)
		run = f.read(run.ID)
		f.force(run.Targets[0].ID, failure)
		if n := get[int](t)(f.CountFailed(t.Context(), run.ID)); n != 1 {
			t.Errorf("%s: %d failures", failure, n)
		}
		f.begin(lease, run.Targets[1].ID) // one may fail
		f.force(run.Targets[2].ID, failure)
		began, waits, err := f.BeginTarget(t.Context(), lease, run.Targets[3].ID)
		want(t, false)(began, err)
		if waits != 0 {
			t.Errorf("%s: it waits for %d", failure, waits)
		}
		f.succeed(lease, run.Targets[1]) // what runs is left to finish
	}
	for _, state := range []store.TargetState{store.TargetSucceeded, store.TargetSkipped, store.TargetCancelled} { // these are no failures
		n := f.request()
		n.MaxFailures, n.Changes = new(int), false
		run := f.create(n)
		lease := f.claim(run, time.Minute)
		run = f.read(run.ID)
		f.force(run.Targets[0].ID, state)
		f.begin(lease, run.Targets[1].ID)
	}
}

// TestASecondCanaryDoesNotFollowAFailedOne, whatever the limit of the others.
func TestASecondCanaryDoesNotFollowAFailedOne(t *testing.T) {
	f := newFarm(t, "web1", "web2", "web3")
	n := f.request()
	n.Batches = map[string]int{f.servers[0].ID: store.CanaryBatch, f.servers[1].ID: store.CanaryBatch}
	limit := 3
	n.MaxFailures = &limit
	run := f.create(n)
	lease := f.claim(run, time.Minute)
	run = f.read(run.ID)
	f.force(run.Targets[0].ID, store.TargetFailed)
	began, _, err := f.BeginTarget(t.Context(), lease, run.Targets[1].ID)
	want(t, false)(began, err)
}

// TestWhoMayNotBeginWaitsForNobody: another run has the server, and this one is over its limit.
func TestWhoMayNotBeginWaitsForNobody(t *testing.T) {
	f := newFarm(t, "web1", "web2")
	first, firstLease := f.started()
	f.begin(firstLease, first.Targets[1].ID)
	n := f.request()
	n.MaxFailures = new(int)
	second := f.create(n)
	lease := f.claim(second, time.Minute)
	second = f.read(second.ID)
	_, waits, err := f.BeginTarget(t.Context(), lease, second.Targets[1].ID)
	ok(t, err)
	if waits != first.Number {
		t.Errorf("it waits for %d", waits)
	}
	f.force(second.Targets[0].ID, store.TargetFailed)
	_, waits, err = f.BeginTarget(t.Context(), lease, second.Targets[1].ID)
	ok(t, err)
	if waits != 0 {
		t.Errorf("it goes on waiting for %d", waits)
	}
}
