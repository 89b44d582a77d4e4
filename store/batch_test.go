package store_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"drover/store"
)

func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("web%03d", i)
	}
	return list
}

// wide is a run on many servers, with every target begun.
func wide(t *testing.T, n int) (farm, store.Run, store.Lease) {
	t.Helper()
	f := newFarm(t, names(n)...)
	run, lease := f.started()
	db := f.db
	_, err := db.Exec("UPDATE targets SET state = 'running'")
	ok(t, err)
	return f, run, lease
}

// atOnce makes n changes while the database is locked by somebody else, so that all of them pile up.
func atOnce(t *testing.T, s *store.Store, n int, change func(i int)) {
	t.Helper()
	db := raw(t, s)
	_, err := db.Exec("BEGIN IMMEDIATE")
	ok(t, err)
	var done sync.WaitGroup
	done.Go(func() { change(0) })
	await(s, 0) // the first has taken the turn
	for i := 1; i < n; i++ {
		done.Go(func() { change(i) })
	}
	await(s, n-1)
	_, err = db.Exec("COMMIT")
	ok(t, err)
	done.Wait()
}

// await waits until n changes wait behind the one that is being committed.
func await(s *store.Store, n int) {
	for {
		if waiting, committing := s.Waiting(); committing && waiting == n {
			return
		}
		runtime.Gosched()
	}
}

// commits counts the commits in the write-ahead log: the frames that carry the size of the database.
func commits(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	const logHeader, frameHeader, page = 32, 24, 4096
	wal, err := os.ReadFile(s.Path() + "-wal")
	ok(t, err)
	for at := logHeader; at+frameHeader+page <= len(wal); at += frameHeader + page {
		if binary.BigEndian.Uint32(wal[at+4:]) > 0 {
			n++
		}
	}
	return n
}

func TestManyResultsLandTogether(t *testing.T) {
	f, run, lease := wide(t, 500)
	_, err := f.db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	ok(t, err)
	before := commits(t, f.Store)
	atOnce(t, f.Store, 500, func(i int) {
		target := run.Targets[i]
		result := store.Result{State: store.TargetSucceeded, Summary: target.Server}
		if finished, err := f.FinishTarget(t.Context(), lease, target, result); err != nil || !finished {
			t.Errorf("%s: finished %t, error %v", target.Server, finished, err)
		}
	})
	for _, target := range f.read(run.ID).Targets {
		if target.State != store.TargetSucceeded || target.Summary != target.Server {
			t.Fatalf("%s is %s: %q", target.Server, target.State, target.Summary)
		}
	}
	if n := commits(t, f.Store) - before; n != 2 { // the first alone, then all that waited
		t.Errorf("500 results took %d commits, want 2", n)
	}
	want(t, true)(f.FinishRun(t.Context(), lease))
	whole(t, f.Store)
}

func TestAFailingChangeDoesNotFailItsNeighbours(t *testing.T) {
	f, run, lease := wide(t, 50)
	errs := make([]error, 50)
	torn := f.request()
	torn.Servers = append(torn.Servers, torn.Servers[0]) // refused after half of it is written
	atOnce(t, f.Store, 60, func(i int) {
		if i >= 50 {
			if _, _, err := f.CreateRun(t.Context(), torn); err == nil {
				t.Error("a run with one server twice was recorded")
			}
			return
		}
		result := store.Result{State: store.TargetSucceeded}
		if i%10 == 5 {
			result.State = "nonsense" // the schema refuses it
		}
		_, errs[i] = f.FinishTarget(t.Context(), lease, run.Targets[i], result)
	})
	for i, target := range f.read(run.ID).Targets {
		bad := i%10 == 5
		if bad != (errs[i] != nil) || bad != (target.State == store.TargetRunning) {
			t.Errorf("%s is %s, error %v", target.Server, target.State, errs[i])
		}
	}
	if n := len(get[[]store.Run](t)(f.Runs(t.Context(), 100))); n != 1 {
		t.Errorf("there are %d runs: a failed change left something in its neighbours' commit", n)
	}
}

// SQLite rolls the whole transaction back when the disk is full: then what is said to have failed must not be there.
func TestAFullDiskIsToldAsItIs(t *testing.T) {
	s := open(t)
	pages, err := strconv.Atoi(get[string](t)(s.WriterPragma("page_count")))
	ok(t, err)
	get[string](t)(s.WriterPragma(fmt.Sprintf("max_page_count=%d", pages+20)))
	errs := make([]error, 20)
	atOnce(t, s, len(errs), func(i int) {
		value := "small"
		if i == 10 {
			value = strings.Repeat("x", 1<<20)
		}
		errs[i] = s.SetSetting(t.Context(), alice, fmt.Sprint(i), value)
	})
	for i, err := range errs {
		if kept := get[string](t)(s.Setting(t.Context(), fmt.Sprint(i))) != ""; kept == (err != nil) {
			t.Errorf("setting %d is on disk: %t, and the error is %v", i, kept, err)
		}
	}
	if errs[10] == nil {
		t.Error("the disk did not fill up")
	}
	ok(t, s.SetSetting(t.Context(), alice, "after", "small"))
}

func TestAResultIsKeptWhenItsCallerHasGone(t *testing.T) {
	f, run, lease := wide(t, 2)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	want(t, true)(f.FinishTarget(gone, lease, run.Targets[0], store.Result{State: store.TargetSucceeded}))
	if got := f.read(run.ID).Targets[0].State; got != store.TargetSucceeded {
		t.Errorf("the target is %s", got)
	}
}

func TestNothingBeginsWhenItsCallerHasGone(t *testing.T) {
	f := newFarm(t, "web1")
	run, lease := f.started()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := f.BeginTarget(gone, lease, run.Targets[0].ID)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	if got := f.read(run.ID).Targets[0].State; got != store.TargetPending {
		t.Errorf("the target is %s", got)
	}
}
