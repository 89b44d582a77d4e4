package store_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

var (
	openRuns  = []store.RunState{store.AwaitingApproval, store.Queued, store.Running, store.Paused}
	finalRuns = []store.RunState{
		store.Succeeded, store.Failed, store.Partial, store.Cancelled, store.Denied, store.Expired, store.Interrupted,
	}
)

// inState is a run with one target, in a state, however it is reached in life, and the lease that belongs to it.
func (f farm) inState(state store.RunState, target store.TargetState) (store.Run, store.Lease) {
	f.t.Helper()
	run := f.create(f.request())
	f.force(f.read(run.ID).Targets[0].ID, target)
	var finished, paused any
	if state.Final() {
		finished = f.Now()
	}
	if state == store.Paused {
		paused = f.Now().Add(time.Hour)
	}
	_, err := f.db.Exec(`UPDATE runs SET state = ?, owner = 'serve/1', epoch = 1, lease_until = 1, started_at = 1, finished_at = ?, paused_until = ?,
		approvals_needed = 1, approve_by = ? WHERE id = ?`, state, finished, paused, f.Now().Add(time.Hour), run.ID)
	ok(f.t, err)
	return f.read(run.ID), store.Lease{RunID: run.ID, Epoch: 1}
}

// Each transition from each state: it is won from those in the table, and from all others it changes nothing.
func TestRunTransitions(t *testing.T) {
	t.Parallel()
	const pending, over = store.TargetPending, store.TargetSucceeded
	same := func(state store.RunState) func(store.RunState) store.RunState {
		return func(store.RunState) store.RunState { return state }
	}
	transitions := map[string]struct {
		target store.TargetState
		from   []store.RunState
		to     func(from store.RunState) store.RunState
		make   func(f farm, lease store.Lease) (bool, error)
	}{
		"claim": {pending, openRuns[1:2], same(store.Running), func(f farm, lease store.Lease) (bool, error) {
			_, claimed, err := f.Claim(f.t.Context(), lease.RunID, "serve/2", time.Minute)
			return claimed, err
		}},
		"renew": {pending, openRuns[2:3], same(store.Running), func(f farm, lease store.Lease) (bool, error) {
			return f.Renew(f.t.Context(), lease, time.Minute)
		}},
		"deny": {pending, openRuns[2:3], same(store.Denied), func(f farm, lease store.Lease) (bool, error) {
			return f.DenyRun(f.t.Context(), lease, "rights were lost")
		}},
		"deny after a command was sent": {store.TargetDispatching, nil, nil, func(f farm, lease store.Lease) (bool, error) {
			return f.DenyRun(f.t.Context(), lease, "rights were lost")
		}},
		"finish": {over, openRuns[2:3], same(store.Succeeded), func(f farm, lease store.Lease) (bool, error) {
			return f.FinishRun(f.t.Context(), lease)
		}},
		"finish with an open target": {pending, nil, nil, func(f farm, lease store.Lease) (bool, error) {
			return f.FinishRun(f.t.Context(), lease)
		}},
		"reap": {over, openRuns[2:3], same(store.Succeeded), func(f farm, _ store.Lease) (bool, error) {
			reaped, err := f.ReapExpired(f.t.Context())
			return len(reaped) > 0, err
		}},
		"expire": {pending, openRuns[1:2], same(store.Expired), func(f farm, lease store.Lease) (bool, error) {
			err := f.ExpireQueued(f.t.Context(), -time.Hour)
			return f.read(lease.RunID).State == store.Expired, err
		}},
		"pause": {pending, openRuns[2:3], same(store.Paused), func(f farm, lease store.Lease) (bool, error) {
			return f.Pause(f.t.Context(), lease, time.Hour)
		}},
		"pause with an open target": {store.TargetRunning, nil, nil, func(f farm, lease store.Lease) (bool, error) {
			return f.Pause(f.t.Context(), lease, time.Hour)
		}},
		"continue": {pending, openRuns[3:4], same(store.Queued), func(f farm, lease store.Lease) (bool, error) {
			return f.Continue(f.t.Context(), alice, lease.RunID, "")
		}},
		"expire a paused one": {pending, openRuns[3:4], same(store.Expired), func(f farm, lease store.Lease) (bool, error) {
			_, err := f.db.Exec("UPDATE runs SET paused_until = 1 WHERE id = ? AND state = 'paused'", lease.RunID)
			ok(f.t, err)
			err = f.ExpirePaused(f.t.Context())
			return f.read(lease.RunID).State == store.Expired, err
		}},
		"approve": {pending, openRuns[:1], same(store.Queued), func(f farm, lease store.Lease) (bool, error) {
			return counted(f.Approve(f.t.Context(), bob, lease.RunID, ""))
		}},
		"deny approval": {pending, openRuns[:1], same(store.Denied), func(f farm, lease store.Lease) (bool, error) {
			return counted(f.DenyApproval(f.t.Context(), bob, lease.RunID, "not now", ""))
		}},
		"void": {pending, openRuns[:1], same(store.Denied), func(f farm, lease store.Lease) (bool, error) {
			return f.VoidRun(f.t.Context(), bob, lease.RunID, "the plan changed")
		}},
		"cancel": {pending, openRuns, func(from store.RunState) store.RunState {
			if from == store.Queued || from == store.Paused || from == store.AwaitingApproval {
				return store.Cancelled
			}
			return from // whoever holds the lease ends it
		}, func(f farm, lease store.Lease) (bool, error) {
			return f.Cancel(f.t.Context(), "T1/U2", lease.RunID, "")
		}},
	}
	f := newFarm(t, "web1")
	db := f.db
	for name, transition := range transitions {
		for _, from := range slices.Concat(openRuns, finalRuns) {
			if strings.HasPrefix(name, "expire") && from == store.Expired {
				continue // its way of telling cannot tell
			}
			_, err := db.Exec("UPDATE targets SET state = 'skipped', finished_at = 1; UPDATE runs SET state = 'failed', finished_at = 1")
			ok(t, err) // what the rounds before have left open
			run, lease := f.inState(from, transition.target)
			before := dump(t, db)
			won, err := transition.make(f, lease)
			ok(t, err)
			if won != slices.Contains(transition.from, from) {
				t.Errorf("%s from %s: won %t", name, from, won)
			}
			got := f.read(run.ID)
			switch {
			case won && got.State != transition.to(from):
				t.Errorf("%s from %s: it is %s", name, from, got.State)
			case won && name != "renew" && got.Version <= run.Version:
				t.Errorf("%s from %s: version %d after %d", name, from, got.Version, run.Version)
			case !won && !cmp.Equal(before, dump(t, db)):
				t.Errorf("%s from %s was lost and changed something:\n%s", name, from, cmp.Diff(before, dump(t, db)))
			}
		}
	}
}

