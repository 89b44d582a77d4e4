package executor_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"drover/store"
)

func TestAStopWaitsForWhatIsUnderWay(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	web1, web2 := w.host("web1", g.handle), w.host("web2", nil)
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- w.engine.Run(ctx) }()
	first := w.submit("poke web1 web2 parallel=1")
	receive(t, g.entered)
	cancel()
	late := w.submit("poke web2 word=late") // a stopping engine begins no run …
	select {
	case err := <-stopped:
		t.Fatalf("it stopped in the middle of a command: %v", err)
	default:
	}
	close(g.open)
	must(t, receive(t, stopped))
	if first = w.run(first.ID); first.State != store.Succeeded { // … and goes on with those it has begun
		t.Errorf("the first is %s: %v", first.State, states(first))
	}
	if late = w.run(late.ID); late.State != store.Queued || web1.Sessions() != 1 || web2.Sessions() != 1 {
		t.Errorf("the second is %s after %d and %d commands", late.State, web1.Sessions(), web2.Sessions())
	}
}

func TestAStopEndsWhatTakesTooLong(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	w.host("web1", g.handle)
	web2 := w.host("web2", nil)
	e := w.newEngine(w.store, time.Millisecond)
	stop := w.serve(e)
	run := w.submit("poke web1 web2 parallel=1")
	receive(t, g.entered)
	w.await(run.ID, func(r store.Run) bool { return r.Targets[0].State == store.TargetRunning })
	stop()
	receive(t, g.stopped)
	run = w.run(run.ID)
	equal(t, map[string]store.TargetState{"web1": store.TargetInterrupted, "web2": store.TargetSkipped}, states(run))
	if run.State != store.Interrupted || !strings.HasPrefix(run.Targets[0].Summary, "drover was stopped.") ||
		run.Targets[1].Summary != "not begun: drover was stopped" || web2.Logins() > 0 {
		t.Errorf("it is %s: %q, %q", run.State, run.Targets[0].Summary, run.Targets[1].Summary)
	}
}

// TestAStoppingEngineStillCancels: a person who does not want to wait for the end of what runs can end it.
func TestAStoppingEngineStillCancels(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	w.host("web1", g.handle)
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- w.engine.Run(ctx) }()
	run := w.submit("poke web1")
	receive(t, g.entered)
	cancel()
	must(t, w.engine.Cancel(t.Context(), ops, run, ""))
	must(t, receive(t, stopped))
	if run = w.run(run.ID); run.State != store.Cancelled {
		t.Errorf("it is %s", run.State)
	}
}

func TestAnIdleEngineStopsAtOnce(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	must(t, w.engine.Run(ctx))
}
