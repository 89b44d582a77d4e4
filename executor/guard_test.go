package executor_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drover/executor"
	"drover/executor/sshtest"
	"drover/store"
)

// seen lets drover learn which machines its servers are.
func (w *world) seen(names ...string) {
	w.Helper()
	w.serve(w.engine)
	equal(w.T, store.Succeeded, w.ended(w.submit("peek "+strings.Join(names, " ")).ID).State)
}

// plan is who is in the plan of a typed line, and who is left out, with the reason.
func (w *world) plan(line string) (in []string, out map[string]string) {
	w.Helper()
	plan, err := w.engine.Plan(w.Context(), w.ask(ops, line))
	w.must(err)
	for _, target := range plan.Targets {
		in = append(in, target.Server)
	}
	out = map[string]string{}
	for _, e := range plan.Excluded {
		out[e.Server] = e.Reason
	}
	return in, out
}

func TestWhoIsLeftOutOfWhatTakesServersDown(t *testing.T) {
	const own = "drover itself runs there"
	for name, c := range map[string]struct {
		prepare func(w *world, web1, web2 *machine)
		in      []string
		out     map[string]string
	}{
		"nobody": {func(*world, *machine, *machine) {}, []string{"web1", "web2"}, map[string]string{}},
		"drover's own host, by its mark": {func(w *world, _, _ *machine) {
			w.edit("web1", func(s *store.Server) { s.OwnHost = true })
		}, []string{"web2"}, map[string]string{"web1": own}},
		"drover's own host, by its machine id": {func(w *world, web1, _ *machine) {
			w.engine = w.engineOf(executor.Machine{ID: web1.Host().MachineID})
		}, []string{"web2"}, map[string]string{"web1": own}},
		"drover's own host, by its boot": {func(w *world, _, web2 *machine) {
			w.engine = w.engineOf(executor.Machine{BootID: web2.Host().BootID})
		}, []string{"web1"}, map[string]string{"web2": own}},
		"the jump host of another": {func(w *world, _, _ *machine) {
			web1, err := w.store.ServerNamed(w.Context(), "web1")
			w.must(err)
			w.edit("web2", func(s *store.Server) { s.JumpID = &web1.ID })
		}, []string{"web2"}, map[string]string{"web1": "web2 of this run is reached through it: run it on its own, before or after"}},
		"the same machine": {func(w *world, web1, web2 *machine) {
			web2.SetHost(func(h *sshtest.Host) { *h = web1.Host() })
			web2.DropConnections()
			w.seen("web2")
		}, []string{"web1"}, map[string]string{"web2": "it is the same machine as web1"}},
		"a jump host under its second name": {func(w *world, web1, _ *machine) {
			door := w.machine("door", 0)
			door.SetHost(func(h *sshtest.Host) { *h = web1.Host() })
			w.seen("door")
			through, err := w.store.ServerNamed(w.Context(), "door")
			w.must(err)
			w.edit("web2", func(s *store.Server) { s.JumpID = &through.ID })
		}, []string{"web2"}, map[string]string{"web1": "web2 of this run is reached through it: run it on its own, before or after"}},
		"nobody, behind a jump host that is a clone": {func(w *world, _, web2 *machine) {
			door := w.machine("door", 0)
			door.SetHost(func(h *sshtest.Host) { h.MachineID = web2.Host().MachineID })
			w.seen("door")
			through, err := w.store.ServerNamed(w.Context(), "door")
			w.must(err)
			w.edit("web2", func(s *store.Server) { s.JumpID = &through.ID })
		}, []string{"web1", "web2"}, map[string]string{}},
		"a device that cannot be asked for units": {func(w *world, _, _ *machine) {
			w.edit("web2", func(s *store.Server) { s.Platform = "routeros" })
		}, []string{"web1"}, map[string]string{"web2": "expect cannot be checked on routeros"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.takesDown()
			web1, web2 := w.machine("web1", 0), w.machine("web2", 0)
			w.seen("web1", "web2")
			c.prepare(w, web1, web2)
			in, out := w.plan("restart-box web1 web2 expect=nginx")
			if diff := cmp.Diff(c.in, in); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.out, out); diff != "" {
				t.Error(diff)
			}
			if in, _ := w.plan("poke web1 web2"); len(in) != 2 {
				t.Errorf("%v are in a plan that takes nobody down", in)
			}
		})
	}
}

