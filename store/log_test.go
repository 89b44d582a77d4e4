package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"drover/store"
)

// TestLogs: the whole output of a target is found as long as it is kept, and what is too old is removed, with what a
// drover that was killed has left. What is not drover's stays.
func TestLogs(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now}), "web1", "web2")
	ok(t, f.PruneLogs()) // there is no folder yet
	run, lease := f.started()
	for i, size := range []int64{7, 0} {
		f.begin(lease, run.Targets[i].ID)
		want(t, true)(f.FinishTarget(t.Context(), lease, run.Targets[i], store.Result{State: store.TargetSucceeded, LogSize: size}))
	}
	file := f.LogFile(run.Targets[0].ID)
	if filepath.Dir(file) != f.Path()+".logs" {
		t.Errorf("it is kept in %s", file)
	}
	if got := f.read(run.ID).Targets[0]; got.LogFile != "" || got.LogSize != 7 {
		t.Errorf("a file that is not there: %q, %d", got.LogFile, got.LogSize)
	}
	ok(t, os.Mkdir(filepath.Dir(file), 0o700))
	part, foreign := f.LogFile(run.Targets[1].ID)+".part", filepath.Join(filepath.Dir(file), "README")
	for _, name := range []string{file, part, foreign} {
		ok(t, os.WriteFile(name, []byte("all of it"), 0o600))
		ok(t, os.Chtimes(name, c.Now(), c.Now()))
	}
	for _, step := range []struct {
		later time.Duration
		left  []string
	}{
		{47 * time.Hour, []string{file, part, foreign}}, {time.Hour, []string{file, foreign}},
		{store.LogsKept - 48*time.Hour - time.Second, []string{file, foreign}}, {time.Second, []string{foreign}},
	} {
		c.advance(step.later)
		ok(t, f.PruneLogs())
		left, err := filepath.Glob(filepath.Dir(file) + "/*")
		if err != nil || len(left) != len(step.left) {
			t.Errorf("after %v: %v, want %v", step.later, left, step.left)
		}
		got := f.read(run.ID).Targets
		if kept := len(step.left) > 1; (got[0].LogFile == file) != kept || got[1].LogFile != "" {
			t.Errorf("after %v: %q and %q", step.later, got[0].LogFile, got[1].LogFile)
		}
	}
}
