package executor_test

import (
	"testing"
	"time"

	"drover/store"
)

// TestAChangingRunWaitsForAnother: one change at a time per server; who waits says for whom.
func TestAChangingRunWaitsForAnother(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	web1 := w.host("web1", g.handle)
	w.host("web2", nil)
	w.serve(w.engine)
	first := w.submit("poke web1 word=first")
	receive(t, g.entered)
	second := w.submit("poke web1 web2 word=second")

	second = w.await(second.ID, func(r store.Run) bool {
		return r.Targets[0].WaitsFor == first.Number && r.Targets[1].State == store.TargetSucceeded
	})
	if second.Targets[0].State != store.TargetPending || web1.Sessions() != 1 {
		t.Fatalf("%s after %d commands", second.Targets[0].State, web1.Sessions())
	}
	// Reading does not wait for a change.
	third := w.submit("peek web1")
	if command := receive(t, g.entered); command != "peek" {
		t.Fatalf("%q began while another run changes the server", command)
	}

	close(g.open)
	for _, id := range []string{first.ID, second.ID, third.ID} {
		if run := w.ended(id); run.State != store.Succeeded || run.Targets[0].WaitsFor != 0 {
			t.Errorf("#%d is %s, its first target waits for %d", run.Number, run.State, run.Targets[0].WaitsFor)
		}
	}
	if command := receive(t, g.entered); command != "poke second" || web1.Sessions() != 3 {
		t.Errorf("then %q, %d commands", command, web1.Sessions())
	}
}

// TestWaitingIsQuiet: a target that waits for another run costs nothing until that one is over.
func TestWaitingIsQuiet(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	w.host("web1", g.handle)
	w.serve(w.engine)
	first := w.submit("poke web1")
	receive(t, g.entered)
	w.await(first.ID, allUnderWay)
	second := w.submit("poke web1")
	w.await(second.ID, func(r store.Run) bool { return r.Targets[0].WaitsFor == first.Number })
	changes := 0
	for quiet := time.After(300 * time.Millisecond); ; {
		select {
		case <-w.store.Changed():
			changes++
			continue
		case <-quiet:
		}
		break
	}
	if changes > 5 { // a lease may be renewed meanwhile
		t.Errorf("%d commits while nothing happened", changes)
	}
	close(g.open)
	w.ended(second.ID)
}

func TestParallelOneIsOneAfterAnother(t *testing.T) {
	w := newWorld(t)
	gates := map[string]*gate{"web1": newGate(), "web2": newGate(), "web3": newGate()}
	for name, g := range gates {
		w.host(name, g.handle)
	}
	w.serve(w.engine)
	run := w.submit("poke all parallel=1")
	for _, name := range []string{"web1", "web2", "web3"} {
		receive(t, gates[name].entered)
		now := w.await(run.ID, func(r store.Run) bool { return states(r)[name] == store.TargetRunning })
		for other, state := range states(now) {
			want := store.TargetPending
			if other < name {
				want = store.TargetSucceeded
			}
			if other != name && state != want {
				t.Errorf("while %s runs, %s is %s", name, other, state)
			}
		}
		close(gates[name].open)
	}
	if run = w.ended(run.ID); run.State != store.Succeeded {
		t.Errorf("it is %s", run.State)
	}
}
