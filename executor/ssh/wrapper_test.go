package ssh

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"
)

// shells are the ones that /bin/sh may be.
var shells = map[string][]string{"dash": {"dash"}, "bash": {"bash", "--posix"}, "busybox": {"busybox", "sh"}}

// asShell runs the wrapper as another /bin/sh would.
func asShell(t *testing.T, shell []string, wrapper, text string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath(shell[0]); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	args := append(append([]string{}, shell[1:]...), "-c", bootstrap, "drover", "N", encode(text), encode(wrapper), "plain")
	return exec.Command(shell[0], args...)
}

func TestWrapperInEveryShell(t *testing.T) {
	script := hostScript + script
	withoutSetsid := strings.Replace(script, "command -v setsid", "false", 1)
	for name, shell := range shells {
		for how, wrapper := range map[string]string{"": script, " without setsid": withoutSetsid} {
			t.Run(name+how, func(t *testing.T) {
				t.Parallel()
				cmd := asShell(t, shell, wrapper, "printf '%s\\n' 'a\\b'; echo err >&2; sh -c 'kill -9 $$'; exit 7")
				in, err := cmd.StdinPipe()
				if err != nil {
					t.Fatal(err)
				}
				defer in.Close()
				var out, errs bytes.Buffer
				cmd.Stdout, cmd.Stderr = &out, &errs
				err = cmd.Run()
				var exit *exec.ExitError
				if !errors.As(err, &exit) || exit.ExitCode() != 7 || out.String() != "drover-start-N\na\\b\n" {
					t.Fatalf("%v, %q, %q", err, out.String(), errs.String())
				}
				if got := strings.ReplaceAll(afterHost(errs.String()), "Killed\n", ""); got != "drover-start-N\nerr\n" {
					t.Fatalf("%q", got)
				}
			})
			t.Run(name+how+" stopped", func(t *testing.T) {
				t.Parallel()
				stopped(t, asShell(t, shell, wrapper, "echo $$; exec sleep 86402"))
			})
		}
	}
}

// afterHost leaves out what the script says of the machine.
func afterHost(said string) string {
	i := strings.LastIndex(said, "drover-host-N ")
	return said[i+strings.Index(said[i:], "\n")+1:]
}

// stopped starts a command that prints its pid, closes its standard input, and expects
// the end of the process and the word that says so.
func stopped(t *testing.T, cmd *exec.Cmd) {
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64)
	var said string
	for strings.Count(said, "\n") < 2 {
		n, err := out.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		said += string(buf[:n])
	}
	in.Close()
	_, _ = io.Copy(io.Discard, out)
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 143 || !strings.HasSuffix(errs.String(), "drover-stop-N\n") {
		t.Fatalf("%v, %q", err, errs.String())
	}
	pid := strings.Fields(said)[1]
	if _, err := os.Stat(filepath.Join("/proc", pid)); !errors.Is(err, os.ErrNotExist) {
		if stat, _ := os.ReadFile(filepath.Join("/proc", pid, "stat")); !strings.Contains(string(stat), ") Z ") {
			t.Fatalf("process %s lives: %s", pid, stat)
		}
	}
}

func TestTheScriptIsPOSIX(t *testing.T) {
	if _, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(hostScript+script), "wrapper.sh"); err != nil {
		t.Fatal(err)
	}
}

// What the login shell reads holds nothing that a shell might treat specially in single
// quotes, whatever the command.
func TestTheCommandLineSuitsAnyShell(t *testing.T) {
	line := wrap(newNonce(), Command{Text: "a\nb\r\\c!d'e\"f$g`h`", Sudo: true})
	if strings.ContainsAny(line, "\n\r!") {
		t.Fatal(line)
	}
	if i := strings.Index(strings.ReplaceAll(line, `\0`, ""), `\`); i >= 0 {
		t.Fatal(line)
	}
	if strings.Contains(bootstrap, "'") {
		t.Fatalf("%q", bootstrap)
	}
}
