package executor_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/executor"
	"drover/executor/sshtest"
	"drover/store"
)

// newPreviewWorld has actions with something to preview, too.
func newPreviewWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for name, yaml := range map[string]string{
		"renew":  `{name: renew, role: operator, sudo: true, detach: true, run: {linux: [renew], routeros: [renew]}, preview: {linux: [would-renew]}}`,
		"bounce": `{name: bounce, role: operator, approvals: 1, verify: rebooted, run: {linux: [bounce]}}`,
		"halt":   `{name: halt, role: operator, run: {linux: [halt]}}`,
	} {
		w.must(w.store.AddAction(t.Context(), root, name, yaml))
	}
	return w
}

func (w *world) preview(who store.Actor, line string) *executor.Preview {
	w.Helper()
	p, err := w.engine.Preview(w.Context(), w.ask(who, line))
	w.must(err)
	return p
}

func TestAPreviewShowsThePlan(t *testing.T) {
	w := newPreviewWorld(t)
	host := w.host("web1", nil)
	w.listed("web2", "web3")
	w.must(w.store.SetDisabled(t.Context(), root, "web3", "broken"))
	w.serve(w.engine)
	p := w.preview(ops, "poke all word=abc canary=1")
	equal(t, []executor.Batch{{Canary: true, Servers: []string{"web1"}}, {Servers: []string{"web2"}}}, p.Plan.Batches())
	equal(t, []executor.PlannedCommand{{Servers: []string{"web1", "web2"}, Text: "poke abc"}}, p.Plan.Commands())
	equal(t, []executor.Exclusion{{Server: "web3", Reason: "disabled: broken"}}, p.Plan.Excluded)
	if p.Role != store.Operator || p.Approvals != 0 || p.Refusal != "" || p.Looks || p.TakesDown || p.Expected != nil || len(p.Holders) > 0 {
		t.Errorf("it is %+v", p)
	}
	if runs, err := w.store.Runs(t.Context(), 10); err != nil || len(runs) > 0 || host.Logins() > 0 {
		t.Errorf("%d runs, %d logins, %v", len(runs), host.Logins(), err)
	}
}

// TestWhoMayPreview: whoever may look, at the servers that they may look at. Who may not run it is told so.
func TestWhoMayPreview(t *testing.T) {
	w := newPreviewWorld(t)
	w.listed("web1", "db1")
	w.edit("web1", func(s *store.Server) { s.Tags = []string{"web"} })
	w.meet("T1/UWEB", store.User{})
	w.grant("T1/UWEB", "allow viewer * web")
	for name, c := range map[string]struct {
		who     store.Actor
		line    string
		refused string // the preview itself
		says    string // in it, why it may not be run
	}{
		"operator":                     {ops, "poke all", "", ""},
		"operator, with approval":      {ops, "bounce all", "", "approval"},
		"viewer":                       {viewer, "poke all", "", "You may not run `poke` on db1 web1: it needs the role operator"},
		"viewer, of a viewer's action": {viewer, "peek all", "", ""},
		"viewer of some":               {"T1/UWEB", "poke web1", "", "it needs the role operator"},
		"viewer of others":             {"T1/UWEB", "poke all", "on db1", ""},
		"nobody":                       {nobody, "poke all", "You have no role", ""},
		"stranger":                     {"T2/UOPS", "poke all", "another Slack workspace", ""},
		"wrong words":                  {ops, "poke all mode=x", "mode is not known to poke", ""},
		"no server":                    {ops, "poke nowhere", "No server is called nowhere", ""},
		"contradiction":                {ops, "poke all canary=2", "leaves no server", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := w.engine.Preview(t.Context(), w.ask(c.who, c.line))
			switch {
			case c.refused != "":
				if refusal := refused(t, err); !strings.Contains(refusal.Text, c.refused) {
					t.Errorf("refused with %q", refusal.Text)
				}
			case err != nil:
				t.Error(err)
			case (p.Refusal == "") != (c.says == "") || !strings.Contains(p.Refusal, c.says):
				t.Errorf("it says %q", p.Refusal)
			}
		})
	}
}

