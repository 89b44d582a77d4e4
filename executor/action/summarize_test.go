package action_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/executor/action"
)

// describe writes an outcome out for a golden file.
func describe(o action.Outcome) string {
	var text strings.Builder
	fmt.Fprintf(&text, "summary: %s\nfailed: %t\nreason: %s\n", o.Summary, o.Failed, o.Reason)
	for _, name := range slices.Sorted(maps.Keys(o.Facts)) {
		fmt.Fprintf(&text, "fact: %s = %s\n", name, o.Facts[name])
	}
	return text.String() + "\n" + o.Details + "\n"
}

// The recordings are named after the result that reads them. Beside one that failed lies a file with the exit code in its
// first line and then what came on standard error.
func TestSummarizeRecordedOutputs(t *testing.T) {
	files, err := filepath.Glob("testdata/outputs/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded outputs: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			stdout, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out := action.Output{Stdout: string(stdout)}
			if strings.Contains(name, "-routeros") || strings.Contains(name, "-ios") {
				out.Device, out.ExitCode = true, action.NoExitCode
			}
			if failure, err := os.ReadFile(strings.TrimSuffix(file, ".txt") + ".err"); err == nil {
				if _, err := fmt.Sscanf(string(failure), "exit %d", &out.ExitCode); err != nil {
					t.Fatal(err)
				}
				_, out.Stderr, _ = strings.Cut(string(failure), "\n")
			}
			kind, _, _ := strings.Cut(name, "-")
			a := parse(t, "name: a\nresult: "+kind+"\nrun:\n  linux: [id]\n")
			golden(t, "outputs/"+name+".golden", describe(a.Summarize(out)))
		})
	}
}

func TestSummarizeText(t *testing.T) {
	a := parse(t, "name: a\nrun:\n  linux: [id]\n")
	tests := []struct {
		name            string
		out             action.Output
		summary, reason string
	}{
		{"last line", action.Output{Stdout: "one\n  two \x1b[31mred\x1b[0m\twords \n-----\n\n"}, "two red words", ""},
		{"only stderr", action.Output{Stderr: "a warning\n"}, "a warning", ""},
		{"nothing", action.Output{}, "done", ""},
		{"failure", action.Output{ExitCode: 3, Stdout: "started\n", Stderr: "Unit x.service not found.\n"}, "Unit x.service not found.", "exit 3"},
		{"failure on stdout", action.Output{ExitCode: 1, Stdout: "no such thing\n"}, "no such thing", "exit 1"},
		{"silent failure", action.Output{ExitCode: 127}, "the command was not found (exit 127)", "the command was not found (exit 127)"},
		{"killed", action.Output{ExitCode: 137}, "killed (exit 137)", "killed (exit 137)"},
		{"long", action.Output{Stdout: strings.Repeat("é", 300)}, strings.Repeat("é", 159) + "…", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := a.Summarize(tt.out)
			if o.Summary != tt.summary || o.Reason != tt.reason || o.Failed != (tt.out.ExitCode != 0) {
				t.Errorf("Summarize = %+v, want %q and %q", o, tt.summary, tt.reason)
			}
		})
	}
}

func TestSummarizeTiming(t *testing.T) {
	ms := time.Millisecond
	tests := []struct {
		out  action.Output
		want string
	}{
		{action.Output{Connect: 2 * ms, Login: 31 * ms, Run: 4 * ms}, "TCP 2 ms · SSH 31 ms · true 4 ms"},
		{action.Output{Connect: 300 * time.Microsecond, Login: 1250 * ms, Run: 12300 * ms}, "TCP <1 ms · SSH 1250 ms · true 12.3 s"},
		{action.Output{Run: 4 * ms}, "true 4 ms · over an open connection"},
		{action.Output{Connect: 2 * ms, Login: 31 * ms, Run: 4 * ms, Device: true, ExitCode: action.NoExitCode, Stdout: "name: edge1\n"},
			"TCP 2 ms · SSH 31 ms · answer 4 ms"},
		{action.Output{ExitCode: 1, Stderr: "This account is not available.\n"}, "This account is not available."},
	}
	for _, tt := range tests {
		if o := builtin(t, "ping").Summarize(tt.out); o.Summary != tt.want {
			t.Errorf("summary %q, want %q", o.Summary, tt.want)
		}
	}
}

