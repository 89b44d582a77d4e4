package action_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"drover/executor/action"

	"github.com/google/go-cmp/cmp"
)

const restartApp = `name: restart-app
title: Restart the application
description: One line for help.
role: operator
approvals: 0
changes: true
sudo: true
timeout: 60s
silence: 20s
detach: false
parameters:
  - {name: service, type: string, pattern: '[a-z0-9@._-]+', max_length: 64, default: nginx, help: systemd unit}   # the whole value
  - {name: mode, type: enum, values: [soft, hard], default: soft}
run:
  linux: [systemctl, restart, "--job-mode={{mode}}", --, "{{service}}"]
preview:
  linux: |
    systemctl status --no-pager -- "$service"
verify: none
`

func TestParseEveryKey(t *testing.T) {
	got, err := action.Parse([]byte(restartApp))
	if err != nil {
		t.Fatal(err)
	}
	nginx, soft := "nginx", "soft"
	want := &action.Action{
		Name: "restart-app", Title: "Restart the application", Description: "One line for help.",
		Role: "operator", Changes: true, Sudo: true, Timeout: time.Minute, Silence: 20 * time.Second,
		Parameters: []action.Parameter{
			{Name: "service", Type: action.String, Pattern: "[a-z0-9@._-]+", MaxLength: 64, Default: &nginx, Help: "systemd unit"},
			{Name: "mode", Type: action.Enum, Values: []string{"soft", "hard"}, MaxLength: 256, Default: &soft},
		},
		Run: map[action.Platform]action.Command{
			action.Linux: {Argv: []string{"systemctl", "restart", "--job-mode={{mode}}", "--", "{{service}}"}},
		},
		Preview: map[action.Platform]action.Command{
			action.Linux: {Script: "systemctl status --no-pager -- \"$service\"\n"},
		},
		Verify: "none", Result: "text",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(action.Action{})); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

func TestParseDefaults(t *testing.T) {
	got, err := action.Parse([]byte("name: uptime\nrun:\n  linux: [uptime]\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := &action.Action{
		Name: "uptime", Title: "uptime", Role: "operator", Changes: true, Timeout: 5 * time.Minute,
		Run:    map[action.Platform]action.Command{action.Linux: {Argv: []string{"uptime"}}},
		Verify: "none", Result: "text",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(action.Action{})); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

// A scalar keeps its spelling and a default becomes canonical.
func TestParseScalars(t *testing.T) {
	got, err := action.Parse([]byte(`name: x
parameters:
  - {name: v, type: enum, values: [1.10, yes, 007], default: 1.10}
  - {name: n, type: int, min: 1, max: 20, default: 007}
  - {name: b, type: bool, default: yes}
run:
  linux: [echo, 1.0, true, "{{v}}", "{{n}}", "{{b}}"]
`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1.10", "yes", "007"}, got.Parameters[0].Values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"echo", "1.0", "true", "{{v}}", "{{n}}", "{{b}}"}, got.Run[action.Linux].Argv); diff != "" {
		t.Errorf("argv (-want +got):\n%s", diff)
	}
	for i, want := range []string{"1.10", "7", "true"} {
		if d := *got.Parameters[i].Default; d != want {
			t.Errorf("default %d = %q, want %q", i, d, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	const run = "run:\n  linux: [uptime]\n"
	tests := []struct{ name, yaml, want string }{
		{"empty", "", `the file must hold exactly one action`},
		{"comment", "# nothing\n", `the file must hold exactly one action`},
		{"two documents", "name: a\n" + run + "---\nname: b\n", `the file must hold exactly one action`},
		{"not a mapping", "- a\n", `line 1: must be keys with values: name, title, description, role, approvals, changes, sudo, timeout, silence, detach, parameters, run, preview, verify, result`},
		{"unknown key", "name: a\nrolle: viewer\n" + run, `line 2: unknown key "rolle", did you mean role?; allowed: name, title, description, role, approvals, changes, sudo, timeout, silence, detach, parameters, run, preview, verify, result`},
		{"unknown platform", "name: a\nrun:\n  windows: [dir]\n", `line 3: run: unknown key "windows"; allowed: linux, routeros, ios`},
		{"unknown parameter key", "name: a\nparameters:\n  - {name: p, type: bool, patern: x}\n" + run, `line 3: parameters[0]: unknown key "patern", did you mean pattern?; allowed: name, type, help, pattern, max_length, values, min, max, default, setting, leading_dash`},
		{"key twice", "name: a\nname: b\n" + run, `line 2: mapping key "name" already defined at [1:1]`},
		{"alias", "name: &n a\ntitle: *n\n" + run, "line 1: anchors, aliases, tags and merge keys are not allowed\nline 2: anchors, aliases, tags and merge keys are not allowed"},
		{"tag", "name: !!str a\n" + run, `line 1: anchors, aliases, tags and merge keys are not allowed`},
		{"no name", run, `name: is required`},
		{"no run", "name: a\n", `run: is required, with a command for at least one of linux, routeros, ios`},
		{"bad name", "name: Restart App\n" + run, `line 1: name: must be lower-case letters, digits and . _ -, begin with a letter or digit and have at most 63 characters, not "Restart App"`},
		{"reserved name", "name: approve\n" + run, `line 1: name: must not be the reserved word approve`},
		{"because", "name: because\n" + run, `line 1: name: must not be the reserved word because`},
		{"role", "name: a\nrole: root\n" + run, `line 2: role: must be one of viewer, operator, not "root"`},
		{"verify", "name: a\nverify: up\n" + run, `line 2: verify: must be one of none, rebooted, down, not "up"`},
		{"result", "name: a\nresult: json\n" + run, `line 2: result: must be one of text, timing, status, packages, ping, disk, units, service, not "json"`},
		{"approvals", "name: a\napprovals: 11\n" + run, `line 2: approvals: must be from 0 to 10, not 11`},
		{"approvals text", "name: a\napprovals: one\n" + run, `line 2: approvals: must be a whole number`},
		{"bool", "name: a\nsudo: yes\n" + run, `line 2: sudo: must be true or false`},
		{"short timeout", "name: a\ntimeout: 10ms\n" + run, `line 2: timeout: must be from 1s to 24h, not 10ms`},
		{"long timeout", "name: a\ntimeout: 25h\n" + run, `line 2: timeout: must be from 1s to 24h, not 25h0m0s`},
		{"silence longer than the timeout", "name: a\ntimeout: 1m\nsilence: 2m\n" + run, `line 3: silence: must be from 1s to the timeout (1m0s), not 2m0s`},
		{"short silence", "name: a\nsilence: 10ms\n" + run, `line 2: silence: must be from 1s to the timeout (5m0s), not 10ms`},
		{"timeout without unit", "name: a\ntimeout: 60\n" + run, `line 2: timeout: must be a duration such as 90s, 10m or 1h`},
		{"title of two lines", "name: a\ntitle: \"x\\ny\"\n" + run, `line 2: title: must be one line of plain text: it must not hold the control character U+000A`},
		{"null", "name: a\ntitle:\n" + run, `line 2: title: must be text`},
		{"preview without run", "name: a\n" + run + "preview:\n  ios: [show, version]\n", `line 5: preview.ios: has no command of the same platform under run`},
		{"script on a device", "name: a\nrun:\n  ios: show version\n", `line 3: run.ios: must be a list of words: ios has no shell to run a script`},
		{"empty list", "name: a\nrun:\n  linux: []\n", `line 3: run.linux: is empty`},
		{"command is a mapping", "name: a\nrun:\n  linux: {a: b}\n", `line 3: run.linux: must be a list of words or a script (text after |)`},
		{"run is a list", "name: a\nrun: [uptime]\n", `line 2: run: must be keys with values: linux, routeros, ios`},
		{"assignment first", "name: a\nrun:\n  linux: [LD_PRELOAD=x, uptime]\n", `line 3: run.linux: must begin with a command, not with an assignment or a word of the shell's grammar`},
		{"keyword first", "name: a\nrun:\n  linux: [while, uptime]\n", `line 3: run.linux: must be one command and its arguments`},
		{"negation first", "name: a\nrun:\n  linux: [if]\n", `line 3: run.linux: must be one command and its arguments`},
		{"code in a container", "name: a\nparameters: [{name: s, type: string}]\nrun:\n  linux: [docker, exec, c, sh, -c, \"{{s}}\"]\n", `line 4: run.linux: a parameter is in the code that sh runs`},
		{"code in a pod", "name: a\nparameters: [{name: s, type: string}]\nrun:\n  linux: [kubectl, exec, c, --, bash, -c, \"ls {{s}}\"]\n", `line 4: run.linux: a parameter is in the code that bash runs`},
		{"path from a value", "name: a\nparameters: [{name: s, type: string}]\nrun:\n  linux: [env, \"PATH={{s}}\", ls]\n", `line 4: run.linux: a parameter is in PATH, which decides what commands run`},
		{"nothing first", "name: a\nrun:\n  linux: ['', uptime]\n", `line 3: run.linux: must begin with a command`},
		{"inline script", "name: a\nrun:\n  linux: eval x\n", "line 3: run.linux: eval is not allowed: it runs text as code"},
		{"script line", "name: a\nrun:\n  linux: |\n    true\n    echo `id`\n", "line 5: run.linux: backquotes are not allowed: write $(…)"},
		{"script syntax", "name: a\nrun:\n  linux: |\n    true\n    if true; then id\n", "line 5: run.linux: is not a POSIX script: `if` statement must end with `fi`"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { parseFails(t, tt.yaml, tt.want) })
	}
}

func TestParseParameterErrors(t *testing.T) {
	tests := []struct{ name, parameter, argv, want string }{
		{"option", "{name: timeout, type: bool}", "{{timeout}}", `line 3: parameters[0].name: must not be timeout, which is an option of every run`},
		{"bad name", "{name: Service, type: bool}", "x", "line 3: parameters[0].name: must be lower-case letters, digits and _, begin with a letter and have at most 31 characters, not \"Service\"\nline 5: run.linux: does not use the parameter Service"},
		{"no name", "{type: bool}", "x", `line 3: parameters[0]: name is required`},
		{"no type", "{name: p}", "{{p}}", `line 3: parameters[0]: type is required: string, enum, int or bool`},
		{"type", "{name: p, type: number}", "{{p}}", `line 3: parameters[0].type: must be one of string, enum, int, bool, not "number"`},
		{"pattern", "{name: p, type: string, pattern: 'a)|(b'}", "{{p}}", "line 3: parameters[0].pattern: is not a regular expression (RE2): error parsing regexp: unexpected ): `a)|(b`"},
		{"max_length", "{name: p, type: string, max_length: 0}", "{{p}}", `line 3: parameters[0].max_length: must be from 1 to 4096, not 0`},
		{"enum without values", "{name: p, type: enum}", "{{p}}", `line 3: parameters[0]: an enum needs values: [one, two]`},
		{"enum with a value twice", "{name: p, type: enum, values: [a, a]}", "{{p}}", `line 3: parameters[0].values: must be different and not empty: "a"`},
		{"enum with a dash", "{name: p, type: enum, values: [-f]}", "{{p}}", `line 3: parameters[0].values: "-f" must not begin with '-', unless leading_dash is true`},
		{"min above max", "{name: p, type: int, min: 3, max: 2}", "{{p}}", `line 3: parameters[0].min: must not be above max: 3 > 2`},
		{"negative min", "{name: p, type: int, min: -3}", "{{p}}", `line 3: parameters[0].min: is below 0, and a negative number begins with '-': add leading_dash: true`},
		{"min is text", "{name: p, type: int, min: few}", "{{p}}", `line 3: parameters[0].min: must be a whole number`},
		{"pattern of an int", "{name: p, type: int, pattern: '[0-9]'}", "{{p}}", `line 3: parameters[0].pattern: is for type string, not int`},
		{"default of an enum", "{name: p, type: enum, values: [soft], default: sofd}", "{{p}}", `line 3: parameters[0].default: "sofd" must be one of soft`},
		{"default of an int", "{name: p, type: int, max: 3, default: 4}", "{{p}}", `line 3: parameters[0].default: "4" must be a whole number, at most 3`},
		{"default of a pattern", "{name: p, type: string, pattern: '[a-z]+', default: web1}", "{{p}}", "line 3: parameters[0].default: \"web1\" must match `[a-z]+`"},
		{"setting", "{name: p, type: bool, setting: team}", "{{p}}", `line 3: parameters[0].setting: must be one of main-host, not "team"`},
		{"unused", "{name: p, type: bool}", "x", `line 5: run.linux: does not use the parameter p`},
		{"undeclared", "{name: service, type: bool}", "{{service}}{{servise}}", `line 5: run.linux: {{servise}} is not a parameter; did you mean {{service}}?`},
		{"spaces", "{name: p, type: bool}", "{{p}}{{ p }}", `line 5: run.linux: {{ p }} is not a placeholder: write {{name}} without spaces`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			parseFails(t, "name: a\nparameters:\n  - "+tt.parameter+"\nrun:\n  linux: [echo, '"+tt.argv+"']\n", tt.want)
		})
	}
}

func TestParseArgvErrors(t *testing.T) {
	tests := []struct{ name, argv, want string }{
		{"command position", `["{{p}}"]`, `the first word is the command and must not hold a parameter`},
		{"part of the command", `["/usr/bin/{{p}}", x]`, `the first word is the command and must not hold a parameter`},
		{"eval", `[eval, "{{p}}"]`, `eval is not allowed: it runs text as code`},
		{"sh -c", `[sh, -c, "echo {{p}}"]`, `a parameter is in the code that sh runs`},
		{"ssh", `[ssh, web1, "{{p}}"]`, `a parameter is given to ssh, which runs its arguments as code`},
		{"env", `[env, "{{p}}"]`, `a parameter is in command position`},
		{"timeout", `[timeout, "5", "{{p}}"]`, `a parameter is in command position`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			parseFails(t, "name: a\nparameters:\n  - {name: p, type: string}\nrun:\n  linux: "+tt.argv+"\n", "line 5: run.linux: "+tt.want)
		})
	}
}

func TestParseReportsEverythingAtOnce(t *testing.T) {
	parseFails(t, "name: all\nrole: root\ntimeout: 1ms\nrun:\n  linux: |\n    eval x\n    . /etc/os-release\n", `line 1: name: must not be the reserved word all
line 2: role: must be one of viewer, operator, not "root"
line 3: timeout: must be from 1s to 24h, not 1ms
line 6: run.linux: eval is not allowed: it runs text as code
line 7: run.linux: . is not allowed: it runs text as code`)
}

func TestParseRefusesLargeFiles(t *testing.T) {
	parseFails(t, "name: a\n#"+strings.Repeat("x", 64<<10), `the file has 65545 bytes; at most 65536 are allowed`)
}

func parseFails(t *testing.T, yaml, want string) {
	t.Helper()
	_, err := action.Parse([]byte(yaml))
	var problems *action.ParseError
	if !errors.As(err, &problems) {
		t.Fatalf("Parse gave %v, want a *ParseError", err)
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}
