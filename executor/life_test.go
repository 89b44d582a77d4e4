package executor_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"drover/executor/sshtest"
	"drover/store"
)

// TestServersAreWorkedAtTheSameTime: neither command may end before the other has begun.
func TestServersAreWorkedAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	w.host("web1", g.handle)
	w.host("web2", g.handle)
	w.serve(w.engine)
	run := w.submit("poke web1 web2")
	receive(t, g.entered)
	receive(t, g.entered)
	equal(t, map[string]store.TargetState{"web1": store.TargetRunning, "web2": store.TargetRunning}, states(w.await(run.ID, allUnderWay)))
	close(g.open)
	if run = w.ended(run.ID); run.State != store.Succeeded {
		t.Fatalf("it is %s: %v", run.State, states(run))
	}
	equal(t, []string{"run.requested", "run.started", "target.dispatched", "target.dispatched", "target.succeeded", "target.succeeded", "run.succeeded"}, events(w.audit("run/1")))
}

func allUnderWay(run store.Run) bool {
	for _, target := range run.Targets {
		if target.State != store.TargetRunning {
			return false
		}
	}
	return true
}

// TestOutcomes: what the server does, and what becomes of run and target.
func TestOutcomes(t *testing.T) {
	waits := func(s *sshtest.Session) int { <-s.Context().Done(); return 143 }
	for name, c := range map[string]struct {
		action  string
		fault   func(*sshtest.Server) error
		handler func(*sshtest.Session) int
		timeout time.Duration

		run       store.RunState
		target    store.TargetState
		code      int // -1: none
		kind      string
		summary   string
		neverRuns bool
	}{
		"succeeds": {action: "poke", run: store.Succeeded, target: store.TargetSucceeded, summary: "done"},
		"exit 3": {
			action: "poke", handler: func(s *sshtest.Session) int {
				return sshtest.Play(s, 3, sshtest.Line{Text: "poking"}, sshtest.Line{Text: "it bites", Stderr: true})
			},
			run: store.Failed, target: store.TargetFailed, code: 3, kind: "exit", summary: "it bites",
		},
		"down": {
			action: "poke", fault: (*sshtest.Server).Down,
			run: store.Failed, target: store.TargetUnreachable, code: -1, kind: "refused", summary: "refused the connection", neverRuns: true,
		},
		"refuses the login": {
			action: "poke", fault: func(s *sshtest.Server) error { s.SetRefuseLogin(true); return nil },
			run: store.Failed, target: store.TargetUnreachable, code: -1, kind: "login_refused", summary: "did not accept drover's login", neverRuns: true,
		},
		"another host key": {
			action: "poke", fault: (*sshtest.Server).NewHostKey,
			run: store.Failed, target: store.TargetUnreachable, code: -1, kind: "host_key_changed", summary: "another host key", neverRuns: true,
		},
		"too slow": {
			action: "poke", handler: waits, timeout: 100 * time.Millisecond,
			run: store.Failed, target: store.TargetTimedOut, code: -1, kind: "timed_out", summary: "its processes were ended",
		},
		"no exit status": {
			action: "poke", fault: func(s *sshtest.Server) error { s.SetNoExitStatus(true); return nil },
			run: store.Interrupted, target: store.TargetInterrupted, code: -1, kind: "no_exit_status", summary: "without saying how",
		},
		"sudo": {
			action: "as-root", handler: func(s *sshtest.Session) int {
				fmt.Fprintln(s.Stdout, "uid=0", s.Sudo)
				return 0
			},
			run: store.Succeeded, target: store.TargetSucceeded, summary: "uid=0 true",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			host := w.host("web1", c.handler)
			if c.fault != nil {
				w.must(c.fault(host))
			}
			w.serve(w.engine)
			request := w.ask(ops, c.action+" web1")
			request.Options.Timeout = c.timeout
			run, err := w.engine.Submit(t.Context(), request)
			must(t, err)
			run = w.ended(run.ID)
			got := run.Targets[0]
			code := -1
			if got.ExitCode != nil {
				code = *got.ExitCode
			}
			if run.State != c.run || got.State != c.target || code != c.code || got.ErrorKind != c.kind || !strings.Contains(got.Summary, c.summary) {
				t.Fatalf("run %s, target %s, exit %d, kind %q, %q", run.State, got.State, code, got.ErrorKind, got.Summary)
			}
			if (host.Sessions() == 0) != c.neverRuns {
				t.Fatalf("%d commands began", host.Sessions())
			}
			if got.StartedAt == nil || got.FinishedAt == nil || got.FinishedAt.Before(got.StartedAt.Time) {
				t.Fatalf("started %v, finished %v", got.StartedAt, got.FinishedAt)
			}
		})
	}
}