// The final state that follows from the states of the targets, for every set of states there can be.
func TestTheDerivedStateOfARun(t *testing.T) {
	derived := func(set []store.TargetState) store.RunState {
		n := 0
		for _, state := range set {
			if state == store.TargetSucceeded {
				n++
			}
		}
		switch {
		case slices.Contains(set, store.TargetInterrupted):
			return store.Interrupted
		case slices.Contains(set, store.TargetCancelled):
			return store.Cancelled
		case n == len(set):
			return store.Succeeded
		case n == 0:
			return store.Failed
		}
		return store.Partial
	}
	f := newFarm(t, names(len(finalTargets)+1)...)
	db := f.db
	seen := map[store.RunState]int{}
	for bits := 1; bits < 1<<len(finalTargets); bits++ {
		var set []store.TargetState
		for i, state := range finalTargets {
			if bits&(1<<i) != 0 {
				set = append(set, state)
			}
		}
		n := f.request()
		n.Servers = f.servers[:len(set)]
		run := f.create(n)
		lease := f.claim(run, time.Minute)
		for i, state := range set {
			_, err := db.Exec("UPDATE targets SET state = ?, finished_at = 1 WHERE run_id = ? AND position = ?", state, run.ID, i)
			ok(t, err)
		}
		want(t, true)(f.FinishRun(t.Context(), lease))
		got := f.read(run.ID)
		if got.State != derived(set) || got.FinishedAt == nil {
			t.Errorf("%v makes %s, want %s", set, got.State, derived(set))
		}
		seen[got.State]++
	}
	// 7 states: 64 sets hold interrupted, 32 more hold cancelled; of the other 31, one is all succeeded, 15 have none, 15 are mixed.
	want := map[store.RunState]int{store.Interrupted: 64, store.Cancelled: 32, store.Succeeded: 1, store.Failed: 15, store.Partial: 15}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestARunWithAnOpenTargetIsNotFinished(t *testing.T) {
	f := newFarm(t, "web1", "web2")
	run, lease := f.started()
	for _, open := range openTargets {
		for _, final := range finalTargets {
			f.force(run.Targets[0].ID, final)
			f.force(run.Targets[1].ID, open)
			want(t, false)(f.FinishRun(t.Context(), lease))
		}
	}
}

func TestReapingMarksWhatWasUnderWay(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, filepath.Join(t.TempDir(), "drover.db"), store.Options{Now: c.Now}), "a", "b", "c", "d")
	run, lease := f.started()
	card := get[store.Message](t)(f.Card(t.Context(), run.ID))
	ok(t, f.Rendered(t.Context(), card.ID, "1.1", run.Version))
	for i, state := range []store.TargetState{store.TargetDispatching, store.TargetRunning, store.TargetPending, store.TargetSucceeded} {
		f.force(run.Targets[i].ID, state)
	}
	c.advance(time.Minute) // the lease is good to its last moment
	if reaped := get[[]string](t)(f.ReapExpired(t.Context())); len(reaped) > 0 {
		t.Fatal("a run was reaped whose lease is good")
	}
	c.advance(time.Microsecond)
	if diff := cmp.Diff([]string{run.ID}, get[[]string](t)(f.ReapExpired(t.Context()))); diff != "" {
		t.Fatalf("reaped (-want +got)\n%s", diff)
	}
	got := f.read(run.ID)
	wantStates := []store.TargetState{store.TargetInterrupted, store.TargetInterrupted, store.TargetSkipped, store.TargetSucceeded}
	if diff := cmp.Diff(wantStates, states(got)); diff != "" || got.State != store.Interrupted {
		t.Errorf("the run is %s, its targets (-want +got)\n%s", got.State, diff)
	}
	for _, target := range got.Targets[:3] {
		if target.Summary == "" || target.FinishedAt == nil {
			t.Errorf("%s says %q, ended at %v", target.State, target.Summary, target.FinishedAt)
		}
	}
	card = get[store.Message](t)(f.Card(t.Context(), run.ID))
	if card.WantedVersion != got.Version || card.RenderedVersion >= card.WantedVersion {
		t.Errorf("the card shows %d and shall show %d of %d", card.RenderedVersion, card.WantedVersion, got.Version)
	}
	want(t, false)(f.Renew(t.Context(), lease, time.Minute))
	want(t, false)(f.FinishTarget(t.Context(), lease, run.Targets[0], store.Result{State: store.TargetSucceeded}))
	if reaped := get[[]string](t)(f.ReapExpired(t.Context())); len(reaped) > 0 {
		t.Error("the run was reaped again")
	}
	next, nextLease := f.started() // the servers are free again
	f.begin(nextLease, next.Targets[0].ID)
}

