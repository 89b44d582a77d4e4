package ssh

import (
	"strings"
	"testing"
)

// TestReasonInEveryShell: the words of each shell are understood.
func TestReasonInEveryShell(t *testing.T) {
	for name, shell := range shells {
		for text, want := range map[string]struct {
			kind    Kind
			program string
		}{
			"no-such-program --x":            {CommandNotFound, "no-such-program"},
			"/no/such/program x":             {CommandNotFound, "/no/such/program"},
			"true; no-such-program":          {CommandNotFound, "no-such-program"},
			"exec no-such-program":           {CommandNotFound, "no-such-program"},
			"/etc/passwd":                    {NotExecutable, "/etc/passwd"},
			"sh -c 'kill -KILL $$'; exit $?": {KilledBySignal, ""},
			"exit 127":                       {},
			"exit 137":                       {},
			"echo x: not found >&2; exit 1":  {},
		} {
			_, errs, code := serve(t, inShell(t, shell, commandScript, text, "plain", count(text))).end()
			if name == "bash" && want.kind == KilledBySignal {
				continue // it says nothing of a signal here
			}
			got := reason(Result{ExitCode: code, Stderr: errs})
			switch {
			case got == nil && want.kind != "", got != nil && (got.Kind != want.kind || got.Program != want.program):
				t.Errorf("%s: %q: %+v of %q, %d", name, text, got, errs, code)
			case got != nil:
				got.Server = "web1"
				if s := got.Sentence(); !strings.Contains(s, "web1") || !strings.Contains(s, want.program) {
					t.Error(s)
				}
			}
		}
	}
}