func TestALostLinkLeavesTheTargetInterrupted(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	host := w.host("web1", g.handle)
	w.serve(w.engine)
	run := w.submit("poke web1")
	receive(t, g.entered)
	w.await(run.ID, allUnderWay)
	host.DropConnections()
	run = w.ended(run.ID)
	if run.State != store.Interrupted || run.Targets[0].State != store.TargetInterrupted || run.Targets[0].ErrorKind != "link_lost" {
		t.Fatalf("run %s, target %+v", run.State, run.Targets[0])
	}
	receive(t, g.stopped)
}

func TestAWrongSudoPasswordIsTriedOnce(t *testing.T) {
	w := newWorld(t)
	host := w.host("web1", nil)
	w.otherCredential("web1") // its sudo password is its login password, which is not what sudo wants
	w.must(w.store.RemoveCredential(t.Context(), root, "fleet"))
	w.must(w.store.AddCredential(t.Context(), root, "fleet", store.Secrets{
		Kind: store.CredentialPassword, Login: []byte("correct horse"), Sudo: []byte("wrong"),
	}))
	wrong, err := w.store.CredentialNamed(t.Context(), "fleet")
	must(t, err)
	w.edit("web1", func(s *store.Server) { s.CredentialID = &wrong.ID })
	w.serve(w.engine)
	run := w.ended(w.submit("as-root web1").ID)
	target := run.Targets[0]
	if run.State != store.Failed || target.ErrorKind != "sudo_wrong_password" || !strings.Contains(target.Summary, "tried only once") {
		t.Fatalf("run %s, target %+v", run.State, target)
	}
	if host.Logins() != 1 || host.Sessions() != 0 {
		t.Fatalf("%d logins, %d commands", host.Logins(), host.Sessions())
	}
	for _, said := range []string{target.Stdout, target.Stderr, target.Summary, target.Details} {
		if strings.Contains(said, "wrong\n") || strings.Contains(said, "correct horse") {
			t.Fatalf("it shows a password: %q", said)
		}
	}
}

func TestSomeServersDownMakeARunPartial(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil)
	w.must(w.host("web2", nil).Down())
	w.host("web3", func(*sshtest.Session) int { return 1 })
	w.serve(w.engine)
	run := w.ended(w.submit("poke all").ID)
	if run.State != store.Partial {
		t.Errorf("it is %s", run.State)
	}
	equal(t, map[string]store.TargetState{"web1": store.TargetSucceeded, "web2": store.TargetUnreachable, "web3": store.TargetFailed}, states(run))
}

func TestOutputAndFactsAreKept(t *testing.T) {
	w := newWorld(t)
	host := w.host("web1", func(s *sshtest.Session) int {
		fmt.Fprint(s.Stderr, "a warning\n")
		for _, line := range []string{"@@drover result", "@@drover uptime", "7200.00 1.0", "@@drover kernel", "Linux 6.1.0 x86_64", "@@drover reboot", "yes", "@@drover end"} {
			fmt.Fprintln(s.Stdout, line)
		}
		return 0
	})
	w.serve(w.engine)
	run := w.ended(w.submit("status web1").ID)
	target := run.Targets[0]
	if !strings.Contains(target.Stdout, "7200.00") || target.Stderr != "a warning\n" || !strings.Contains(target.Summary, "reboot required") {
		t.Errorf("stdout %q, stderr %q, summary %q", target.Stdout, target.Stderr, target.Summary)
	}
	server, err := w.store.ServerNamed(t.Context(), "web1")
	must(t, err)
	if server.Facts["kernel"] != "Linux 6.1.0 x86_64" || server.Facts["reboot_required"] != "yes" || server.FactsAt == nil {
		t.Errorf("facts %v of %v", server.Facts, server.FactsAt)
	}
	equal(t, server.Facts, target.Facts)
	if said := host.Host(); server.Host.String() != "debian 12" || server.Host.Boot != said.BootID+":"+said.BootStart || server.Host.MachineID != said.MachineID || server.HostAt == nil {
		t.Errorf("it said %+v at %v", server.Host, server.HostAt)
	}
}

