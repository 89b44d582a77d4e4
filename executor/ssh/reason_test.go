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
			got := reason(Command{Text: text}, Result{ExitCode: code, Stderr: errs})
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

// TestAShellInsteadOfADevice: only a shell that does not know the first word is one; a device, or a program further on, is not.
func TestAShellInsteadOfADevice(t *testing.T) {
	const command = "/system resource print"
	for said, want := range map[string]Kind{
		"bash: line 1: /system: No such file or directory":                    WrongPlatform,
		"sh: 1: /system: not found":                                           WrongPlatform,
		"zsh:1: no such file or directory: /system":                           WrongPlatform,
		"fish: Unknown command: /system\nfish:\n/system resource print\n^~~^": WrongPlatform,
		"ash: lsof: not found":                                                CommandNotFound,
		"":                                                                    "",
		"bad command name system (line 1 column 2)":                           "",
	} {
		got := reason(Command{Text: command, Raw: true}, Result{ExitCode: 127, Stderr: said})
		if (got == nil) != (want == "") || got != nil && got.Kind != want {
			t.Errorf("%q: %+v", said, got)
		}
		if got := reason(Command{Text: command}, Result{ExitCode: 127, Stderr: said}); got != nil && got.Kind == WrongPlatform {
			t.Errorf("%q of a Linux: %+v", said, got)
		}
		if got := reason(Command{Text: command, Raw: true}, Result{ExitCode: 1, Stderr: said}); got != nil {
			t.Errorf("%q with exit status 1: %+v", said, got)
		}
	}
}
