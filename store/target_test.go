package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

var (
	openTargets  = []store.TargetState{store.TargetPending, store.TargetDispatching, store.TargetRunning}
	finalTargets = []store.TargetState{
		store.TargetSucceeded, store.TargetFailed, store.TargetUnreachable, store.TargetTimedOut,
		store.TargetCancelled, store.TargetSkipped, store.TargetInterrupted,
	}
)

// force puts a target into a state, however it is reached in life.
func (f farm) force(id string, state store.TargetState) {
	f.t.Helper()
	var finished any
	if state.Final() {
		finished = f.Now()
	}
	_, err := f.db.Exec("UPDATE targets SET state = ?, finished_at = ? WHERE id = ?", state, finished, id)
	ok(f.t, err)
}

func TestWhichTargetStatesAreFinal(t *testing.T) {
	for _, state := range openTargets {
		if state.Final() {
			t.Errorf("%s is final", state)
		}
	}
	for _, state := range finalTargets {
		if !state.Final() {
			t.Errorf("%s is not final", state)
		}
	}
}

// Each transition from each state: it is won from those in the table, and from all others it changes nothing.
func TestTargetTransitions(t *testing.T) {
	transitions := map[string]struct {
		from []store.TargetState
		to   store.TargetState
		make func(f farm, lease store.Lease, target store.Target) (bool, error)
	}{
		"begin": {openTargets[:1], store.TargetDispatching, func(f farm, lease store.Lease, target store.Target) (bool, error) {
			began, _, err := f.BeginTarget(f.t.Context(), lease, target.ID)
			return began, err
		}},
		"started": {openTargets[1:2], store.TargetRunning, func(f farm, lease store.Lease, target store.Target) (bool, error) {
			return f.TargetStarted(f.t.Context(), lease, target.ID)
		}},
	}
	for _, state := range finalTargets {
		name := "finish as " + string(state)
		transitions[name] = struct {
			from []store.TargetState
			to   store.TargetState
			make func(f farm, lease store.Lease, target store.Target) (bool, error)
		}{openTargets[1:], state, func(f farm, lease store.Lease, target store.Target) (bool, error) {
			return f.FinishTarget(f.t.Context(), lease, target, store.Result{State: state})
		}}
	}
	f := newFarm(t, "web1")
	run, lease := f.started()
	target, db := run.Targets[0], f.db
	for name, transition := range transitions {
		for _, from := range slices.Concat(openTargets, finalTargets) {
			f.force(target.ID, from)
			before := dump(t, db)
			won, err := transition.make(f, lease, target)
			ok(t, err)
			if won != slices.Contains(transition.from, from) {
				t.Errorf("%s from %s: won %t", name, from, won)
			}
			got := f.read(run.ID)
			switch {
			case won && (got.Targets[0].State != transition.to || got.Version <= run.Version):
				t.Errorf("%s from %s: it is %s, run version %d after %d", name, from, got.Targets[0].State, got.Version, run.Version)
			case !won && !cmp.Equal(before, dump(t, db)):
				t.Errorf("%s from %s was lost and changed something:\n%s", name, from, cmp.Diff(before, dump(t, db)))
			}
			run.Version = got.Version
		}
	}
}