// TestAWrongPlatformIsNamed: the command is not run, and the sentence says what to correct.
func TestAWrongPlatformIsNamed(t *testing.T) {
	w := newWorld(t)
	host := w.host("web1", nil)
	host.SetHost(func(h *sshtest.Host) { h.System = "FreeBSD" })
	w.serve(w.engine)
	target := w.ended(w.submit("poke web1").ID).Targets[0]
	if target.State != store.TargetFailed || target.ErrorKind != "wrong_platform" || host.Sessions() != 0 || !strings.Contains(target.Summary, "runs FreeBSD and not Linux") {
		t.Errorf("%s %s after %d commands: %s", target.State, target.ErrorKind, host.Sessions(), target.Summary)
	}
}

// TestADeviceThatIsALinuxIsNamed: the other way around.
func TestADeviceThatIsALinuxIsNamed(t *testing.T) {
	w := newWorld(t)
	w.host("web1", func(s *sshtest.Session) int {
		fmt.Fprintln(s.Stderr, "bash: line 1: poke: command not found")
		return 127
	})
	w.edit("web1", func(s *store.Server) { s.Platform = "routeros" })
	w.serve(w.engine)
	target := w.ended(w.submit("poke web1").ID).Targets[0]
	if target.State != store.TargetFailed || target.ErrorKind != "wrong_platform" || !strings.HasPrefix(target.Summary, "web1 is registered as a device") {
		t.Errorf("%s %s: %s", target.State, target.ErrorKind, target.Summary)
	}
}

// TestEndsOfAKindOfTheirOwn: what a shell says for a program, and a silence, are told apart from a command's own end.
func TestEndsOfAKindOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	must(t, w.store.AddAction(t.Context(), root, "watched", `{name: watched, silence: 1s, run: {linux: [watched]}}`))
	w.host("web1", func(s *sshtest.Session) int {
		if s.Command == "watched" {
			fmt.Fprintln(s.Stdout, "one")
			return sshtest.Play(s, 0, sshtest.Line{After: time.Hour})
		}
		fmt.Fprintln(s.Stderr, "drover: 1: eval: poke: not found")
		return 127
	})
	w.serve(w.engine)
	for line, want := range map[string]struct {
		state         store.TargetState
		kind, summary string
		code          bool
	}{
		"poke web1":    {store.TargetFailed, "command_not_found", "There is no poke on web1: install it there, or correct the action.", true},
		"watched web1": {store.TargetTimedOut, "went_silent", "The command on web1 printed nothing for longer than it may: its processes were ended.", false},
	} {
		target := w.ended(w.submit(line).ID).Targets[0]
		if target.State != want.state || target.ErrorKind != want.kind || target.Summary != want.summary || (target.ExitCode != nil) != want.code {
			t.Errorf("%s: %s, %s, %q, %v", line, target.State, target.ErrorKind, target.Summary, target.ExitCode)
		}
	}
}

// TestATerminalWorksItsOwnRun: without a serve, `drover run` works the run that it has made.
func TestATerminalWorksItsOwnRun(t *testing.T) {
	w := newWorld(t)
	host := w.host("web1", nil)
	request := w.ask(root, "poke web1")
	request.Origin = store.CLI
	run, err := w.engine.Submit(t.Context(), request)
	must(t, err)
	must(t, w.engine.Work(t.Context(), run.ID))
	if run = w.run(run.ID); run.State != store.Succeeded || host.Sessions() != 1 {
		t.Fatalf("it is %s after %d commands", run.State, host.Sessions())
	}
	must(t, w.engine.Work(t.Context(), run.ID)) // it is over: nothing to do
	if host.Sessions() != 1 {
		t.Fatal("it ran again")
	}
}