// TestAPreviewLooksBack: how long it took, who has the servers now, and when they were down last.
func TestAPreviewLooksBack(t *testing.T) {
	w := newPreviewWorld(t)
	var mu sync.Mutex
	took := map[string]time.Duration{"web1": 10 * time.Second, "web2": 20 * time.Second, "web3": time.Minute}
	g := newGate()
	for _, name := range []string{"web1", "web2", "web3"} {
		w.host(name, func(s *sshtest.Session) int {
			if strings.Contains(s.Command, "wait") {
				return g.handle(s)
			}
			mu.Lock()
			defer mu.Unlock()
			w.clock.advance(took[name]) // the clock of the store runs ahead
			return 0
		})
	}
	w.serve(w.engine)
	for range 3 {
		equal(t, store.Succeeded, w.ended(w.submit("poke all parallel=1").ID).State)
	}
	about := func(got, want time.Duration) bool { return got >= want && got < want+5*time.Second }
	if x := w.preview(ops, "poke all").Expected; x == nil || x.Times != 9 || !about(x.Median, 20*time.Second) || !about(x.Slowest, time.Minute) || !about(x.All, time.Minute) {
		t.Errorf("all at once: %+v", x)
	}
	if x := w.preview(ops, "poke all batch=1").Expected; !about(x.All, 90*time.Second) {
		t.Errorf("one after the other: %+v", x)
	}
	if x := w.preview(ops, "poke all parallel=2").Expected; !about(x.All, time.Minute) {
		t.Errorf("two at a time: %+v", x)
	}
	if x := w.preview(ops, "poke web1 web2 canary=1").Expected; x.Times != 6 || !about(x.All, 30*time.Second) {
		t.Errorf("with a canary: %+v", x)
	}
	if x := w.preview(ops, "peek all").Expected; x != nil {
		t.Errorf("what was never run: %+v", x)
	}

	holder := w.submit("poke web2 word=wait")
	receive(t, g.entered)
	equal(t, []store.Holder{{Server: "web2", Run: holder.Number, Action: "poke", By: ops}}, w.preview(viewer, "poke all").Holders)
	if h := w.preview(ops, "peek all").Holders; len(h) > 0 { // looking waits for nobody
		t.Errorf("holders: %+v", h)
	}
	close(g.open)
	w.ended(holder.ID)

	w.ended(w.submit("halt web3").ID) // that it took the server down nobody has seen, whatever its next revision says
	w.must(w.store.EditAction(t.Context(), root, "halt", `{name: halt, role: operator, verify: down, run: {linux: [halt]}}`))
	p := w.preview(ops, "bounce all")
	if len(p.LastDown) > 0 || !p.TakesDown || p.Approvals != 1 {
		t.Errorf("last down: %+v", p.LastDown)
	}
	equal(t, []string{"web1", "web2", "web3"}, p.NeverDown())
	if never := w.preview(ops, "poke all").NeverDown(); never != nil {
		t.Errorf("poke takes %v down", never)
	}
}

// TestAPreviewTellsOfARestartThatEndedBadly: the server was down, whatever was missing afterwards. What it became is kept.
func TestAPreviewTellsOfARestartThatEndedBadly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.takesDown()
	m := w.machine("web1", 0)
	w.listed("web2")
	w.serve(w.engine)
	run := w.submit("restart-box web1 expect=nginx")
	receive(t, m.told)
	w.waits(run)
	before := m.Host()
	m.SetHost(func(h *sshtest.Host) { h.Kernel = "6.1.0-40-amd64" })
	m.restarts(w)
	w.await(run.ID, func(r store.Run) bool {
		return strings.HasSuffix(r.Targets[0].Summary, "and back, but nginx is unknown")
	})
	w.clock.advance(11 * time.Minute)
	target := w.ended(run.ID).Targets[0]
	if target.ErrorKind != "expected_unit" || !strings.HasSuffix(target.Summary, "and back, but nginx is unknown · kernel 6.1.0-37-amd64 → 6.1.0-40-amd64") {
		t.Errorf("%s: %q", target.ErrorKind, target.Summary)
	}
	for _, boot := range []string{before.BootID, m.Host().BootID} {
		if !strings.Contains(target.Details, boot) {
			t.Errorf("%s is not in the proof: %s", boot, target.Details)
		}
	}
	server, err := w.store.ServerNamed(t.Context(), "web1")
	must(t, err)
	equal(t, "6.1.0-40-amd64", server.Host.Kernel)
	p := w.preview(ops, "restart-box web1 web2")
	if len(p.LastDown) != 1 || p.LastDown[0].Server != "web1" || p.LastDown[0].Run != run.Number || p.LastDown[0].By != ops {
		t.Errorf("last down: %+v", p.LastDown)
	}
	equal(t, []string{"web2"}, p.NeverDown())
}

