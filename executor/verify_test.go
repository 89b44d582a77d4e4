package executor_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"drover/executor"
	"drover/executor/sshtest"
	"drover/store"
)

// machine is a server that can be told to restart or to stop. It goes down only when the test lets it.
type machine struct {
	*sshtest.Server
	told   chan string   // the commands that told it to
	answer chan struct{} // closed: it answers them
	sent   atomic.Int32
}

// machine adds such a server to the fleet. Told what to do, it answers with an exit code.
func (w *world) machine(name string, code int) *machine {
	w.Helper()
	m := &machine{told: make(chan string, 10), answer: make(chan struct{})}
	close(m.answer)
	m.Server = w.host(name, func(s *sshtest.Session) int {
		if s.Command == "restart" || s.Command == "stop" {
			m.sent.Add(1)
			m.told <- s.Command
			<-m.answer
			return code
		}
		return 0
	})
	return m
}

// restarts goes down and comes up as another boot.
func (m *machine) restarts(w *world) {
	w.Helper()
	w.must(m.Down())
	m.NewBoot()
	w.must(m.Up())
}

// takesDown adds the actions of these tests to the whitelist.
func (w *world) takesDown() {
	w.Helper()
	for name, yaml := range map[string]string{
		"restart-box": `{name: restart-box, verify: rebooted, timeout: 10m, run: {linux: [restart], routeros: [restart]},
			parameters: [{name: expect, type: string, pattern: '[a-z,]*', default: ''}]}`,
		"stop-box": "{name: stop-box, verify: down, timeout: 5m, run: {linux: [stop], routeros: [stop]}}",
	} {
		w.must(w.store.AddAction(w.Context(), root, name, yaml))
	}
}

// waits waits until a run waits for the proof of its first target.
func (w *world) waits(run store.Run) {
	w.Helper()
	w.await(run.ID, func(r store.Run) bool { return r.Targets[0].State == store.TargetRunning && r.Targets[0].Summary != "" })
}

func TestARestartIsProvenByAnotherBoot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.takesDown()
	m := w.machine("web1", 0)
	m.answer = make(chan struct{})
	w.serve(w.engine)
	before := m.Host()
	run := w.submit("restart-box web1")
	receive(t, m.told)
	noted := w.run(run.ID).Targets[0]
	close(m.answer)
	w.waits(run)
	if noted.SentAt == nil || !strings.HasPrefix(noted.HostBefore.Boot, before.BootID) || noted.MachineID != before.MachineID {
		t.Errorf("what it was before is not on disk: %+v", noted)
	}
	m.SetHost(func(h *sshtest.Host) { h.Kernel = "6.1.0-40-amd64" })
	m.restarts(w)
	run = w.ended(run.ID)
	target := run.Targets[0]
	if run.State != store.Succeeded || target.Summary != "down 1 s · kernel 6.1.0-37-amd64 → 6.1.0-40-amd64" || *target.ExitCode != 0 {
		t.Errorf("%s: %q", run.State, target.Summary)
	}
	for _, boot := range []string{before.BootID, m.Host().BootID} {
		if !strings.Contains(target.Details, boot) {
			t.Errorf("%s is not in the proof: %s", boot, target.Details)
		}
	}
	equal(t, []string{"run.requested", "run.started", "target.dispatched", "target.sent", "target.succeeded", "run.succeeded"}, events(w.audit("run/1")))
}

// TestTheProofOfARestartOutlivesTheWaiting: whatever ends the waiting, the server is looked after until its end is known,
// and it is told once.
func TestTheProofOfARestartOutlivesTheWaiting(t *testing.T) {
	for name, end := range map[string]func(w *world, run store.Run, stop func()){
		"cancel": func(w *world, run store.Run, _ func()) { w.must(w.engine.Cancel(w.Context(), ops, run, "")) },
		"stop": func(w *world, _ store.Run, stop func()) {
			stop()
			w.serve(w.engine)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.takesDown()
			m := w.machine("web1", 0)
			stop := w.serve(w.newEngine(w.store, time.Millisecond))
			run := w.submit("restart-box web1")
			receive(t, m.told)
			w.waits(run)
			end(w, run, stop)
			if target := w.ended(run.ID).Targets[0]; target.State != store.TargetInterrupted || !strings.Contains(target.Summary, "the result follows") {
				t.Errorf("%s: %q", target.State, target.Summary)
			}
			m.restarts(w)
			run = w.proven(run.ID, store.Succeeded)
			if target := run.Targets[0]; target.Summary != "restarted · kernel 6.1.0-37-amd64" || m.sent.Load() != 1 {
				t.Errorf("told %d times: %q", m.sent.Load(), target.Summary)
			}
		})
	}
}

func TestAKilledDroverProvesARestartAfterItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.takesDown()
	m := w.machine("web1", 0)
	worker := exec.Command(os.Args[0])
	worker.Env = append(os.Environ(), workerVariable+"="+w.path)
	in, err := worker.StdinPipe()
	must(t, err)
	defer in.Close()
	must(t, worker.Start())
	w.watch(w.store)
	run := w.submit("restart-box web1")
	receive(t, m.told)
	w.await(run.ID, func(r store.Run) bool { return r.Targets[0].State == store.TargetRunning })
	must(t, worker.Process.Kill())
	_ = worker.Wait() // it was killed
	must(t, w.store.ReleaseOwners(t.Context(), executor.ServeOwner))
	m.restarts(w)
	w.serve(w.engine)
	w.proven(run.ID, store.Succeeded)
	if m.sent.Load() != 1 {
		t.Errorf("told %d times", m.sent.Load())
	}
}

// TestWhatWasNeverSentHasFailed: drover died before it sent anything, and knows it.
func TestWhatWasNeverSentHasFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.takesDown()
	m := w.machine("web1", 0)
	run := w.submit("restart-box web1")
	lease, _, err := w.store.Claim(t.Context(), run.ID, executor.ServeOwner+"dead", time.Hour)
	must(t, err)
	_, _, err = w.store.BeginTarget(t.Context(), lease, w.run(run.ID).Targets[0].ID)
	must(t, err)
	must(t, w.store.ReleaseOwners(t.Context(), executor.ServeOwner))
	m.restarts(w) // somebody else did
	w.serve(w.engine)
	run = w.proven(run.ID, store.Failed)
	if target := run.Targets[0]; target.ErrorKind != "never_sent" || m.Logins() != 0 {
		t.Errorf("%d logins: %s %q", m.Logins(), target.ErrorKind, target.Summary)
	}
}

// TestWhenDroverComesBackTooLate: one look decides.
func TestWhenDroverComesBackTooLate(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(w *world, m *machine)
		state     store.RunState
		summary   string
	}{
		"it has restarted":     {func(w *world, m *machine) { m.restarts(w) }, store.Succeeded, "restarted · kernel 6.1.0-37-amd64"},
		"it has not restarted": {func(*world, *machine) {}, store.Failed, "It has not restarted within 10m. Last seen: it is still up."},
		"it is away": {func(w *world, m *machine) { w.must(m.Down()) }, store.Failed,
			"It has not come back within 10m: look at its console. Last seen: connections are refused."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.takesDown()
			m := w.machine("web1", 0)
			stop := w.serve(w.newEngine(w.store, time.Millisecond))
			run := w.submit("restart-box web1")
			receive(t, m.told)
			w.waits(run)
			stop()
			c.meanwhile(w, m)
			w.clock.advance(11 * time.Minute)
			w.serve(w.engine)
			run = w.proven(run.ID, c.state)
			equal(t, c.summary, run.Targets[0].Summary)
		})
	}
}

// TestWhatIsNotWaitedFor: the command did not take the server down, or must not be sent to it at all.
func TestWhatIsNotWaitedFor(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(w *world) *machine
		state   store.TargetState
		kind    string
		summary string
		sent    int32
	}{
		"the command failed": {func(w *world) *machine { return w.machine("web1", 3) }, store.TargetFailed, "exit", "exit 3", 1},
		"it does not say at which boot it is": {func(w *world) *machine {
			m := w.machine("web1", 0)
			m.SetHost(func(h *sshtest.Host) { h.BootID = "" })
			return m
		}, store.TargetFailed, "no_boot_id", "web1 does not say at which boot it is, so a restart could not be proven. Nothing was sent: look at /proc there.", 0},
		"it is away": {func(w *world) *machine {
			m := w.machine("web1", 0)
			w.must(m.Down())
			return m
		}, store.TargetUnreachable, "refused", "web1 refused the connection: it is up, but no SSH server listens on that port. Check the port, or start sshd.", 0},
		"it is drover's own": {func(w *world) *machine {
			m := w.machine("web1", 0)
			w.engine = w.engineOf(executor.Machine{ID: m.Host().MachineID})
			return m
		}, store.TargetSkipped, "own_host", "nothing was sent: drover itself runs there", 0},
		"drover's own runs it in a container": {func(w *world) *machine {
			m := w.machine("web1", 0)
			w.engine = w.engineOf(executor.Machine{BootID: m.Host().BootID})
			return m
		}, store.TargetSkipped, "own_host", "nothing was sent: drover itself runs there", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.takesDown()
			m := c.prepare(w)
			w.serve(w.engine)
			target := w.ended(w.submit("restart-box web1").ID).Targets[0]
			if target.State != c.state || target.ErrorKind != c.kind || target.Summary != c.summary || m.sent.Load() != c.sent || target.ProbeAt != nil {
				t.Errorf("%d commands, %s %s: %q", m.sent.Load(), target.State, target.ErrorKind, target.Summary)
			}
		})
	}
}

