package executor_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"drover/executor"
	"drover/store"
)

// TestAKilledWorker: a worker process is killed with SIGKILL in the middle of a command. What it had sent is never
// sent again.
func TestAKilledWorker(t *testing.T) {
	const atOnce = "the next serve knows that it is dead"
	for name, takeOver := range map[string]func(*world) error{
		"its lease expires": func(w *world) error { w.clock.advance(time.Minute); return nil },
		atOnce:              func(w *world) error { return w.store.ReleaseOwners(w.Context(), executor.ServeOwner) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			g := newGate()
			web1, web2, web3 := w.host("web1", g.handle), w.host("web2", nil), w.host("web3", nil)
			web2.SetSilent(true) // drover hangs in the handshake: dispatching
			w.watch(w.store)
			run := w.submit("poke all parallel=2")
			worker := w.startWorker()
			receive(t, g.entered)
			begun := w.await(run.ID, func(r store.Run) bool {
				return r.Targets[0].State == store.TargetRunning && r.Targets[1].State == store.TargetDispatching
			})
			must(t, worker.Process.Kill())
			_ = worker.Wait() // it was killed
			receive(t, g.stopped)

			web2.SetSilent(false)
			must(t, takeOver(w))
			stop := w.serve(w.engine)
			run = w.ended(run.ID)
			equal(t, map[string]store.TargetState{
				"web1": store.TargetInterrupted, "web2": store.TargetInterrupted, "web3": store.TargetSkipped,
			}, states(run))
			if early := run.FinishedAt.Before(begun.LeaseUntil.Time); run.State != store.Interrupted || early != (name == atOnce) {
				t.Errorf("it is %s, before the end of the lease: %v", run.State, early)
			}
			// Its servers are free for others, and none of its commands runs again.
			close(g.open)
			if next := w.ended(w.submit("poke all word=next").ID); next.State != store.Succeeded {
				t.Errorf("the next is %s: %v", next.State, states(next))
			}
			stop()
			if web1.Sessions() != 2 || web2.Sessions() != 1 || web3.Sessions() != 1 {
				t.Errorf("%d, %d and %d commands", web1.Sessions(), web2.Sessions(), web3.Sessions())
			}
			equal(t, []string{"run.requested", "run.started", "target.dispatched", "target.dispatched",
				"run.abandoned", "target.interrupted", "target.skipped", "run.interrupted"}, events(w.audit("run/1")))
		})
	}
}

// startWorker starts this test binary as a process of its own that works the runs of the database; see TestMain.
func (w *world) startWorker() *exec.Cmd {
	w.Helper()
	worker := exec.Command(os.Args[0])
	worker.Env = append(os.Environ(), workerVariable+"="+w.path)
	worker.Stderr = w.Output()
	_, err := worker.StdinPipe() // the worker ends when this end of it is gone
	w.must(err)
	w.must(worker.Start())
	w.Cleanup(func() { _ = worker.Process.Kill() })
	return worker
}

// TestAZombieChangesNothing: a worker that only seemed dead, such as one on a machine that was suspended, comes back
// when its run was marked.
func TestAZombieChangesNothing(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	w.host("web1", g.handle)
	web2 := w.host("web2", nil)
	stopZombie := w.serve(w.engine)
	run := w.submit("poke web1 web2 parallel=1")
	receive(t, g.entered)
	w.await(run.ID, func(r store.Run) bool { return r.Targets[0].State == store.TargetRunning })

	later := &clock{}
	later.advance(time.Hour)
	w.serve(w.newEngine(w.open(later), 0))
	w.watch(w.store)
	marked := w.ended(run.ID)
	equal(t, map[string]store.TargetState{"web1": store.TargetInterrupted, "web2": store.TargetSkipped}, states(marked))

	close(g.open) // now the zombie has a result …
	stopZombie()
	now := w.run(run.ID)
	equal(t, marked.Version, now.Version) // … and nobody takes it
	equal(t, states(marked), states(now))
	if now.State != store.Interrupted || web2.Logins() > 0 {
		t.Errorf("it is %s; %d connections to the next server", now.State, web2.Logins())
	}
	equal(t, []string{"run.requested", "run.started", "target.dispatched",
		"run.abandoned", "target.interrupted", "target.skipped", "run.interrupted"}, events(w.audit("run/1")))
}

// TestATerminalDoesNotWaitForTheDead: without a serve, nobody else would mark what a dead worker holds.
func TestATerminalDoesNotWaitForTheDead(t *testing.T) {
	w := newWorld(t)
	web1 := w.host("web1", nil)
	dead := w.submit("poke web1 word=dead")
	lease, claimed, err := w.store.Claim(t.Context(), dead.ID, "run/dead", time.Second)
	if err != nil || !claimed {
		t.Fatal(claimed, err)
	}
	if began, _, err := w.store.BeginTarget(t.Context(), lease, w.run(dead.ID).Targets[0].ID); err != nil || !began {
		t.Fatal(began, err)
	}
	run := w.submit("poke web1 word=alive")
	must(t, w.engine.Work(t.Context(), run.ID)) // it waits until that lease has expired
	if run = w.run(run.ID); run.State != store.Succeeded || web1.Sessions() != 1 {
		t.Errorf("it is %s after %d commands", run.State, web1.Sessions())
	}
	if dead = w.run(dead.ID); dead.State != store.Interrupted {
		t.Errorf("the other is %s", dead.State)
	}
}
