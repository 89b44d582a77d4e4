package action_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drover/executor/action"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// builtin parses one of the actions that come with drover.
func builtin(t *testing.T, name string) *action.Action {
	t.Helper()
	for _, b := range allBuiltins(t) {
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
	var names []string
	for _, b := range allBuiltins(t) {
		names = append(names, b.Name)
		if a := builtin(t, b.Name); a.Name != b.Name {
			t.Errorf("%s.yaml holds the action %s", b.Name, a.Name)
		}
	}
	want := []string{"disk", "failed-units", "full-upgrade", "logs", "ping", "ping-internet", "ping-main", "reboot", "restart-service", "shutdown", "status", "update"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func allBuiltins(t *testing.T) []action.Builtin {
	t.Helper()
	builtins, err := action.Builtins()
	if err != nil {
		t.Fatal(err)
	}
	return builtins
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
		"ping":            {"viewer", 0, false, false, false, "none", "timing", "30s"},
		"ping-internet":   {"viewer", 0, false, false, false, "none", "ping", "1m0s"},
		"ping-main":       {"viewer", 0, false, false, false, "none", "ping", "1m0s"},
		"status":          {"viewer", 0, false, false, false, "none", "status", "1m0s"},
		"disk":            {"viewer", 0, false, false, false, "none", "disk", "1m0s"},
		"failed-units":    {"viewer", 0, false, false, false, "none", "units", "1m0s"},
		"logs":            {"viewer", 0, false, true, false, "none", "text", "1m0s"},
		"restart-service": {"operator", 0, true, true, true, "none", "service", "5m0s"},
		"update":          {"operator", 0, true, true, true, "none", "packages", "1h0m0s"},
		"full-upgrade":    {"operator", 1, true, true, true, "none", "packages", "1h0m0s"},
		"reboot":          {"operator", 1, true, true, false, "rebooted", "text", "10m0s"},
		"shutdown":        {"operator", 1, true, true, false, "down", "text", "5m0s"},
	}
	for _, b := range allBuiltins(t) {
		a := builtin(t, b.Name)
		got := meta{a.Role, a.Approvals, a.Changes, a.Sudo, a.Detach, a.Verify, a.Result, a.Timeout.String()}
		if diff := cmp.Diff(want[b.Name], got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", b.Name, diff)
		}
	}
}

// A built-in is a file like anybody's: under another name it is the same action.
func TestBuiltinsHaveNoPrivilege(t *testing.T) {
	for _, b := range allBuiltins(t) {
		mine := parse(t, strings.Replace(string(b.YAML), "name: "+b.Name, "name: mine", 1))
		if diff := cmp.Diff(rendered(t, builtin(t, b.Name), nil), rendered(t, mine, nil)); diff != "" {
			t.Errorf("%s (-shipped +mine):\n%s", b.Name, diff)
		}
	}
}

// rendered are the commands of an action, by platform and with the preview's after them, as `drover action render` shows
// them. What has no default gets the value of an example.
func rendered(t *testing.T, a *action.Action, given map[string]string) map[string]string {
	t.Helper()
	raw := map[string]string{}
	for _, p := range a.Parameters {
		if p.Default == nil {
			raw[p.Name] = map[string]string{"service": "nginx"}[p.Name]
		}
	}
	maps.Copy(raw, given)
	values, err := a.Bind(raw)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, platform := range action.Platforms() {
		for suffix, render := range map[string]func(action.Platform, action.Values) (string, error){"": a.Command, "-preview": a.PreviewCommand} {
			text, err := render(platform, values)
			var none *action.PlatformError
			if errors.As(err, &none) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if again, err := render(platform, values); err != nil || again != text {
				t.Errorf("%s: the second rendering differs (%v)", a.Name, err)
			}
			texts[string(platform)+suffix] = text
		}
	}
	return texts
}

func TestBuiltinCommands(t *testing.T) {
	var want []string
	check := func(name string, texts map[string]string) {
		for _, kind := range slices.Sorted(maps.Keys(texts)) {
			file := fmt.Sprintf("renders/%s-%s.golden", name, kind)
			golden(t, file, texts[kind]+"\n")
			want = append(want, filepath.Join("testdata", file))
		}
	}
	for _, b := range allBuiltins(t) {
		check(b.Name, rendered(t, builtin(t, b.Name), nil))
	}
	check("update-security", rendered(t, builtin(t, "update"), map[string]string{"security": "yes"}))
	check("ping-main-host", rendered(t, builtin(t, "ping-main"), map[string]string{"host": "192.0.2.7"}))
	slices.Sort(want)
	got, err := filepath.Glob("testdata/renders/*.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