func TestEndPendingEndsOnlyWhatHasNotBegun(t *testing.T) {
	all := slices.Concat(openTargets, finalTargets)
	f := newFarm(t, names(len(all))...)
	run, lease := f.started()
	for i, state := range all {
		f.force(run.Targets[i].ID, state)
	}
	ok(t, f.EndPending(t.Context(), lease, store.TargetCancelled, "not begun: cancelled"))
	got := f.read(run.ID)
	want := slices.Concat([]store.TargetState{store.TargetCancelled}, all[1:])
	if diff := cmp.Diff(want, states(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got.Targets[0].Summary != "not begun: cancelled" || got.Targets[0].FinishedAt == nil || got.Version <= run.Version {
		t.Errorf("the ended target is %+v, run version %d after %d", got.Targets[0], got.Version, run.Version)
	}
}

func TestAStaleEpochChangesNothing(t *testing.T) {
	writes := map[string]func(f farm, lease store.Lease, target store.Target) (bool, error){
		"BeginTarget": func(f farm, lease store.Lease, target store.Target) (bool, error) {
			began, _, err := f.BeginTarget(f.t.Context(), lease, target.ID)
			return began, err
		},
		"TargetStarted": func(f farm, lease store.Lease, target store.Target) (bool, error) {
			return f.TargetStarted(f.t.Context(), lease, target.ID)
		},
		"FinishTarget": func(f farm, lease store.Lease, target store.Target) (bool, error) {
			return f.FinishTarget(f.t.Context(), lease, target, store.Result{State: store.TargetFailed, Facts: store.Strings{"os": "x"}})
		},
		"EndPending": func(f farm, lease store.Lease, _ store.Target) (bool, error) {
			return false, f.EndPending(f.t.Context(), lease, store.TargetSkipped, "x")
		},
		"Renew": func(f farm, lease store.Lease, _ store.Target) (bool, error) {
			return f.Renew(f.t.Context(), lease, time.Hour)
		},
		"DenyRun": func(f farm, lease store.Lease, _ store.Target) (bool, error) {
			return f.DenyRun(f.t.Context(), lease, "x")
		},
		"FinishRun": func(f farm, lease store.Lease, _ store.Target) (bool, error) {
			return f.FinishRun(f.t.Context(), lease)
		},
	}
	f := newFarm(t, "web1")
	run, lease := f.started()
	db := f.db
	for name, write := range writes {
		for _, state := range []store.TargetState{store.TargetPending, store.TargetDispatching, store.TargetRunning, store.TargetSucceeded} {
			f.force(run.Targets[0].ID, state)
			for _, epoch := range []int64{lease.Epoch - 1, lease.Epoch + 1} {
				before := dump(t, db)
				want(t, false)(write(f, store.Lease{RunID: run.ID, Epoch: epoch}, run.Targets[0]))
				if diff := cmp.Diff(before, dump(t, db)); diff != "" {
					t.Errorf("%s of a %s target with epoch %d of %d changed something:\n%s", name, state, epoch, lease.Epoch, diff)
				}
			}
		}
	}
}

func TestAResultIsKeptWhole(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now}), "web1")
	run, lease := f.started()
	f.begin(lease, run.Targets[0].ID)
	c.advance(time.Second)
	code := 3
	result := store.Result{
		State: store.TargetFailed, ExitCode: &code, ErrorKind: "exit", Summary: "it failed", Details: "line 1\nline 2",
		Stdout: "out\x00\xffput", Stderr: "err", Facts: store.Strings{"os": "Debian 13"},
		Host: store.Host{System: "Linux", Distribution: "debian", Version: "13", Boot: "b:1"},
	}
	want(t, true)(f.FinishTarget(t.Context(), lease, run.Targets[0], result))
	got := f.read(run.ID).Targets[0]
	web1 := get[store.Server](t)(f.ServerNamed(t.Context(), "web1"))
	if diff := cmp.Diff(result, store.Result{
		State: got.State, ExitCode: got.ExitCode, ErrorKind: got.ErrorKind, Summary: got.Summary, Details: got.Details,
		Stdout: got.Stdout, Stderr: got.Stderr, Facts: got.Facts, Host: web1.Host,
	}); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if took := got.FinishedAt.Sub(got.StartedAt.Time); took != time.Second {
		t.Errorf("it took %v, want 1s", took)
	}
	if web1.Facts["os"] != "Debian 13" || web1.FactsAt == nil || !web1.FactsAt.Equal(c.Now()) || web1.HostAt == nil || !web1.HostAt.Equal(c.Now()) {
		t.Errorf("the server's facts are %v of %v, seen %v", web1.Facts, web1.FactsAt, web1.HostAt)
	}
	f2, lease2 := f.started()
	f.begin(lease2, f2.Targets[0].ID)
	f.succeed(lease2, f2.Targets[0])
	if web1 = get[store.Server](t)(f.ServerNamed(t.Context(), "web1")); web1.Facts["os"] != "Debian 13" || web1.Host.String() != "debian 13" {
		t.Error("a result without facts wiped those that are known")
	}
}

