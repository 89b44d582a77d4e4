package action_test

import (
	"errors"
	"strings"
	"testing"

	"drover/executor/action"

	"github.com/google/go-cmp/cmp"
)

// everyType declares a parameter of each kind.
const everyType = `name: demo
parameters:
  - {name: service, type: string, pattern: '[a-z0-9@._-]+', max_length: 16}
  - {name: note, type: string, default: ""}
  - {name: mode, type: enum, values: [soft, hard], default: soft}
  - {name: lines, type: int, min: 1, max: 500, default: 50}
  - {name: offset, type: int, leading_dash: true, default: 0}
  - {name: follow, type: bool, default: false}
  - {name: flag, type: string, leading_dash: true, default: --all}
run:
  linux: [demo, "{{service}}", "{{note}}", "{{mode}}", "{{lines}}", "{{offset}}", "{{follow}}", "{{flag}}"]
`

func parse(t testing.TB, yaml string) *action.Action {
	t.Helper()
	a, err := action.Parse([]byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestBind(t *testing.T) {
	a := parse(t, everyType)
	got, err := a.Bind(map[string]string{
		"service": "nginx", "note": "two words; $(x)", "lines": "+007", "offset": "-3", "follow": "YES", "flag": "-x",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := action.Values{
		"service": "nginx", "note": "two words; $(x)", "mode": "soft", "lines": "7", "offset": "-3", "follow": "true", "flag": "-x",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Bind (-want +got):\n%s", diff)
	}
}

func TestBindErrors(t *testing.T) {
	a := parse(t, everyType)
	tests := []struct {
		name, parameter, value string
		want                   action.ParameterError
		sentence               string
	}{
		{"unknown", "servce", "x", action.ParameterError{Parameter: "servce", Problem: "is not known to demo", Suggestion: "service"},
			"Parameter servce is not known to demo; did you mean service?"},
		{"unknown and far", "colour", "x", action.ParameterError{Parameter: "colour", Problem: "is not known to demo"},
			"Parameter colour is not known to demo."},
		{"enum", "mode", "hrad", action.ParameterError{Parameter: "mode", Problem: "must be one of soft, hard", Suggestion: "hard"},
			"Parameter mode must be one of soft, hard; did you mean hard?"},
		{"int", "lines", "ten", action.ParameterError{Parameter: "lines", Problem: "must be a whole number from 1 to 500"},
			"Parameter lines must be a whole number from 1 to 500."},
		{"int too large", "lines", "501", action.ParameterError{Parameter: "lines", Problem: "must be a whole number from 1 to 500"},
			"Parameter lines must be a whole number from 1 to 500."},
		{"int beyond 64 bits", "offset", "99999999999999999999", action.ParameterError{Parameter: "offset", Problem: "must be a whole number"},
			"Parameter offset must be a whole number."},
		{"bool", "follow", "maybe", action.ParameterError{Parameter: "follow", Problem: "must be true or false"},
			"Parameter follow must be true or false."},
		{"pattern is anchored", "service", "nginx reboot", action.ParameterError{Parameter: "service", Problem: "must match `[a-z0-9@._-]+`"},
			"Parameter service must match `[a-z0-9@._-]+`."},
		{"too long", "service", strings.Repeat("x", 17), action.ParameterError{Parameter: "service", Problem: "must have at most 16 characters, not 17"},
			"Parameter service must have at most 16 characters, not 17."},
		{"too long by default", "note", strings.Repeat("é", 257), action.ParameterError{Parameter: "note", Problem: "must have at most 256 characters, not 257"},
			"Parameter note must have at most 256 characters, not 257."},
		{"leading dash", "note", "-rf", action.ParameterError{Parameter: "note", Problem: "must not begin with '-'"},
			"Parameter note must not begin with '-'."},
		{"leading dash, pattern matches", "service", "-rf", action.ParameterError{Parameter: "service", Problem: "must not begin with '-'"},
			"Parameter service must not begin with '-'."},
		{"NUL", "note", "a\x00b", action.ParameterError{Parameter: "note", Problem: "must not hold the control character U+0000"},
			"Parameter note must not hold the control character U+0000."},
		{"newline", "note", "a\nb", action.ParameterError{Parameter: "note", Problem: "must not hold the control character U+000A"},
			"Parameter note must not hold the control character U+000A."},
		{"newline at the end", "service", "nginx\n", action.ParameterError{Parameter: "service", Problem: "must not hold the control character U+000A"},
			"Parameter service must not hold the control character U+000A."},
		{"tab", "note", "a\tb", action.ParameterError{Parameter: "note", Problem: "must not hold the control character U+0009"},
			"Parameter note must not hold the control character U+0009."},
		{"right-to-left override", "note", "a\u202eb", action.ParameterError{Parameter: "note", Problem: "must not hold the control character U+202E"},
			"Parameter note must not hold the control character U+202E."},
		{"line separator", "note", "a\u2028b", action.ParameterError{Parameter: "note", Problem: "must not hold the control character U+2028"},
			"Parameter note must not hold the control character U+2028."},
		{"invalid UTF-8", "note", "a\xffb", action.ParameterError{Parameter: "note", Problem: "must be valid UTF-8"},
			"Parameter note must be valid UTF-8."},
		{"empty", "flag", "", action.ParameterError{Parameter: "flag", Problem: "must not be empty"},
			"Parameter flag must not be empty."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw := map[string]string{"service": "nginx"}
			raw[tt.parameter] = tt.value
			_, err := a.Bind(raw)
			var got *action.ParameterError
			if !errors.As(err, &got) {
				t.Fatalf("Bind gave %v, want a *ParameterError", err)
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if got.Sentence() != tt.sentence {
				t.Errorf("sentence %q, want %q", got.Sentence(), tt.sentence)
			}
		})
	}
}

// TestASentenceSaysWhatAParameterIsFor: a pattern alone tells nobody.
func TestASentenceSaysWhatAParameterIsFor(t *testing.T) {
	a := parse(t, `
name: demo
parameters:
  - {name: expect, type: string, pattern: '[a-z*]+', default: a, help: units that must be active afterwards.}
  - {name: unit, type: string, help: a systemd unit}
run:
  linux: [demo, "{{expect}}", "{{unit}}"]
`)
	for want, raw := range map[string]map[string]string{
		"Parameter expect (units that must be active afterwards) must match `[a-z*]+`.": {"expect": "A", "unit": "x"},
		"Parameter unit (a systemd unit) is missing: add `unit=…`.":                     {},
	} {
		_, err := a.Bind(raw)
		var got *action.ParameterError
		if !errors.As(err, &got) || got.Sentence() != want {
			t.Errorf("%v: %v, want %s", raw, err, want)
		}
	}
}

func TestBindMissing(t *testing.T) {
	_, err := parse(t, everyType).Bind(nil)
	want := "parameter service is missing: add `service=…`"
	if err == nil || err.Error() != want {
		t.Errorf("Bind gave %v, want %s", err, want)
	}
}

func TestBindWithoutParameters(t *testing.T) {
	_, err := parse(t, "name: a\nrun:\n  linux: [id]\n").Bind(map[string]string{"x": "1"})
	want := "parameter x is not known to a, which takes none"
	if err == nil || err.Error() != want {
		t.Errorf("Bind gave %v, want %s", err, want)
	}
}

func TestBindReportsEveryProblem(t *testing.T) {
	_, err := parse(t, everyType).Bind(map[string]string{"zz": "1", "aa": "1", "mode": "x", "lines": "0"})
	want := `parameter aa is not known to demo
parameter zz is not known to demo
parameter service is missing: add ` + "`service=…`" + `
parameter mode must be one of soft, hard
parameter lines must be a whole number from 1 to 500`
	if err == nil || err.Error() != want {
		t.Errorf("Bind gave\n%v\nwant\n%s", err, want)
	}
}

// A word that was refused is repeated in the answer, so it must not be able to draw on the card.
func TestUnknownNameIsPrintable(t *testing.T) {
	_, err := parse(t, everyType).Bind(map[string]string{"service": "x", "a\nb\x1b[31m\u202e" + strings.Repeat("x", 99): "1"})
	if err == nil || strings.ContainsAny(err.Error(), "\n\x1b\u202e") || len(err.Error()) > 200 {
		t.Errorf("Bind gave %q", err)
	}
}
