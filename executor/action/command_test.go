package action_test

import (
	"errors"
	"strings"
	"testing"

	"drover/executor/action"
)

const everyPlatform = `name: demo
parameters:
  - {name: host, type: string, leading_dash: true}
run:
  linux: [ping, -c, "3", --, "{{host}}", "x={{host}}", "{{.Names}}"]
  routeros: [/ping, "address={{host}}", count=3]
  ios: [ping, "{{host}}", repeat, "3"]
preview:
  linux: |
    printf '%s\n' "$host"
`

func TestCommandText(t *testing.T) {
	a := parse(t, everyPlatform)
	values := action.Values{"host": "web1.example.com"}
	hostile := action.Values{"host": `$(id) 'x' "{{host}}"`}
	tests := []struct {
		name     string
		platform action.Platform
		values   action.Values
		want     string
	}{
		{"plain", action.Linux, values, `ping -c 3 -- web1.example.com x=web1.example.com '{{.Names}}'`},
		{"hostile", action.Linux, hostile, `ping -c 3 -- '$(id) '"'"'x'"'"' "{{host}}"' 'x=$(id) '"'"'x'"'"' "{{host}}"' '{{.Names}}'`},
		{"routeros", action.RouterOS, values, `/ping address=web1.example.com count=3`},
		{"ios", action.IOS, values, `ping web1.example.com repeat 3`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := a.Command(tt.platform, tt.values)
			if err != nil || got != tt.want {
				t.Errorf("Command = %s, %v; want %s", got, err, tt.want)
			}
		})
	}
	got, err := a.PreviewCommand(action.Linux, hostile)
	want := `/bin/sh -c 'host=${1};
printf '"'"'%s\n'"'"' "$host"
' drover '$(id) '"'"'x'"'"' "{{host}}"'`
	if err != nil || got != want {
		t.Errorf("PreviewCommand = %s, %v; want %s", got, err, want)
	}
}

func TestCommandNeedsThePlatform(t *testing.T) {
	a := parse(t, everyPlatform)
	for _, tt := range []struct {
		render   func(action.Platform, action.Values) (string, error)
		platform action.Platform
		host     string
		want     string
	}{
		{a.PreviewCommand, action.IOS, "x", "demo has no preview for ios"},
		{a.Command, "windows", "x", "demo has no command for windows"},
	} {
		_, err := tt.render(tt.platform, action.Values{"host": tt.host})
		var platform *action.PlatformError
		if !errors.As(err, &platform) || err.Error() != tt.want {
			t.Errorf("the error is %v, want %s", err, tt.want)
		}
	}
}

// Where a server can find a value out by itself, a device has to be given it.
func TestDevicesNeedAValue(t *testing.T) {
	a := builtin(t, "ping-main")
	values, err := a.Bind(nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := a.Command(action.Linux, values); err != nil || !strings.HasPrefix(text, "/bin/sh -c 'host=${1};") {
		t.Errorf("Command = %s, %v", text, err)
	}
	_, err = a.Command(action.IOS, values)
	var platform *action.PlatformError
	if want := "ping-main needs host=… for ios, or the setting main-host"; !errors.As(err, &platform) || err.Error() != want {
		t.Errorf("Command = %v, want %s", err, want)
	}
}

// Values that did not come from Bind are refused: what was stored with a plan may be older than the action.
func TestCommandChecksValuesAgain(t *testing.T) {
	a := parse(t, `name: demo
parameters:
  - {name: n, type: int, max: 9}
run:
  linux: [seq, "{{n}}"]
`)
	tests := []struct {
		values action.Values
		want   string
	}{
		{nil, "parameter n is not bound"},
		{action.Values{"n": "10"}, "parameter n must be a whole number, at most 9"},
		{action.Values{"n": "+7"}, "parameter n is not in canonical form; did you mean 7?"},
		{action.Values{"n": "-7"}, "parameter n must not begin with '-'"},
	}
	for _, tt := range tests {
		_, err := a.Command(action.Linux, tt.values)
		var refused *action.ParameterError
		if !errors.As(err, &refused) || err.Error() != tt.want {
			t.Errorf("Command(%v) = %v, want %s", tt.values, err, tt.want)
		}
	}
}

func TestDevicesRefuseTheirSeparators(t *testing.T) {
	a := parse(t, everyPlatform)
	both := []action.Platform{action.RouterOS, action.IOS}
	for _, p := range both {
		for _, value := range []string{
			"a;b", "a b", `a"b`, "a'b", `a\b`, "a[b", "a]b", "a{b", "a}b", "a(b", "a)b", "a$b", "a?b", "a|b", "a#b", "a!b",
			"a`b", "a~b", "a*b", "a<b", "a>b", "a&b", "a^b", "/system", ":put", "..", "é", "--x",
		} {
			text, err := a.Command(p, action.Values{"host": value})
			var refused *action.ParameterError
			if !errors.As(err, &refused) {
				t.Errorf("Command(%s, %q) = %q, %v; want a *ParameterError", p, value, text, err)
			}
		}
		for _, value := range []string{"10.0.0.0/24", "web1.example.com", "fe80::1%ether1", "-5", "a@b", "Gi0/1"} {
			if _, err := a.Command(p, action.Values{"host": value}); err != nil {
				t.Errorf("Command(%s, %q): %v", p, value, err)
			}
		}
	}
	if _, err := a.Command(action.RouterOS, action.Values{"host": "count=9"}); err == nil {
		t.Error("RouterOS took a named argument as a value")
	}
}

func TestDeviceDefaultsAreChecked(t *testing.T) {
	parseFails(t, `name: demo
parameters:
  - {name: note, type: string, default: two words}
run:
  ios: [show, "{{note}}"]
`, `line 5: run.ios: the value "two words" of note may on ios only hold letters, digits and . _ @ % + , : / - =, and begin with a letter or digit`)
}