// TestWhoWillNotRunKeepsNobodyUp: it is as if it were not in the plan.
func TestWhoWillNotRunKeepsNobodyUp(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(w *world, web1, web2 *machine)
		in      []string
		out     map[string]string
	}{
		"a machine under a name that is disabled": {func(w *world, web1, web2 *machine) {
			web2.SetHost(func(h *sshtest.Host) { *h = web1.Host() })
			web2.DropConnections()
			w.seen("web2")
			w.must(w.store.SetDisabled(w.Context(), root, "web1", "the old name"))
		}, []string{"web2"}, map[string]string{"web1": "disabled: the old name"}},
		"the jump host of one that is disabled": {func(w *world, _, _ *machine) {
			web1, err := w.store.ServerNamed(w.Context(), "web1")
			w.must(err)
			w.edit("web2", func(s *store.Server) { s.JumpID = &web1.ID })
			w.must(w.store.SetDisabled(w.Context(), root, "web2", "broken"))
		}, []string{"web1"}, map[string]string{"web2": "disabled: broken"}},
		"the jump host of one that has no command": {func(w *world, _, _ *machine) {
			web1, err := w.store.ServerNamed(w.Context(), "web1")
			w.must(err)
			w.edit("web2", func(s *store.Server) { s.JumpID, s.Platform = &web1.ID, "ios" })
		}, []string{"web1"}, map[string]string{"web2": "restart-box has no command for ios"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.takesDown()
			web1, web2 := w.machine("web1", 0), w.machine("web2", 0)
			w.seen("web1", "web2")
			c.prepare(w, web1, web2)
			in, out := w.plan("restart-box web1 web2")
			if diff := cmp.Diff(c.in, in); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.out, out); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTheGuardsHoldAtDispatch: what has become drover's own host since the request is not restarted.
func TestTheGuardsHoldAtDispatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.takesDown()
	m := w.machine("web1", 0)
	run := w.submit("restart-box web1")
	w.edit("web1", func(s *store.Server) { s.OwnHost = true })
	w.serve(w.engine)
	run = w.ended(run.ID)
	if run.State != store.Denied || !strings.Contains(run.StateReason, "drover itself runs there") || m.sent.Load() != 0 {
		t.Errorf("%s: %q", run.State, run.StateReason)
	}
}

// TestWhatIsLearnedInTheMiddleKeepsUpOnlyWhatItIsAbout: the others of the run go on.
func TestWhatIsLearnedInTheMiddleKeepsUpOnlyWhatItIsAbout(t *testing.T) {
	for name, c := range map[string]struct {
		learn func(w *world, web3, web4 *machine)
		why   string
	}{
		"the same machine": {func(w *world, web3, web4 *machine) {
			web4.SetHost(func(h *sshtest.Host) { *h = web3.Host() })
			for _, server := range []string{"web3", "web4"} {
				equal(w.T, store.Succeeded, w.ended(w.submit("peek "+server).ID).State)
			}
		}, "not begun: it is the same machine as web3"},
		"drover's own host": {func(w *world, _, _ *machine) {
			w.edit("web4", func(s *store.Server) { s.OwnHost = true })
		}, "not begun: drover itself runs there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.takesDown()
			machines := map[string]*machine{}
			for _, server := range []string{"web1", "web2", "web3", "web4"} {
				machines[server] = w.machine(server, 0)
			}
			w.serve(w.engine)
			run := w.submit("restart-box all batch=1")
			receive(t, machines["web1"].told)
			c.learn(w, machines["web3"], machines["web4"])
			machines["web1"].restarts(w)
			for _, server := range []string{"web2", "web3"} {
				receive(t, machines[server].told)
				machines[server].restarts(w)
			}
			run = w.ended(run.ID)
			equal(t, map[string]store.TargetState{
				"web1": store.TargetSucceeded, "web2": store.TargetSucceeded, "web3": store.TargetSucceeded, "web4": store.TargetSkipped,
			}, states(run))
			if run.Targets[3].Summary != c.why || machines["web4"].sent.Load() > 0 {
				t.Errorf("web4: %q", run.Targets[3].Summary)
			}
		})
	}
}

// So it is with what is learned between the canary and the others.
func TestWhatIsLearnedAfterTheCanaryKeepsUpOnlyWhatItIsAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.takesDown()
	web1, web2, web3 := w.machine("web1", 0), w.machine("web2", 0), w.machine("web3", 0)
	w.serve(w.engine)
	run := w.submit("restart-box all canary=1")
	receive(t, web1.told)
	web1.restarts(w)
	run = w.await(run.ID, func(r store.Run) bool { return r.State == store.Paused })
	w.edit("web2", func(s *store.Server) { s.OwnHost = true })
	w.must(w.engine.Continue(t.Context(), ops, run, ""))
	w.await(run.ID, func(r store.Run) bool { return r.State.Final() || len(web3.told) > 0 })
	if len(web3.told) > 0 {
		web3.restarts(w)
	}
	run = w.ended(run.ID)
	equal(t, map[string]store.TargetState{"web1": store.TargetSucceeded, "web2": store.TargetSkipped, "web3": store.TargetSucceeded}, states(run))
	if got := run.Targets[1].Summary; got != "not begun: drover itself runs there" || web2.sent.Load() > 0 {
		t.Errorf("%s: %q, web2: %q", run.State, run.StateReason, got)
	}
}
