package action_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"drover/executor/action"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// builtin parses one of the actions that come with drover.
func builtin(t *testing.T, name string) *action.Action {
	t.Helper()
	builtins, err := action.Builtins()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range builtins {
		if b.Name != name {
			continue
		}
		a, err := action.Parse(b.YAML)
		if err != nil {
			t.Fatalf("Parse(%s):\n%v", name, err)
		}
		return a
	}
	t.Fatalf("no built-in action %s", name)
	return nil
}

// golden compares with testdata/name, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestBuiltinsAreNamedAfterTheirFile(t *testing.T) {
	builtins, err := action.Builtins()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, b := range builtins {
		names = append(names, b.Name)
		if a := builtin(t, b.Name); a.Name != b.Name {
			t.Errorf("%s.yaml holds the action %s", b.Name, a.Name)
		}
	}
	want := []string{"full-upgrade", "ping", "reboot", "shutdown", "status", "update"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestBuiltinMetadata(t *testing.T) {
	type meta struct {
		Role          string
		Approvals     int
		Changes, Sudo bool
		Detach        bool
		Verify        string
		Result        string
		Timeout       string
	}
	want := map[string]meta{
		"ping":     {"viewer", 0, false, false, false, "none", "timing", "30s"},
		"status":   {"viewer", 0, false, false, false, "none", "status", "1m0s"},
		"update":   {"operator", 0, true, true, true, "none", "packages", "1h0m0s"},
		"reboot":   {"operator", 1, true, true, false, "rebooted", "text", "10m0s"},
		"shutdown": {"operator", 1, true, true, false, "down", "text", "5m0s"},
	}
	for name, want := range want {
		a := builtin(t, name)
		got := meta{a.Role, a.Approvals, a.Changes, a.Sudo, a.Detach, a.Verify, a.Result, a.Timeout.String()}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestBuiltinCommands(t *testing.T) {
	tests := []struct {
		golden string
		name   string
		raw    map[string]string
	}{
		{"ping.golden", "ping", nil},
		{"status.golden", "status", nil},
		{"update.golden", "update", nil},
		{"update-security.golden", "update", map[string]string{"security": "yes"}},
		{"reboot.golden", "reboot", nil},
		{"shutdown.golden", "shutdown", nil},
	}
	for _, tt := range tests {
		a := builtin(t, tt.name)
		values, err := a.Bind(tt.raw)
		if err != nil {
			t.Fatal(err)
		}
		text, err := a.Command(action.Linux, values)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, tt.golden, text+"\n")
		again, err := a.Command(action.Linux, values)
		if err != nil || again != text {
			t.Errorf("%s: the second rendering differs (%v)", tt.golden, err)
		}
	}
}

func TestUpdatePreviewCommand(t *testing.T) {
	a := builtin(t, "update")
	values, err := a.Bind(nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := a.PreviewCommand(action.Linux, values)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "update-preview.golden", text+"\n")
}
