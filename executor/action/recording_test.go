package action_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"drover/executor/action"
)

// recorded compares what a real tool of this machine says with the recording of it in that version, in testdata/outputs,
// or makes one with -update. Where there is none of the version it must say the same as another one:
// TestSummarizeRecordedOutputs shows that drover understands those.
func recorded(t *testing.T, result, tool, version, name string, out action.Output) {
	t.Helper()
	base := fmt.Sprintf("outputs/%s-%s-%s-%s", result, tool, version, name)
	if _, err := os.Stat(filepath.Join("testdata", base+".txt")); err != nil && !*update {
		others, _ := filepath.Glob(fmt.Sprintf("testdata/outputs/%s-%s-*-%s.txt", result, tool, name))
		for _, other := range others {
			if text, err := os.ReadFile(other); err == nil && string(text) == out.Stdout {
				return
			}
		}
		t.Errorf("no recording of %s %s says the same; look at it and record it with -update:\n%s", tool, version, out.Stdout)
		return
	}
	golden(t, base+".txt", out.Stdout)
	failure := filepath.Join("testdata", base+".err")
	if out.ExitCode != 0 {
		golden(t, base+".err", fmt.Sprintf("exit %d\n%s", out.ExitCode, out.Stderr))
	} else if _, err := os.Stat(failure); err == nil {
		t.Errorf("%s: did not fail this time", failure)
	}
}

// versionOf is the first number that a tool says of itself.
func versionOf(t *testing.T, command ...string) string {
	t.Helper()
	out, err := exec.Command(command[0], command[1:]...).Output()
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`\d[\w.]*`).Find(out)
	if version == nil {
		t.Fatalf("%s says no version: %s", command, out)
	}
	return string(version)
}