// A status that failed is told like any other failure, and so is one that printed nothing known.
func TestSummarizeStatusFallsBackToText(t *testing.T) {
	o := builtin(t, "status").Summarize(action.Output{ExitCode: 1, Stderr: "This account is currently not available.\n"})
	if o.Summary != "This account is currently not available." || !o.Failed || o.Facts != nil {
		t.Errorf("Summarize = %+v", o)
	}
}

// The disk script runs for real on this machine, in each shell.
func TestDiskForReal(t *testing.T) {
	a := builtin(t, "disk")
	text, err := a.Command(action.Linux, action.Values{})
	if err != nil {
		t.Fatal(err)
	}
	for _, shell := range shells {
		t.Run(shell[0], func(t *testing.T) {
			o := a.Summarize(action.Output{Stdout: inShell(t, shell, t.TempDir(), text)})
			if !strings.Contains(o.Summary, "%") || !strings.Contains("\n"+o.Details, "\n/  ") {
				t.Errorf("summary %q, details\n%s", o.Summary, o.Details)
			}
		})
	}
}

// The status script runs for real on this machine, in each shell, without its environment.
func TestStatusForReal(t *testing.T) {
	a := builtin(t, "status")
	text, err := a.Command(action.Linux, action.Values{})
	if err != nil {
		t.Fatal(err)
	}
	for _, shell := range shells {
		t.Run(shell[0], func(t *testing.T) {
			t.Setenv("LC_ALL", "de_DE.UTF-8")
			t.Setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
			o := a.Summarize(action.Output{Stdout: inShell(t, shell, t.TempDir(), text)})
			for _, part := range []string{"up ", " · load ", " · memory ", " · disk ", " GB"} {
				if !strings.Contains(o.Summary, part) {
					t.Errorf("summary %q lacks %q", o.Summary, part)
				}
			}
			for _, fact := range []string{"uptime_seconds", "load", "memory_percent", "disk_percent", "os", "os_id", "kernel", "reboot_required", "users"} {
				if o.Facts[fact] == "" {
					t.Errorf("no fact %s in %v", fact, o.Facts)
				}
			}
		})
	}
}

func TestSummarizeFailedPings(t *testing.T) {
	tests := []struct {
		out  action.Output
		want string
	}{
		{action.Output{ExitCode: 2, Stderr: "ping: nothing.example: Name or service not known\n"}, "ping: nothing.example: Name or service not known"},
		{action.Output{ExitCode: 1, Stdout: "3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 2041ms\n"}, "0 of 3 answered"},
		{action.Output{ExitCode: 1, Stdout: "3 packets transmitted, 1 received, 66% packet loss\nrtt min/avg/max/mdev = 0.031/0.031/0.031/0.000 ms\n"}, "1 of 3 answered · <0.1 ms"},
		{action.Output{ExitCode: 127, Stderr: "/bin/sh: 1: ping: not found\n"}, "ping is not installed on this server"},
	}
	for _, tt := range tests {
		o := builtin(t, "ping-internet").Summarize(tt.out)
		if o.Summary != tt.want || !o.Failed || o.Reason == "" {
			t.Errorf("Summarize = %+v, want %s", o, tt.want)
		}
	}
}

// Of a device only its words tell that it did not do what it was told.
func TestSummarizeOfDevices(t *testing.T) {
	a := parse(t, "name: a\nrun:\n  ios: [show, clock]\n")
	for text, want := range map[string]action.Outcome{
		"*22:16:42.123 UTC Wed Nov 25 2026\r\n":                                     {Summary: "*22:16:42.123 UTC Wed Nov 25 2026"},
		"          ^\r\n% Invalid input detected at '^' marker.\r\n\r\n":            {Summary: "% Invalid input detected at '^' marker.", Failed: true},
		"bad command name ping (line 1 column 2)\r\n":                               {Summary: "bad command name ping (line 1 column 2)", Failed: true},
		"expected end of command (line 1 column 12)\r\n":                            {Summary: "expected end of command (line 1 column 12)", Failed: true},
		"CPU utilization for five seconds: 1%/0%; one minute: 2%; five minutes: 2%": {Summary: "CPU utilization for five seconds: 1%/0%; one minute: 2%; five minutes: 2%"},
		"": {Summary: "done"},
	} {
		o := a.Summarize(action.Output{Device: true, ExitCode: action.NoExitCode, Stdout: text})
		if o.Summary != want.Summary || o.Failed != want.Failed || o.Failed != (o.Reason != "") {
			t.Errorf("Summarize(%q) = %+v, want %+v", text, o, want)
		}
	}
}
