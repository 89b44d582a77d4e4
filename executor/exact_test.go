package executor_test

import (
	"strings"
	"sync"
	"testing"

	"drover/executor"
	"drover/executor/action"
	"drover/executor/sshtest"
	"drover/store"
)

// TestWhatIsShownIsWhatRuns: for each built-in, on each platform, a server is sent byte for byte what the plan has shown,
// and what was recorded; the nonce and the wrapper excepted.
func TestWhatIsShownIsWhatRuns(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	received := map[string]string{}
	for server, platform := range map[string]string{"host1": "linux", "router1": "routeros", "switch1": "ios"} {
		w.host(server, func(s *sshtest.Session) int {
			mu.Lock()
			defer mu.Unlock()
			received[server] = s.Command
			return 0
		})
		w.edit(server, func(s *store.Server) { s.Platform = platform })
	}
	w.serve(w.engine)
	builtins, err := action.Builtins()
	must(t, err)
	for _, b := range builtins {
		a, err := action.Parse(b.YAML)
		must(t, err)
		if a.Approvals > 0 {
			continue // the same path, after a colleague
		}
		line := a.Name + " all"
		if p, ok := a.Parameter("service"); ok && p.Default == nil {
			line += " service=postgresql@15-main"
		}
		if _, ok := a.Parameter("host"); ok {
			line += " host=2001:db8::7"
		}
		shown, err := w.engine.Plan(t.Context(), w.ask(ops, line))
		must(t, err)
		run := w.ended(w.submit(line).ID)
		recorded, err := executor.PlanOf(run)
		must(t, err)
		mu.Lock()
		for i, target := range shown.Targets {
			if sent := received[target.Server]; sent != target.Command || recorded.Targets[i].Command != target.Command || sent == "" {
				t.Errorf("%s on %s: shown\n%s\nrecorded\n%s\nsent\n%s", a.Name, target.Server, target.Command, recorded.Targets[i].Command, sent)
			}
		}
		clear(received)
		mu.Unlock()
		if len(shown.Targets)+len(shown.Excluded) != 3 {
			t.Errorf("%s: %d servers in the plan, %v left out", a.Name, len(shown.Targets), shown.Excluded)
		}
	}
}

// TestASettingIsPartOfThePlan: what a parameter takes from a setting is shown, and another choice is another plan.
func TestASettingIsPartOfThePlan(t *testing.T) {
	w := newWorld(t)
	w.host("web1", func(*sshtest.Session) int { return 0 })
	w.host("sw1", func(*sshtest.Session) int { return 0 })
	w.edit("sw1", func(s *store.Server) { s.Platform = "ios" })
	plan := func(line string) *executor.Plan {
		t.Helper()
		p, err := w.engine.Plan(t.Context(), w.ask(ops, line))
		must(t, err)
		return p
	}
	before := plan("ping-main all")
	equal(t, []executor.Exclusion{{Server: "sw1", Reason: "ping-main needs host=… for ios, or the setting main-host"}}, before.Excluded)
	run := w.submit("ping-main web1") // nobody works it yet
	_, err := w.engine.Choose(t.Context(), root, executor.MainHost, "drover.example.com")
	must(t, err)
	after := plan("ping-main all")
	if len(after.Targets) != 2 || after.Params["host"] != "drover.example.com" {
		t.Errorf("the plan is %+v", after)
	}
	for _, target := range after.Targets {
		if !strings.Contains(target.Command, "drover.example.com") {
			t.Errorf("%s is not told: %s", target.Server, target.Command)
		}
	}
	if given := plan("ping-main web1 host=192.0.2.7"); given.Params["host"] != "192.0.2.7" {
		t.Errorf("the setting is stronger than what was typed: %v", given.Params)
	}
	w.serve(w.engine)
	if run = w.ended(run.ID); run.State != store.Denied {
		t.Errorf("it is %s: %s", run.State, run.StateReason)
	}
}
