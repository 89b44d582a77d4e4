package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

// detachedRun is a claimed run of detached commands, all begun.
func (f farm) detachedRun() (store.Run, store.Lease) {
	f.t.Helper()
	n := f.request()
	n.Detached = map[string]bool{}
	for _, s := range n.Servers {
		n.Detached[s.ID] = true
	}
	run := f.create(n)
	lease := f.claim(run, time.Minute)
	run = f.read(run.ID)
	for _, target := range run.Targets {
		f.begin(lease, target.ID)
	}
	return run, lease
}

// goesOn is a run that is over, with targets that may go on.
func (f farm) goesOn(state store.TargetState) store.Run {
	f.t.Helper()
	run, lease := f.detachedRun()
	for _, target := range run.Targets {
		want(f.t, true)(f.FinishTarget(f.t.Context(), lease, target, store.Result{State: state, Summary: "it goes on", GoesOn: true}))
	}
	want(f.t, true)(f.FinishRun(f.t.Context(), lease))
	return f.read(run.ID)
}

// due claims everything that is due.
func (f farm) due() []store.Target {
	f.t.Helper()
	list := get[[]store.Target](f.t)(f.DueProbes(f.t.Context(), 100))
	for i, target := range list {
		claimed, won, err := f.ClaimProbe(f.t.Context(), target, time.Minute)
		want(f.t, true)(won, err)
		list[i] = claimed
	}
	return list
}

// The state of a run follows from what was proven of its targets, whatever it was before.
func TestAProofDerivesTheStateOfTheRun(t *testing.T) {
	const good, bad = store.TargetSucceeded, store.TargetFailed
	for _, c := range []struct {
		was, first, second store.TargetState
		before, half, all  store.RunState
	}{
		{store.TargetInterrupted, good, good, store.Interrupted, store.Interrupted, store.Succeeded},
		{store.TargetInterrupted, good, bad, store.Interrupted, store.Interrupted, store.Partial},
		{store.TargetInterrupted, bad, bad, store.Interrupted, store.Interrupted, store.Failed},
		{store.TargetTimedOut, good, good, store.Failed, store.Partial, store.Succeeded},
		{store.TargetTimedOut, good, bad, store.Failed, store.Partial, store.Partial},
		{store.TargetTimedOut, bad, bad, store.Failed, store.Failed, store.Failed},
	} {
		t.Run(fmt.Sprint(c.was, c.first, c.second), func(t *testing.T) {
			f := newFarm(t, "web1", "web2")
			run := f.goesOn(c.was)
			got := []store.RunState{run.State}
			code := 0
			for i, target := range f.due() {
				state := []store.TargetState{c.first, c.second}[i]
				want(t, true)(f.Prove(t.Context(), target, store.Result{State: state, ExitCode: &code, Stdout: "all of it", Facts: store.Strings{"os": "x"}}))
				want(t, false)(f.Prove(t.Context(), target, store.Result{State: bad}))
				got = append(got, f.read(run.ID).State)
			}
			if diff := cmp.Diff([]store.RunState{c.before, c.half, c.all}, got); diff != "" {
				t.Error(diff)
			}
			last := f.read(run.ID)
			for _, target := range last.Targets {
				if target.Stdout != "all of it" || target.ProbeAt != nil || *target.ExitCode != 0 {
					t.Errorf("%+v", target)
				}
			}
			if last.Version <= run.Version {
				t.Error("its card is not behind")
			}
			if whole(t, f.Store) == 0 {
				t.Error("nothing is audited")
			}
		})
	}
}

