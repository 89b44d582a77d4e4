package ssh

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"
)

// places are where a server may start the script: at the head of a group, as sshd does, or in somebody else's group.
var places = map[string]func(script string) (string, bool){
	"":        func(s string) (string, bool) { return s, true },
	"guest":   func(s string) (string, bool) { return s, false },
	"no tool": func(s string) (string, bool) { return strings.Replace(s, "command -v setsid", "false", 1), false },
}

// eachShell runs a test in each shell that /bin/sh may be, in each place.
func eachShell(t *testing.T, test func(t *testing.T, start func(text string) *process)) {
	for name, shell := range shells {
		for where, place := range places {
			t.Run(strings.TrimSpace(name+" "+where), func(t *testing.T) {
				t.Parallel()
				test(t, func(text string) *process {
					script, head := place(commandScript)
					cmd := inShell(t, shell, script, text, "plain", count(text))
					if !head {
						cmd = exec.Command("/bin/sh", append([]string{"-c", `"$@"; exit`, "sh"}, cmd.Args...)...)
					}
					return serve(t, cmd)
				})
			})
		}
	}
}

// count is what the client says of a text.
func count(text string) string {
	if single(text) {
		return "one"
	}
	return "many"
}

// groupless says whether nothing there can make a process group, so that only the command's first process can be ended.
func groupless(t *testing.T) bool {
	return strings.HasSuffix(t.Name(), "no_tool") && !strings.Contains(t.Name(), "bash") && !strings.Contains(t.Name(), "mksh")
}

// saidByShell is how shells tell of a process that a signal has ended.
var saidByShell = regexp.MustCompile(`(?m)^.*(Killed|Terminated).*\n`)

func TestWrapperInEveryShell(t *testing.T) {
	eachShell(t, func(t *testing.T, start func(string) *process) {
		for text, want := range map[string]struct {
			out, err string
			code     int
		}{
			"printf '%s\\n' 'a\\b!'; echo err >&2; (kill -9 $(exec sh -c 'echo $PPID')) 2>/dev/null; exit 7": {"a\\b!\n", "err\n", 7},
			"true":                             {},
			"# nothing":                        {},
			"false":                            {code: 1},
			"echo $# \"$0\"; cat":              {out: "0 drover\n"},
			"trap 'exit 3' EXIT; true":         {code: 3},
			"sleep 0 & wait; echo $?":          {out: "0\n"}, // the watch is nobody's child
			"exec 3>&1; echo here >&3":         {out: "here\n"},
			"kill -TERM $$; echo survived":     {code: 143},
			"trap '' HUP; kill -HUP 0; exit 4": {code: 4}, // what hits the whole group leaves the watch alone
			"echo one\necho two\n":             {out: "one\ntwo\n"},
			"echo ${group-}${tty-}${text-}${nonce-}${system-}; command -v others || echo none": {out: "\nnone\n"},
		} {
			if strings.Contains(text, "kill -HUP 0") && groupless(t) {
				continue
			}
			out, err, code := start(text).end()
			if out != "drover-start-N\n"+want.out || saidByShell.ReplaceAllString(err, "") != "drover-start-N\n"+want.err || code != want.code {
				t.Errorf("%q: %q, %q, %d", text, out, err, code)
			}
		}
	})
}

// TestWrapperStops ends what has been begun, and says so when nothing of it is left.
func TestWrapperStops(t *testing.T) {
	eachShell(t, func(t *testing.T, start func(string) *process) {
		text := "(trap '' TERM; sleep 86402) & echo $!; echo $$; wait; echo survived"
		if groupless(t) {
			text = "echo 0; echo $$; exec sleep 86402"
		}
		p := start(text)
		<-p.out
		child, parent := <-p.out, <-p.out
		p.in.Close()
		out, err, code := p.end()
		if out != "" || !strings.HasSuffix(err, "drover-stop-N\n") || code != 143 {
			t.Errorf("%q, %q, %d", out, err, code)
		}
		for _, pid := range []string{child, parent} {
			if lives(strings.TrimSpace(pid)) {
				t.Errorf("process %s lives", pid)
				_ = exec.Command("kill", "-9", strings.TrimSpace(pid)).Run()
			}
		}
	})
}

// TestWrapperLeavesDaemonsAlone: what a command leaves behind when it ends by itself goes on.
func TestWrapperLeavesDaemonsAlone(t *testing.T) {
	eachShell(t, func(t *testing.T, start func(string) *process) {
		p := start("sleep 86403 >/dev/null 2>&1 & echo $!")
		<-p.out
		pid := strings.TrimSpace(<-p.out)
		if _, err, code := p.end(); code != 0 || strings.Contains(err, "stop") || !lives(pid) {
			t.Errorf("%q, %d, %v", err, code, lives(pid))
		}
		_ = exec.Command("kill", "-9", pid).Run()
	})
}

func lives(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestTheScriptsArePOSIX(t *testing.T) {
	for name, script := range map[string]string{"wrapper.sh": commandScript, "detach.sh": detachScript} {
		line := compact(environmentScript + hostScript + script)
		if _, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(line), ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the login shell reads holds nothing that a shell might treat specially in single
// quotes, whatever the command.
func TestTheCommandLineSuitsAnyShell(t *testing.T) {
	for i, cmd := range []Command{
		{Text: "a\nb\r\\c!d'e\"f$g`h`", Sudo: true}, {Text: "echo it's"},
		{Text: "a\nb", Detach: "0f0e0d0c-0000-4000-8000-000000000000"}, {Text: "true", Detach: "0f0e0d0c-0000-4000-8000-000000000000", attach: true},
	} {
		line := wrap(newNonce(), cmd, nil)
		if strings.ContainsAny(line, "\n\r!") || strings.Contains(strings.ReplaceAll(line, `\0`, ""), `\`) {
			t.Errorf("command %d: %s", i, line[:40])
		}
	}
}
