package action_test

import (
	"errors"
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
	if _, err := a.PreviewCommand(action.IOS, action.Values{"host": "x"}); !errors.Is(err, action.ErrPlatform) {
		t.Errorf("PreviewCommand = %v, want ErrPlatform", err)
	}
	if _, err := a.Command("windows", action.Values{"host": "x"}); !errors.Is(err, action.ErrPlatform) {
		t.Errorf("Command = %v, want ErrPlatform", err)
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