func TestReapingDerivesTheState(t *testing.T) {
	for target, want := range map[store.TargetState]store.RunState{
		store.TargetPending: store.Failed, store.TargetDispatching: store.Interrupted, store.TargetRunning: store.Interrupted,
		store.TargetSucceeded: store.Succeeded, store.TargetFailed: store.Failed, store.TargetCancelled: store.Cancelled,
	} {
		f := newFarm(t, "web1")
		run, _ := f.inState(store.Running, target)
		get[[]string](t)(f.ReapExpired(t.Context()))
		if got := f.read(run.ID); got.State != want {
			t.Errorf("%s: reaped as %s, want %s", target, got.State, want)
		}
	}
}

func TestReleaseOwnersFreesOnlyTheirs(t *testing.T) {
	f := newFarm(t, "web1")
	owners := map[string]string{}
	for _, owner := range []string{"serve/1", "serve/2", "run/1", "xserve/3"} {
		run := f.create(f.request())
		_, claimed, err := f.Claim(t.Context(), run.ID, owner, time.Hour)
		want(t, true)(claimed, err)
		owners[run.ID] = owner
	}
	ok(t, f.ReleaseOwners(t.Context(), "serve/"))
	var freed []string
	for _, id := range get[[]string](t)(f.ReapExpired(t.Context())) {
		freed = append(freed, owners[id])
	}
	slices.Sort(freed)
	if diff := cmp.Diff([]string{"serve/1", "serve/2"}, freed); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestQueuedChangingRunsExpire(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, filepath.Join(t.TempDir(), "drover.db"), store.Options{Now: c.Now}), "web1")
	reading := f.request()
	reading.Changes = false
	old, harmless, begun := f.create(f.request()), f.create(reading), f.create(f.request())
	f.claim(begun, time.Minute)
	c.advance(10 * time.Minute)
	young := f.create(f.request())
	ok(t, f.ExpireQueued(t.Context(), 10*time.Minute))
	if got := f.read(old.ID); got.State != store.Queued {
		t.Errorf("at the limit it is %s already", got.State)
	}
	c.advance(time.Microsecond)
	ok(t, f.ExpireQueued(t.Context(), 10*time.Minute))
	for run, want := range map[string]store.RunState{
		old.ID: store.Expired, harmless.ID: store.Queued, begun.ID: store.Running, young.ID: store.Queued,
	} {
		if got := f.read(run); got.State != want {
			t.Errorf("run %d is %s, want %s", got.Number, got.State, want)
		}
	}
	got := f.read(old.ID)
	if got.StateReason == "" || got.FinishedAt == nil || got.Targets[0].State != store.TargetSkipped {
		t.Errorf("it expired as %q at %v with its target %s", got.StateReason, got.FinishedAt, got.Targets[0].State)
	}
}