func TestAChangingTargetWaitsForAnotherRun(t *testing.T) {
	f := newFarm(t, "web1", "web2")
	first, firstLease := f.started()
	second, secondLease := f.started()
	f.begin(firstLease, first.Targets[0].ID)

	began, waitsFor, err := f.BeginTarget(t.Context(), secondLease, second.Targets[0].ID)
	want(t, false)(began, err)
	got := f.read(second.ID)
	if waitsFor != first.Number || got.Targets[0].WaitsFor != first.Number || got.Version <= second.Version {
		t.Errorf("it waits for %d, on disk %d, version %d after %d", waitsFor, got.Targets[0].WaitsFor, got.Version, second.Version)
	}
	_, _, err = f.BeginTarget(t.Context(), secondLease, second.Targets[0].ID)
	ok(t, err)
	if after := f.read(second.ID); after.Version != got.Version {
		t.Error("waiting on changed the run")
	}
	f.begin(secondLease, second.Targets[1].ID) // another server is free

	want(t, true)(f.TargetStarted(t.Context(), firstLease, first.Targets[0].ID))
	began, _, err = f.BeginTarget(t.Context(), secondLease, second.Targets[0].ID)
	want(t, false)(began, err)
	f.succeed(firstLease, first.Targets[0])
	f.begin(secondLease, second.Targets[0].ID)
	if got := f.read(second.ID).Targets[0]; got.WaitsFor != 0 {
		t.Errorf("it has begun and waits for %d", got.WaitsFor)
	}
}

func TestWhatChangesNothingWaitsForNobody(t *testing.T) {
	f := newFarm(t, "web1")
	changing, lease := f.started()
	f.begin(lease, changing.Targets[0].ID)
	n := f.request()
	n.Changes = false
	for range 2 {
		run := f.create(n)
		f.begin(f.claim(run, time.Minute), f.read(run.ID).Targets[0].ID)
	}
}

// Should the guard in the SQL be lost, the index still holds.
func TestTheIndexAllowsOneChangingTargetPerServer(t *testing.T) {
	f := newFarm(t, "web1")
	first, lease := f.started()
	second, _ := f.started()
	f.begin(lease, first.Targets[0].ID)
	db := f.db
	for _, holder := range []string{"dispatching", "running"} {
		_, err := db.Exec("UPDATE targets SET state = ? WHERE id = ?", holder, first.Targets[0].ID)
		ok(t, err)
		for _, state := range []string{"dispatching", "running"} {
			_, err = db.Exec("UPDATE targets SET state = ? WHERE id = ?", state, second.Targets[0].ID)
			if err == nil || !strings.Contains(err.Error(), "UNIQUE constraint failed: targets.server_id") {
				t.Errorf("%s beside %s: got error %v", state, holder, err)
			}
		}
	}
	_, err := db.Exec("UPDATE targets SET changes = 0, state = 'running' WHERE id = ?", second.Targets[0].ID)
	ok(t, err)
}

func TestATargetsEndIsAudited(t *testing.T) {
	f := newFarm(t, "web1")
	run, lease := f.started()
	f.begin(lease, run.Targets[0].ID)
	f.succeed(lease, run.Targets[0])
	want(t, true)(f.FinishRun(t.Context(), lease))
	var events []string
	ok(t, f.db.Select(&events, "SELECT event FROM audit WHERE subject = ? ORDER BY seq", fmt.Sprintf("run/%d", run.Number)))
	if diff := cmp.Diff([]string{"run.requested", "run.started", "target.dispatched", "target.succeeded", "run.succeeded"}, events); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWhatARunWaitsForIsSaidOfWhatHasNotBegun(t *testing.T) {
	f := newFarm(t, "web1", "web2")
	run, lease := f.started()
	f.begin(lease, run.Targets[0].ID)
	ok(t, f.NotePending(t.Context(), lease, "it is not known"))
	was := f.read(run.ID).Version
	ok(t, f.NotePending(t.Context(), lease, "it is not known"))
	got := f.read(run.ID)
	if got.Version != was || got.Targets[0].Summary != "" || got.Targets[1].Summary != "it is not known" {
		t.Errorf("version %d after %d: %q, %q", got.Version, was, got.Targets[0].Summary, got.Targets[1].Summary)
	}
	ok(t, f.NotePending(t.Context(), lease, ""))
	if got := f.read(run.ID); got.Version == was || got.Targets[1].Summary != "" {
		t.Errorf("version %d after %d: %q", got.Version, was, got.Targets[1].Summary)
	}
}