// TestLooking runs the preview's command on the one path: as the login user, changing nothing, for whoever may look.
func TestLooking(t *testing.T) {
	w := newPreviewWorld(t)
	var mu sync.Mutex
	var ran []string
	handler := func(s *sshtest.Session) int {
		mu.Lock()
		defer mu.Unlock()
		ran = append(ran, s.Command)
		if s.Sudo {
			t.Error("a preview ran as root")
		}
		return 0
	}
	w.host("web1", handler)
	w.host("web2", handler)
	w.host("sw1", handler)
	w.edit("sw1", func(s *store.Server) { s.Platform = "routeros" })
	w.pin("sw1", "ssh-ed25519 AAAA")
	w.serve(w.engine)
	line := "renew all canary=1 max-failures=0 batch=1 parallel=1 timeout=1m"
	if p := w.preview(viewer, line); !p.Looks || p.Refusal == "" || len(p.Plan.Targets) != 3 {
		t.Errorf("the preview: %+v", p)
	}
	run, err := w.engine.Look(t.Context(), w.ask(viewer, line))
	must(t, err)
	run = w.ended(run.ID)
	equal(t, map[string]store.TargetState{"web1": store.TargetSucceeded, "web2": store.TargetSucceeded}, states(run))
	if !run.Preview || run.Changes || run.Targets[0].Changes || run.Targets[0].Detached || run.Options != `{"parallel":1,"timeout":60000000000,"preview":true}` {
		t.Errorf("the run: %+v", run)
	}
	plan, err := executor.PlanOf(run)
	must(t, err)
	equal(t, []executor.Exclusion{{Server: "sw1", Reason: "renew has no preview for routeros"}}, plan.Excluded)
	mu.Lock()
	equal(t, []string{"would-renew", "would-renew"}, slices.Clone(ran))
	mu.Unlock()
	equal(t, "run.requested", events(w.audit("run/1"))[0])

	// It is no time that the action took, and has no server to itself.
	if p := w.preview(ops, "renew web1"); p.Expected != nil {
		t.Errorf("expected: %+v", p.Expected)
	}
	if _, err := w.engine.Look(t.Context(), w.ask(nobody, "renew web1")); err == nil {
		t.Error("somebody without a role looked")
	}
	_, err = w.engine.Look(t.Context(), w.ask(ops, "poke web1"))
	if refusal := refused(t, err); !strings.Contains(refusal.Text, "poke has no preview for linux") {
		t.Errorf("%q", refusal.Text)
	}
}

// TestARetryOfALookLooks: what only looked never turns into the action.
func TestARetryOfALookLooks(t *testing.T) {
	w := newPreviewWorld(t)
	var mu sync.Mutex
	var ran []string
	w.host("web1", func(s *sshtest.Session) int {
		mu.Lock()
		defer mu.Unlock()
		ran = append(ran, s.Command)
		return 1
	})
	w.serve(w.engine)
	run, err := w.engine.Look(t.Context(), w.ask(viewer, "renew web1"))
	must(t, err)
	next, err := w.engine.Retry(t.Context(), w.ended(run.ID), again(viewer, store.Button, ""))
	must(t, err)
	if next = w.ended(next.ID); !next.Preview || next.Changes {
		t.Errorf("it is %+v", next)
	}
	mu.Lock()
	defer mu.Unlock()
	equal(t, []string{"would-renew", "would-renew"}, ran)
}

// TestNobodyTypesPreview: it is no option.
func TestNobodyTypesPreview(t *testing.T) {
	w := newPreviewWorld(t)
	w.listed("web1")
	request := w.ask(viewer, "renew web1 preview=true")
	if request.Options.Preview {
		t.Fatal("it was taken for an option")
	}
	_, err := w.engine.Submit(t.Context(), request)
	if refusal := refused(t, err); !strings.Contains(refusal.Text, "preview is not known to renew") {
		t.Errorf("%q", refusal.Text)
	}
}
