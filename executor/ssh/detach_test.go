package ssh

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestDetachInEveryShell: the start, the refusal of a second one, and finding it again, in each shell that /bin/sh may be.
func TestDetachInEveryShell(t *testing.T) {
	detachScript := hostScript + detachScript
	withoutSetsid := strings.Replace(detachScript, "command -v setsid", "false", 1)
	for name, shell := range shells {
		for how, source := range map[string]string{"with setsid": detachScript, "without setsid": withoutSetsid} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				home := t.TempDir()
				const id, text = "0f0e0d0c-0000-4000-8000-000000000000", "printf '%s\\n' 'a\\b'; printf err >&2; exit 7"
				for i, c := range []struct {
					verb, out, err string
					code           int
				}{
					{"start", "drover-start-N\na\\b\n", "drover-start-N\nerrdrover-over-N\n", 7},
					{"start", "", "drover-job-N-exists\n", 125},
					{"attach", "drover-start-N\na\\b\n", "drover-start-N\nerrdrover-over-N\n", 7},
				} {
					cmd := inShell(t, shell, source, text, "plain", id, c.verb)
					cmd.Env = append(os.Environ(), "HOME="+home)
					out, errs, code := serve(t, cmd).end()
					if out != c.out || !strings.HasSuffix(errs, c.err) || code != c.code {
						t.Fatalf("%d: %q, %q, %d", i, out, errs, code)
					}
				}
			})
		}
	}
}

// TestDetachOnAFullDisk: a command that fills the disk with its files keeps its exit code, and one that is killed there is
// told with that cause.
func TestDetachOnAFullDisk(t *testing.T) {
	if err := exec.Command("unshare", "--mount", "true").Run(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("a disk of its own needs root and a mount namespace: %v", err)
		}
		t.Skip("a disk of its own needs root and a mount namespace")
	}
	const fill = "dd if=/dev/zero of=$HOME/fill bs=1k 2>/dev/null; "
	for name, shell := range shells {
		for _, c := range []struct {
			text, err string
			code      int
		}{
			{fill + "exit 100", "drover-start-N\nNo space left on device: what the command said last may be missing\ndrover-over-N\n", 100},
			{fill + "kill -9 $PPID", "drover-start-N\ndrover-full-N\ndrover-died-N\n", 125},
		} {
			t.Run(fmt.Sprint(name, c.code), func(t *testing.T) {
				t.Parallel()
				cmd := inShell(t, shell, hostScript+detachScript, c.text, "plain", "0f0e0d0c-0000-4000-8000-000000000000", "start")
				own := []string{"--mount", "sh", "-c", `mount -t tmpfs -o size=64k none "$HOME" && exec "$@"`, "sh"}
				cmd = exec.Command("unshare", append(own, cmd.Args...)...)
				cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
				out, errs, code := serve(t, cmd).end()
				if out != "drover-start-N\n" || !strings.HasSuffix(errs, c.err) || code != c.code {
					t.Fatalf("%q, %q, %d", out, errs, code)
				}
			})
		}
	}
}

// TestEveryKindOfJobHasASentence: what a person reads names the server and says whether it goes on.
func TestEveryKindOfJobHasASentence(t *testing.T) {
	for want, e := range map[string]*Error{
		"longer than its limit. It was not stopped": {Kind: TimedOut, Stop: StopGoesOn},
		"no longer waits":         {Kind: Cancelled, Stop: StopGoesOn},
		"was lost while":          {Kind: LinkLost, Stop: StopGoesOn},
		"could not make":          {Kind: JobFolder},
		"not begun a second time": {Kind: JobExists},
		"was never started":       {Kind: JobUnknown},
		"killed, or the server":   {Kind: JobDied},
		"the disk is full":        {Kind: JobDied, Err: errDiskFull},
	} {
		e.Server, e.Began = "web1", e.Stop != ""
		got := e.Sentence()
		if !strings.Contains(got, want) || !strings.Contains(got, "web1") || strings.Contains(got, "goes on there") != (e.Stop == StopGoesOn) {
			t.Errorf("%s: %s", fmt.Sprint(e), got)
		}
	}
}
