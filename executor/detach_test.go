package executor_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"drover/executor"
	"drover/executor/sshtest"
	"drover/store"
)

// upgrading is a host on which an upgrade runs until the gate opens, then says so and ends with a code.
func (w *world) upgrading(code int) (*gate, *sshtest.Server) {
	w.Helper()
	g := newGate()
	host := w.host("web1", func(s *sshtest.Session) int {
		fmt.Fprintln(s.Stdout, "begun")
		if g.handle(s) != 0 {
			return 143
		}
		fmt.Fprintln(s.Stdout, "upgraded all")
		return code
	})
	return g, host
}

// goesOn waits until drover waits no longer for the one target of a run, and checks what it says then.
func (w *world) goesOn(id string, state store.TargetState, run store.RunState, summary string) store.Run {
	w.Helper()
	got := w.ended(id)
	target := got.Targets[0]
	if got.State != run || target.State != state || target.ProbeAt == nil || !strings.Contains(target.Summary, summary) ||
		!strings.Contains(target.Summary, "goes on there") || !strings.Contains(target.Summary, "esult follows") {
		w.Fatalf("run %s, target %s, probe at %v: %q", got.State, target.State, target.ProbeAt, target.Summary)
	}
	return got
}

// proven waits for the end that was proven of the one target of a run.
func (w *world) proven(id string, state store.RunState) store.Run {
	w.Helper()
	run := w.await(id, func(r store.Run) bool { return r.State.Final() && r.Targets[0].ProbeAt == nil })
	if run.State != state || string(run.Targets[0].State) != string(state) {
		w.Fatalf("run %s, target %s: %q", run.State, run.Targets[0].State, run.Targets[0].Summary)
	}
	return run
}

// TestWhatEndsTheWaitingDoesNotEndTheWork: a package manager is never ended in the middle.
func TestWhatEndsTheWaitingDoesNotEndTheWork(t *testing.T) {
	for name, c := range map[string]struct {
		timeout time.Duration
		end     func(w *world, host *sshtest.Server, run store.Run)
		target  store.TargetState
		run     store.RunState
		summary string
		kind    string
	}{
		"cancel": {0, func(w *world, _ *sshtest.Server, run store.Run) {
			w.must(w.engine.Cancel(w.Context(), ops, run, ""))
		}, store.TargetInterrupted, store.Interrupted, "no longer waits", "cancelled"},
		"time-out":  {time.Second, nil, store.TargetTimedOut, store.Failed, "longer than its limit", "timed_out"},
		"lost link": {0, func(_ *world, host *sshtest.Server, _ store.Run) { host.DropConnections() }, store.TargetInterrupted, store.Interrupted, "was lost", "link_lost"},
	} {
		for code, end := range map[int]store.RunState{0: store.Succeeded, 3: store.Failed} {
			t.Run(fmt.Sprint(name, " and exit ", code), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				g, host := w.upgrading(code)
				w.serve(w.engine)
				request := w.ask(ops, "upgrade web1")
				request.Options.Timeout = c.timeout
				run, err := w.engine.Submit(t.Context(), request)
				must(t, err)
				receive(t, g.entered)
				w.await(run.ID, func(r store.Run) bool { return r.Targets[0].State != store.TargetDispatching })
				if c.end != nil {
					c.end(w, host, run)
				}
				waited := w.goesOn(run.ID, c.target, c.run, c.summary)
				if waited.Targets[0].ErrorKind != c.kind || waited.Targets[0].ExitCode != nil {
					t.Errorf("%+v", waited.Targets[0])
				}
				close(g.open)
				run = w.proven(run.ID, end)
				target := run.Targets[0]
				if *target.ExitCode != code || target.Stdout != "begun\nupgraded all\n" || target.Summary != "upgraded all" || host.Sessions() != 1 {
					t.Errorf("%d commands: %+v", host.Sessions(), target)
				}
				story := events(w.audit("run/1"))
				if last := story[len(story)-1]; last != "target.proven" && last != "run.proven" {
					t.Errorf("audited: %v", story)
				}
			})
		}
	}
}

func TestAStopOnlyStopsTheWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g, host := w.upgrading(0)
	stop := w.serve(w.newEngine(w.store, time.Millisecond))
	run := w.submit("upgrade web1")
	receive(t, g.entered)
	w.await(run.ID, func(r store.Run) bool { return r.Targets[0].State == store.TargetRunning })
	stop()
	w.goesOn(run.ID, store.TargetInterrupted, store.Interrupted, "drover was stopped")
	close(g.open)
	w.serve(w.engine)
	w.proven(run.ID, store.Succeeded)
	if host.Sessions() != 1 {
		t.Errorf("%d commands", host.Sessions())
	}
}

// TestAKilledDroverProvesTheEndAfterItsRestart: all that the proof needs is on disk, and on the server.
func TestAKilledDroverProvesTheEndAfterItsRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g, host := w.upgrading(0)
	worker := exec.Command(os.Args[0])
	worker.Env = append(os.Environ(), workerVariable+"="+w.path)
	in, err := worker.StdinPipe()
	must(t, err)
	defer in.Close()
	must(t, worker.Start())
	killed := false
	defer func() {
		if !killed {
			_ = worker.Process.Kill()
			_ = worker.Wait()
		}
	}()
	w.watch(w.store)
	run := w.submit("upgrade web1")
	receive(t, g.entered)
	w.await(run.ID, func(r store.Run) bool { return r.Targets[0].State == store.TargetRunning })
	must(t, worker.Process.Kill())
	_ = worker.Wait() // it was killed
	killed = true
	must(t, w.store.ReleaseOwners(t.Context(), executor.ServeOwner))
	w.serve(w.engine)
	w.goesOn(run.ID, store.TargetInterrupted, store.Interrupted, "drover stopped while this was under way")
	close(g.open)
	w.proven(run.ID, store.Succeeded)
	if host.Sessions() != 1 {
		t.Errorf("%d commands", host.Sessions())
	}
}

// waitsOver is an upgrade that drover waits for no longer, on an engine that works no more.
func (w *world) waitsOver() (*gate, *sshtest.Server, store.Run) {
	w.Helper()
	g, host := w.upgrading(0)
	stop := w.serve(w.newEngine(w.store, time.Millisecond))
	run := w.submit("upgrade web1")
	receive(w.T, g.entered)
	w.await(run.ID, func(r store.Run) bool { return r.Targets[0].State == store.TargetRunning })
	stop()
	return g, host, w.run(run.ID)
}

func TestWhatWasKilledHasFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g, host, run := w.waitsOver()
	host.KillJobs()
	receive(t, g.stopped)
	w.serve(w.engine)
	run = w.proven(run.ID, store.Failed)
	if target := run.Targets[0]; target.ErrorKind != "job_died" || target.ExitCode != nil || target.Stdout != "begun\n" || !strings.Contains(target.Summary, "without an exit code") {
		t.Errorf("%+v", target)
	}
}

// TestWhatNeverBeganHasFailed: drover died before its request reached the server, and nothing of it may begin later.
func TestWhatNeverBeganHasFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, host := w.upgrading(0)
	run := w.submit("upgrade web1")
	lease, _, err := w.store.Claim(t.Context(), run.ID, executor.ServeOwner+"dead", time.Hour)
	must(t, err)
	_, _, err = w.store.BeginTarget(t.Context(), lease, w.run(run.ID).Targets[0].ID)
	must(t, err)
	must(t, w.store.ReleaseOwners(t.Context(), executor.ServeOwner))
	w.serve(w.engine)
	run = w.proven(run.ID, store.Failed)
	if target := run.Targets[0]; target.ErrorKind != "job_unknown" || !strings.Contains(target.Summary, "never started") || host.Sessions() != 0 {
		t.Errorf("%d commands: %+v", host.Sessions(), target)
	}
}

// TestAnUnreachableServerIsAskedAgain: an answer that does not come proves nothing.
func TestAnUnreachableServerIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g, host, run := w.waitsOver()
	must(t, host.Down())
	w.serve(w.engine)
	w.await(run.ID, func(r store.Run) bool { // asked, and put off
		target := r.Targets[0]
		return target.Probes == 1 && target.ProbeAt.Sub(w.store.Now().Time) < 10*time.Second
	})
	close(g.open)
	must(t, host.Up())
	w.clock.advance(6 * time.Second)
	w.proven(run.ID, store.Succeeded)
}

// A login that is refused is not tried every few minutes: that could lock the account.
func TestAServerThatRefusesTheLoginIsAskedSeldom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, host, run := w.waitsOver()
	host.SetRefuseLogin(true)
	w.serve(w.engine)
	w.await(run.ID, func(r store.Run) bool { // asked, and put off for long
		target := r.Targets[0]
		return target.Probes == 1 && target.ProbeAt.Sub(w.store.Now().Time) > 50*time.Minute
	})
}

func TestNobodyAsksForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, host, run := w.waitsOver()
	must(t, host.Down())
	w.clock.advance(25 * time.Hour)
	w.serve(w.engine)
	run = w.await(run.ID, func(r store.Run) bool { return r.Targets[0].ProbeAt == nil })
	if target := run.Targets[0]; target.State != store.TargetInterrupted || !strings.Contains(target.Summary, "within 24 hours") {
		t.Errorf("%s: %q", target.State, target.Summary)
	}
	story := events(w.audit("run/1"))
	equal(t, "target.not_proven", story[len(story)-1])
}

// TestAnotherServerIsNotAsked: it would say that the command was never started.
func TestAnotherServerIsNotAsked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world)
		want   string
	}{
		"address": {func(w *world) { w.edit("web1", func(s *store.Server) { s.Port++ }) }, "The address of web1 was changed"},
		"user":    {func(w *world) { w.edit("web1", func(s *store.Server) { s.LoginUser = "other" }) }, "The login user of web1 was changed"},
		"host key": {func(w *world) {
			w.must(w.store.PinHostKeys(w.Context(), root, "web1", []store.HostKey{{PublicKey: "ssh-ed25519 AAAA"}}))
		}, "The trusted host key of web1 was changed"},
		"removed": {func(w *world) { w.must(w.store.RemoveServer(w.Context(), root, "web1")) }, "was removed since"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, host, run := w.waitsOver()
			c.change(w)
			logins := host.Logins()
			w.serve(w.engine)
			run = w.await(run.ID, func(r store.Run) bool { return r.Targets[0].ProbeAt == nil })
			if target := run.Targets[0]; target.State != store.TargetInterrupted || !strings.Contains(target.Summary, c.want) || host.Logins() != logins {
				t.Errorf("%s: %q", target.State, target.Summary)
			}
		})
	}
}

// TestAChangeWaitsForWhatIsNotProven and says for whom; what only looks does not.
func TestAChangeWaitsForWhatIsNotProven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g, host, first := w.waitsOver()
	must(t, host.Down())
	w.serve(w.engine)
	second := w.submit("poke web1")
	w.await(second.ID, func(r store.Run) bool { return r.Targets[0].WaitsFor == first.Number })
	close(g.open)
	must(t, host.Up())
	equal(t, store.Succeeded, w.ended(w.submit("peek web1").ID).State)
	w.clock.advance(6 * time.Second)
	w.proven(first.ID, store.Succeeded)
	if second = w.ended(second.ID); second.State != store.Succeeded || host.Sessions() != 3 {
		t.Errorf("it is %s after %d commands: %q", second.State, host.Sessions(), second.Targets[0].Summary)
	}
}

func TestAChangeDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, host, first := w.waitsOver()
	must(t, host.Down())
	second := w.submit("poke web1")
	w.clock.advance(10*time.Minute - 10*time.Second)
	w.serve(w.engine)
	w.await(second.ID, func(r store.Run) bool { return r.Targets[0].WaitsFor == first.Number })
	w.clock.advance(11 * time.Second) // less than a lease lasts
	second = w.ended(second.ID)
	if target := second.Targets[0]; target.State != store.TargetSkipped || !strings.Contains(target.Summary, "#1 may still be changing") || host.Sessions() != 1 {
		t.Errorf("%s: %q", target.State, target.Summary)
	}
}

// TestATerminalAsksToo: without a living serve, a run at the terminal must not wait for a proof that nobody looks for.
func TestATerminalAsksToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g, _, first := w.waitsOver()
	close(g.open)
	second := w.submit("poke web1")
	must(t, w.engine.Work(context.Background(), second.ID))
	equal(t, store.Succeeded, w.run(second.ID).State)
	w.proven(first.ID, store.Succeeded)
}

// TestDevicesKeepNoJobs: a detached action is an ordinary one there.
func TestDevicesKeepNoJobs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.upgrading(0)
	w.edit("web1", func(s *store.Server) { s.Platform = "routeros" })
	run := w.run(w.submit("upgrade web1").ID)
	if run.Targets[0].Detached {
		t.Error("it is detached")
	}
}