// TestALookAtWhatCameBack decides at once where waiting longer would not help.
func TestALookAtWhatCameBack(t *testing.T) {
	for name, c := range map[string]struct {
		action    string
		come      func(w *world, m *machine)
		kind, say string
	}{
		"another host key": {"restart-box", func(w *world, m *machine) { w.must(m.NewHostKey()) }, "host_key_changed", "another host key"},
		"another machine": {"restart-box", func(_ *world, m *machine) {
			m.SetHost(func(h *sshtest.Host) { h.MachineID = strings.Repeat("0", 32) })
		}, "other_machine", "Another machine answers where web1 was"},
		"a shutdown that restarted": {"stop-box", func(w *world, m *machine) { m.restarts(w) }, "restarted", "It did not stay off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.takesDown()
			m := w.machine("web1", 0)
			w.serve(w.engine)
			run := w.submit(c.action + " web1")
			receive(t, m.told)
			c.come(w, m)
			target := w.ended(run.ID).Targets[0]
			if target.State != store.TargetFailed || target.ErrorKind != c.kind || !strings.Contains(target.Summary, c.say) {
				t.Errorf("%s %s: %q", target.State, target.ErrorKind, target.Summary)
			}
		})
	}
}

func TestSilenceIsTheProofOfAShutdown(t *testing.T) {
	t.Parallel()
	for _, platform := range []string{"linux", "routeros"} {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.takesDown()
			m := w.machine("web1", 0)
			w.edit("web1", func(s *store.Server) { s.Platform = platform })
			w.serve(w.engine)
			run := w.submit("stop-box web1")
			receive(t, m.told)
			w.waits(run)
			must(t, m.Down())
			run = w.ended(run.ID)
			if run.State != store.Succeeded || run.Targets[0].Summary != "stopped answering after 1 s · power-off cannot be proven · something still refuses connections there" {
				t.Errorf("%s: %q", run.State, run.Targets[0].Summary)
			}
		})
	}
}

// TestAMomentOfSilenceProvesNothing: it must be silent again and again.
func TestAMomentOfSilenceProvesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.takesDown()
	m := w.machine("web1", 0)
	w.serve(w.newEngine(w.store, time.Second, func(c *executor.Config) { c.Pace.Silence = 300 * time.Millisecond }))
	run := w.submit("stop-box web1")
	receive(t, m.told)
	note := func(summary string) func(store.Run) bool {
		return func(r store.Run) bool {
			if r.State.Final() {
				t.Fatalf("%s: %q", r.State, r.Targets[0].Summary)
			}
			return r.Targets[0].Summary == summary
		}
	}
	w.waits(run)
	must(t, m.Down())
	w.await(run.ID, note("connections are refused"))
	must(t, m.Up())
	w.await(run.ID, note("it is still up"))
	must(t, m.Down())
	silent := time.Now()
	equal(t, store.Succeeded, w.ended(run.ID).State)
	if took := time.Since(silent); took < 600*time.Millisecond {
		t.Errorf("proven after %s", took)
	}
}

func TestAShutdownThatDoesNotComeAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.takesDown()
	m := w.machine("web1", 0)
	w.serve(w.engine)
	run := w.submit("stop-box web1")
	receive(t, m.told)
	w.waits(run)
	w.clock.advance(6 * time.Minute)
	run = w.ended(run.ID)
	if run.State != store.Failed || run.Targets[0].Summary != "It has not gone down within 5m. Last seen: it is still up." {
		t.Errorf("%s: %q", run.State, run.Targets[0].Summary)
	}
}

// TestADeviceIsProvenByItsAbsence: it has no boot id that it could tell.
func TestADeviceIsProvenByItsAbsence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.takesDown()
	m := w.machine("router", 0)
	w.edit("router", func(s *store.Server) { s.Platform = "routeros" })
	w.serve(w.engine)
	run := w.submit("restart-box router")
	receive(t, m.told)
	w.waits(run)
	must(t, m.Down())
	w.await(run.ID, func(r store.Run) bool { return r.Targets[0].Summary == "connections are refused" })
	must(t, m.Up())
	run = w.ended(run.ID)
	if run.State != store.Succeeded || run.Targets[0].Summary != "down 1 s" {
		t.Errorf("%s: %q", run.State, run.Targets[0].Summary)
	}
}

// TestOthersWaitForAProof: nothing else changes a server while it is not known to be back.
func TestOthersWaitForAProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.takesDown()
	m := w.machine("web1", 0)
	w.serve(w.engine)
	run := w.submit("restart-box web1")
	receive(t, m.told)
	w.waits(run)
	must(t, w.engine.Cancel(t.Context(), ops, run, ""))
	w.ended(run.ID)
	second := w.submit("poke web1")
	w.await(second.ID, func(r store.Run) bool { return r.Targets[0].WaitsFor == run.Number })
	m.restarts(w)
	w.proven(run.ID, store.Succeeded)
	equal(t, store.Succeeded, w.ended(second.ID).State)
}

// engineOf is an engine on a machine.
func (w *world) engineOf(self executor.Machine) *executor.Engine {
	w.Helper()
	return w.newEngine(w.store, time.Second, func(c *executor.Config) { c.Self = self })
}

func TestThisMachine(t *testing.T) {
	t.Parallel()
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Skip("not a Linux")
	}
	if got := executor.ThisMachine(); got.BootID+"\n" != string(boot) {
		t.Error(fmt.Sprint(got))
	}
}