// A proof while other servers are still worked on leaves the end of the run to its worker.
func TestAProofDuringTheRunLeavesItsState(t *testing.T) {
	f := newFarm(t, "web1", "web2")
	run, lease := f.detachedRun()
	want(t, true)(f.FinishTarget(t.Context(), lease, run.Targets[0], store.Result{State: store.TargetTimedOut, GoesOn: true}))
	want(t, true)(f.Prove(t.Context(), f.due()[0], store.Result{State: store.TargetSucceeded}))
	if got := f.read(run.ID); got.State != store.Running {
		t.Fatalf("it is %s", got.State)
	}
	f.succeed(lease, run.Targets[1])
	want(t, true)(f.FinishRun(t.Context(), lease))
	if got := f.read(run.ID); got.State != store.Succeeded {
		t.Errorf("it is %s", got.State)
	}
}

// Of the targets of a dead worker, only those that outlive it are asked for.
func TestReapingHasDetachedTargetsAskedFor(t *testing.T) {
	f := newFarm(t, "web1", "web2")
	n := f.request()
	n.Detached = map[string]bool{f.servers[1].ID: true}
	run := f.create(n)
	lease := f.claim(run, -time.Second)
	for _, target := range f.read(run.ID).Targets {
		f.begin(lease, target.ID)
	}
	get[[]string](t)(f.ReapExpired(t.Context()))
	run = f.read(run.ID)
	for i, goesOn := range []bool{false, true} {
		target := run.Targets[i]
		if target.State != store.TargetInterrupted || (target.ProbeAt != nil) != goesOn || strings.Contains(target.Summary, "goes on") != goesOn {
			t.Errorf("%+v", target)
		}
	}
	if due := f.due(); len(due) != 1 || due[0].ID != run.Targets[1].ID {
		t.Errorf("due: %+v", due)
	}
	if again := f.due(); len(again) != 0 {
		t.Errorf("due while it is asked for: %+v", again)
	}
	ok(t, f.ReleaseOwners(t.Context(), "serve/"))
	if again := f.due(); len(again) != 1 || again[0].Probes != 2 {
		t.Errorf("due after its prober died: %+v", again)
	}
}

// Who had a target before another one claimed it writes nothing any more.
func TestAnOldProberWritesNothing(t *testing.T) {
	clock := newClock()
	f := farmOn(t, openAt(t, t.TempDir()+"/drover.db", store.Options{Now: clock.Now}), "web1")
	run := f.goesOn(store.TargetInterrupted)
	old := f.due()[0]
	clock.advance(2 * time.Minute)
	now := f.due()[0]
	before := f.read(run.ID)
	want(t, false)(f.Prove(t.Context(), old, store.Result{State: store.TargetSucceeded}))
	want(t, false)(f.EndProbes(t.Context(), old, "never mind"))
	ok(t, f.PostponeProbe(t.Context(), old, time.Hour))
	if diff := cmp.Diff(before, f.read(run.ID)); diff != "" {
		t.Fatal(diff)
	}
	want(t, true)(f.EndProbes(t.Context(), now, "nobody knows"))
	want(t, false)(f.Prove(t.Context(), now, store.Result{State: store.TargetSucceeded}))
	if target := f.read(run.ID).Targets[0]; target.State != store.TargetInterrupted || target.Summary != "nobody knows" || target.ProbeAt != nil {
		t.Errorf("%+v", target)
	}
}

// While the end of a detached command is not proven, its server is taken; the index holds it even without the guard.
func TestWhatIsNotProvenHasItsServerToItself(t *testing.T) {
	f := newFarm(t, "web1")
	first := f.goesOn(store.TargetTimedOut)
	second, lease := f.started()
	began, waitsFor, err := f.BeginTarget(t.Context(), lease, second.Targets[0].ID)
	if ok(t, err); began || waitsFor != first.Number {
		t.Fatalf("began %t, waits for #%d", began, waitsFor)
	}
	_, err = f.db.Exec("UPDATE targets SET state = 'running' WHERE id = ?", second.Targets[0].ID)
	if err == nil || !strings.Contains(err.Error(), "UNIQUE constraint failed: targets.server_id") {
		t.Errorf("got error %v", err)
	}
	_, err = f.db.Exec("UPDATE targets SET state = 'succeeded' WHERE id = ?", first.Targets[0].ID)
	if err == nil || !strings.Contains(err.Error(), "CHECK") {
		t.Errorf("got error %v", err)
	}
	want(t, true)(f.Prove(t.Context(), f.due()[0], store.Result{State: store.TargetFailed}))
	want(t, false)(f.SkipWaiting(t.Context(), lease, second.Targets[0].ID, "too late"))
	f.begin(lease, second.Targets[0].ID)
}