func TestCancelIsPassedOnToTheHolder(t *testing.T) {
	f := newFarm(t, "web1")
	queued, running := f.create(f.request()), f.create(f.request())
	lease := f.claim(running, time.Minute)
	for _, run := range []store.Run{queued, running} {
		want(t, true)(f.Cancel(t.Context(), "T1/U2", run.ID, ""))
		want(t, false)(f.Cancel(t.Context(), "T1/U3", run.ID, ""))
	}
	if diff := cmp.Diff(map[string]store.Actor{running.ID: "T1/U2"}, get[map[string]store.Actor](t)(f.CancelRequested(t.Context()))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := f.read(queued.ID); got.State != store.Cancelled || got.Targets[0].State != store.TargetCancelled {
		t.Errorf("the queued run is %s, its target %s", got.State, got.Targets[0].State)
	}
	ok(t, f.EndPending(t.Context(), lease, store.TargetCancelled, "cancelled"))
	want(t, true)(f.FinishRun(t.Context(), lease))
	if got := f.read(running.ID); got.State != store.Cancelled {
		t.Errorf("the running run ended as %s", got.State)
	}
	if left := get[map[string]store.Actor](t)(f.CancelRequested(t.Context())); len(left) > 0 {
		t.Errorf("still to be cancelled: %v", left)
	}
}

func TestQueuedRunsAreListedOldestFirst(t *testing.T) {
	f := newFarm(t, "web1")
	a, b, c := f.create(f.request()), f.create(f.request()), f.create(f.request())
	f.claim(b, time.Minute)
	if diff := cmp.Diff([]string{a.ID, c.ID}, get[[]string](t)(f.QueuedRuns(t.Context()))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestADeniedRunSaysWhy(t *testing.T) {
	f := newFarm(t, "web1")
	run, lease := f.started()
	want(t, true)(f.DenyRun(t.Context(), lease, "rights were lost"))
	got := f.read(run.ID)
	if got.StateReason != "rights were lost" || got.Targets[0].State != store.TargetSkipped || got.Targets[0].Summary != "rights were lost" {
		t.Errorf("%q, its target %s: %q", got.StateReason, got.Targets[0].State, got.Targets[0].Summary)
	}
}
