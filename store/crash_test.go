package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drover/store"
)

// The test binary is also the other process of the tests that need one: see TestMain.
const (
	childEnv   = "DROVER_STORE_TEST_CHILD"
	childLock  = "lock"  // holds the lock until it is killed
	childWrite = "write" // writes runs until it is killed
	childDays  = "days"  // writes entries and anchors, a day each, until it is killed
	childKey   = "key"   // opens a database, keeps a credential and reads it
)

func TestMain(m *testing.M) {
	role, path, isChild := strings.Cut(os.Getenv(childEnv), ":")
	if !isChild {
		m.Run()
		return
	}
	if err := beChild(context.Background(), role, path); err != nil {
		fmt.Println("failed:", err)
	}
}

func beChild(ctx context.Context, role, path string) error {
	if role == childDays {
		return writeDays(ctx, path)
	}
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	switch role {
	case childLock:
		if _, err := s.TryLock(); err != nil {
			return err
		}
		fmt.Println("locked")
		<-ctx.Done() // for ever: to be killed
	case childWrite:
		return writeRuns(ctx, s)
	case childKey:
		return keepCredential(ctx, s)
	}
	return s.Close()
}

// writeRuns takes runs through their lives as fast as it can and tells of each step that is committed.
func writeRuns(ctx context.Context, s *store.Store) error {
	request, err := exampleRequest(ctx, s)
	if err != nil {
		return err
	}
	for {
		run, _, err := s.CreateRun(ctx, request)
		if err != nil {
			return err
		}
		fmt.Println("created", run.ID)
		lease, _, err := s.Claim(ctx, run.ID, "serve/child", time.Minute)
		if err != nil {
			return err
		}
		if run, err = s.Run(ctx, run.ID); err != nil {
			return err
		}
		for _, target := range run.Targets {
			if _, _, err := s.BeginTarget(ctx, lease, target.ID); err != nil {
				return err
			}
			if _, err := s.FinishTarget(ctx, lease, target, store.Result{State: store.TargetSucceeded}); err != nil {
				return err
			}
		}
		if _, err := s.FinishRun(ctx, lease); err != nil {
			return err
		}
		fmt.Println("finished", run.ID)
	}
}

func exampleRequest(ctx context.Context, s *store.Store) (store.NewRun, error) {
	a, err := s.ActionNamed(ctx, "restart")
	if err != nil {
		return store.NewRun{}, err
	}
	servers, err := s.Servers(ctx)
	return farm{action: a, servers: servers}.request(), err
}

func keepCredential(ctx context.Context, s *store.Store) error {
	name := fmt.Sprintf("c%d", os.Getpid())
	if err := s.AddCredential(ctx, alice, name, store.Secrets{Kind: store.CredentialPassword, Login: []byte(name)}); err != nil {
		return err
	}
	fmt.Println("kept", name)
	return s.Close()
}

// child is a running process of the test binary.
type child struct {
	t     testing.TB
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func spawn(t testing.TB, role, path string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+role+":"+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return &child{t, cmd, bufio.NewScanner(out)}
}

// line waits for what the child says next.
func (c *child) line() (first, second string) {
	c.t.Helper()
	if !c.lines.Scan() {
		c.t.Fatalf("the child has ended: %v", c.cmd.Wait())
	}
	if first, second, _ = strings.Cut(c.lines.Text(), " "); first == "failed:" {
		c.t.Fatal(c.lines.Text())
	}
	return first, second
}

// kill ends the child as kill -9 does, and returns what it had said by then.
func (c *child) kill() (rest []string) {
	c.t.Helper()
	ok(c.t, c.cmd.Process.Kill())
	for c.lines.Scan() {
		rest = append(rest, c.lines.Text())
	}
	_ = c.cmd.Wait() // "signal: killed"
	return rest
}

func TestKillLosesNoAckedRunAndTearsNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drover.db")
	farmOn(t, openAt(t, path, store.Options{}), "web1", "web2", "db1")
	acked := map[string]string{}
	for round := range 5 {
		writer := spawn(t, childWrite, path)
		for range 60 + 7*round { // each round dies somewhere else
			step, id := writer.line()
			acked[id] = step
		}
		for _, line := range writer.kill() {
			if step, id, whole := strings.Cut(line, " "); whole && len(id) == 36 {
				acked[id] = step
			}
		}
		s := get[*store.Store](t)(store.Open(t.Context(), path, store.Options{}))
		checkAcked(t, s, acked)
		checkWhole(t, s)
		ok(t, s.ReleaseOwners(t.Context(), "serve/"))
		get[[]string](t)(s.ReapExpired(t.Context())) // the servers are free for the next round
		ok(t, s.Close())
	}
}

func checkAcked(t *testing.T, s *store.Store, acked map[string]string) {
	t.Helper()
	for id, step := range acked {
		run, err := s.Run(t.Context(), id)
		if err != nil {
			t.Fatalf("an acked run is lost: %v", err)
		}
		if step == "finished" && run.State != store.Succeeded {
			t.Errorf("run %d was acked as finished and is %s", run.Number, run.State)
		}
	}
}

// checkWhole looks for what only half a transaction could leave.
func checkWhole(t *testing.T, s *store.Store) {
	t.Helper()
	db := raw(t, s)
	for what, query := range map[string]string{
		"a run without its three targets":  "SELECT count(*) FROM runs WHERE (SELECT count(*) FROM targets WHERE run_id = runs.id) <> 3",
		"a run without its card":           "SELECT count(*) FROM runs WHERE (SELECT count(*) FROM messages WHERE owner = runs.id) <> 1",
		"a run without its audit entry":    "SELECT count(*) FROM runs WHERE (SELECT count(*) FROM audit WHERE event = 'run.requested' AND subject = 'run/' || number) <> 1",
		"a target's end that is not told":  "SELECT (SELECT count(*) FROM targets WHERE state = 'succeeded') <> (SELECT count(*) FROM audit WHERE event = 'target.succeeded')",
		"a run's end that is not told":     "SELECT (SELECT count(*) FROM runs WHERE state = 'succeeded') <> (SELECT count(*) FROM audit WHERE event = 'run.succeeded')",
		"an audit entry without its run":   "SELECT (SELECT count(*) FROM runs) <> (SELECT count(*) FROM audit WHERE event = 'run.requested')",
		"a finished run with open targets": "SELECT count(*) FROM runs WHERE finished_at IS NOT NULL AND EXISTS (SELECT 1 FROM targets WHERE run_id = runs.id AND finished_at IS NULL)",
	} {
		var n int
		ok(t, db.Get(&n, query))
		if n > 0 {
			t.Errorf("there is %s (%d)", what, n)
		}
	}
	var verdict string
	ok(t, db.Get(&verdict, "PRAGMA integrity_check"))
	if verdict != "ok" {
		t.Errorf("integrity check: %s", verdict)
	}
	whole(t, s)
}