func TestSkipWaiting(t *testing.T) {
	f := newFarm(t, "web1")
	f.goesOn(store.TargetInterrupted)
	run, lease := f.started()
	want(t, false)(f.SkipWaiting(t.Context(), store.Lease{RunID: run.ID, Epoch: lease.Epoch - 1}, run.Targets[0].ID, "stale"))
	want(t, true)(f.SkipWaiting(t.Context(), lease, run.Targets[0].ID, "too long"))
	if target := f.read(run.ID).Targets[0]; target.State != store.TargetSkipped || target.Summary != "too long" {
		t.Errorf("%+v", target)
	}
}

// Reply and file that tell of a target are behind once its end is proven.
func TestAProofMendsTheThread(t *testing.T) {
	f := newFarm(t, "web1")
	run := f.goesOn(store.TargetInterrupted)
	card := get[store.Message](t)(f.Card(t.Context(), run.ID))
	ok(t, f.CreateReplies(t.Context(), run, card, []store.NewReply{{Kind: store.MessageReply, Targets: []string{run.Targets[0].ID}}}))
	behind := func() []store.MessageKind {
		kinds := []store.MessageKind{}
		for _, m := range get[[]store.Message](t)(f.Behind(t.Context())) {
			kinds = append(kinds, m.Kind)
		}
		return kinds
	}
	for _, m := range get[[]store.Message](t)(f.Behind(t.Context())) {
		if m.Kind == store.MessageReply {
			for range 2 {
				ok(t, f.AddFile(t.Context(), run, m.ID, m.Channel))
			}
		}
	}
	for _, m := range get[[]store.Message](t)(f.Behind(t.Context())) {
		ok(t, f.Rendered(t.Context(), m.ID, "1."+m.ID, run.Version))
	}
	if left := behind(); len(left) > 0 {
		t.Fatalf("behind: %v", left)
	}
	want(t, true)(f.Prove(t.Context(), f.due()[0], store.Result{State: store.TargetSucceeded}))
	if diff := cmp.Diff([]store.MessageKind{"card", "reply", "file"}, behind()); diff != "" {
		t.Error(diff)
	}
}

// Of eight that ask for the same target at the same moment, in two processes, one does.
func TestRaceProve(t *testing.T) {
	f, other := pair(t, names(fewRounds)...)
	f.goesOn(store.TargetInterrupted)
	for i, target := range get[[]store.Target](t)(f.DueProbes(t.Context(), fewRounds)) {
		claims := make(chan store.Target, 8)
		race(eight(f.Store, other, func(s *store.Store) {
			claimed, won, err := s.ClaimProbe(t.Context(), target, time.Minute)
			check(t, err)
			if won {
				claims <- claimed
			}
		})...)
		if len(claims) != 1 {
			t.Fatalf("round %d: %d have it", i, len(claims))
		}
		claimed := <-claims
		proofs := make(chan bool, 8)
		race(eight(f.Store, other, func(s *store.Store) {
			proven, err := s.Prove(t.Context(), claimed, store.Result{State: store.TargetSucceeded})
			check(t, err)
			if proven {
				proofs <- true
			}
		})...)
		if len(proofs) != 1 {
			t.Fatalf("round %d: proven %d times", i, len(proofs))
		}
	}
	if run := f.read(get[[]store.Run](t)(f.Runs(t.Context(), 1))[0].ID); run.State != store.Succeeded {
		t.Errorf("it is %s", run.State)
	}
}
