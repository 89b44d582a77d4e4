package action_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"drover/executor/action"
)

// recorded compares what a real package manager of this machine says with the recording of it in that version, in
// testdata/outputs, or makes one with -update. Where there is none of the version it must say the same as another one:
// TestSummarizeRecordedOutputs shows that drover understands those.
func recorded(t *testing.T, tool, version, name string, out action.Output) {
	t.Helper()
	base := fmt.Sprintf("outputs/packages-%s-%s-%s", tool, version, name)
	if _, err := os.Stat(filepath.Join("testdata", base+".txt")); err != nil && !*update {
		others, _ := filepath.Glob(fmt.Sprintf("testdata/outputs/packages-%s-*-%s.txt", tool, name))
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
