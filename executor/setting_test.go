package executor_test

import (
	"strings"
	"testing"
	"time"

	"drover/executor"
	"drover/store"
)

func TestASettingIsCheckedAndSpelledInOneWay(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ name, value, want string }{
		{"run-expiry", "90m", "1h30m"},
		{"approval-expiry", "7d", "7d"},
		{"approval-expiry", "168h", "7d"},
		{"self-approval", "on", "on"},
		{"main-host", "drover.example.com", "drover.example.com"},
		{"main-host", "2001:DB8::1", "2001:db8::1"},
		{"main-host", "10.0.0.1", "10.0.0.1"},
		{"main-host", executor.ByDefault, ""},
		{"run-expiry", executor.ByDefault, "10m"},
	} {
		got, err := w.engine.Choose(t.Context(), root, c.name, c.value)
		must(t, err)
		holds, err := w.engine.Chosen(t.Context(), c.name)
		must(t, err)
		if got != c.want || holds != c.want {
			t.Errorf("%s %s: answered %q, holds %q, want %q", c.name, c.value, got, holds, c.want)
		}
	}
	entries := func() int {
		return len(w.audit("setting/run-expiry")) + len(w.audit("setting/main-host")) + len(w.audit("setting/team"))
	}
	before := entries()
	for _, c := range []struct{ name, value, says string }{
		{"run-expiry", "0s", "from 1s to 1d"},
		{"run-expiry", "25h", "from 1s to 1d"},
		{"run-expiry", "soon", "10m, 8h or 7d"},
		{"approval-expiry", "31d", "from 1s to 30d"},
		{"self-approval", "yes", "on or off"},
		{"self-approval", "", "on or off"},
		{"main-host", "-oProxyCommand=x", "name or the IP address"},
		{"main-host", "a b", "name or the IP address"},
		{"main-host", "fe80::1%eth0", "name or the IP address"},
		{"main-host", "", "name or the IP address"},
		{"run-expire", "5m", "Did you mean `run-expiry`?"},
		{"team", "T2", "no setting called `team`"}, // a row of drover's own
	} {
		_, err := w.engine.Choose(t.Context(), root, c.name, c.value)
		if refusal := refused(t, err); !strings.Contains(refusal.Text, c.says) {
			t.Errorf("%s %q: %q does not say %q", c.name, c.value, refusal.Text, c.says)
		}
	}
	if now := entries(); before == 0 || now != before {
		t.Errorf("refused values made %d audit entries beside %d", now-before, before)
	}
}

func TestEveryDefaultIsAValue(t *testing.T) {
	w := newWorld(t)
	for _, s := range executor.Settings() {
		if s.Default == "" {
			continue // none: the setting's words say what holds then
		}
		if got, err := w.engine.Choose(t.Context(), root, s.Name, s.Default); err != nil || got != s.Default {
			t.Errorf("the default of %s is %q, spelled %q (%v)", s.Name, s.Default, got, err)
		}
	}
}

// A setting holds for what waits already: nothing is restarted, nothing remembered.
func TestRunExpiryIsReadWhenItMatters(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil)
	run := w.submit("poke web1")
	_, err := w.engine.Choose(t.Context(), root, executor.RunExpiry, "1m")
	must(t, err)
	w.clock.advance(time.Minute + time.Second)
	must(t, w.engine.Work(t.Context(), run.ID))
	if run = w.ended(run.ID); run.State != store.Expired || !strings.Contains(run.StateReason, "not begun within 1m") {
		t.Errorf("it is %s because %q", run.State, run.StateReason)
	}
}
