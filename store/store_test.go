package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"drover/store"
)

const alice = store.Actor("T1/U1")

// open opens a store in a directory of its own.
func open(t testing.TB) *store.Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "drover.db"), store.Options{})
}

// again opens a store's file a second time, as another process would.
func again(t testing.TB, s *store.Store) *store.Store {
	t.Helper()
	return openAt(t, s.Path(), store.Options{Now: func() time.Time { return s.Now().Time }})
}

func openAt(t testing.TB, path string, opts store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path, opts)
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	return s
}

// raw is a plain connection to a store's file: for tampering, and for states that the store itself would not make.
func raw(t testing.TB, s *store.Store) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Connect("sqlite3", "file:"+s.Path()+"?_busy_timeout=5000&_foreign_keys=off")
	ok(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { ok(t, db.Close()) })
	return db
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// get returns what a call returned, when it did not fail.
func get[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(got T, err error) T {
		t.Helper()
		ok(t, err)
		return got
	}
}

// want checks whether a transition was won.
func want(t testing.TB, won bool) func(bool, error) {
	t.Helper()
	return func(got bool, err error) {
		t.Helper()
		ok(t, err)
		if got != won {
			t.Fatalf("transition won: %t, want %t", got, won)
		}
	}
}

// clock is a clock that stands still until it is moved.
type clock struct{ us atomic.Int64 }

func newClock() *clock {
	var c clock
	c.us.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	return &c
}

func (c *clock) Now() time.Time          { return time.UnixMicro(c.us.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.us.Add(d.Microseconds()) }

// farm is a store with an action and servers to run it on.
type farm struct {
	*store.Store
	t       testing.TB
	db      *sqlx.DB // see raw
	action  store.Action
	servers []store.Server
}

func newFarm(t testing.TB, names ...string) farm {
	t.Helper()
	return farmOn(t, open(t), names...)
}

func farmOn(t testing.TB, s *store.Store, names ...string) farm {
	t.Helper()
	ok(t, s.AddAction(t.Context(), alice, "restart", "name: restart"))
	for _, name := range names {
		ok(t, s.AddServer(t.Context(), alice, server(name)))
	}
	action := get[store.Action](t)(s.ActionNamed(t.Context(), "restart"))
	return farm{s, t, raw(t, s), action, get[[]store.Server](t)(s.Servers(t.Context()))}
}

func server(name string) store.Server {
	return store.Server{Name: name, Address: name + ".example.com", Port: 22, Platform: "linux", LoginUser: "ops"}
}

// request asks for a changing run on all servers.
func (f farm) request() store.NewRun {
	return store.NewRun{
		Run: store.Run{
			ActionID: f.action.ID, Action: f.action.Name, Changes: true, Selector: "web1", Options: "{}", Plan: "{}",
			PlanHash: strings.Repeat("0", 64), Origin: store.Slash, RequestedBy: alice, Channel: "C1",
		},
		Servers: f.servers,
	}
}

func (f farm) create(n store.NewRun) store.Run {
	f.t.Helper()
	run, duplicate, err := f.CreateRun(f.t.Context(), n)
	ok(f.t, err)
	if duplicate {
		f.t.Fatal("a new run is called a duplicate")
	}
	return run
}

func (f farm) claim(run store.Run, hold time.Duration) store.Lease {
	f.t.Helper()
	lease, claimed, err := f.Claim(f.t.Context(), run.ID, "serve/1", hold)
	want(f.t, true)(claimed, err)
	return lease
}

// started is a claimed run with its targets.
func (f farm) started() (store.Run, store.Lease) {
	f.t.Helper()
	run := f.create(f.request())
	lease := f.claim(run, time.Minute)
	return f.read(run.ID), lease
}

func (f farm) read(id string) store.Run {
	f.t.Helper()
	return get[store.Run](f.t)(f.Run(f.t.Context(), id))
}

func (f farm) begin(lease store.Lease, id string) {
	f.t.Helper()
	began, _, err := f.BeginTarget(f.t.Context(), lease, id)
	want(f.t, true)(began, err)
}

func (f farm) succeed(lease store.Lease, target store.Target) {
	f.t.Helper()
	want(f.t, true)(f.FinishTarget(f.t.Context(), lease, target, store.Result{State: store.TargetSucceeded}))
}

func states(run store.Run) []store.TargetState {
	list := make([]store.TargetState, len(run.Targets))
	for i, target := range run.Targets {
		list[i] = target.State
	}
	return list
}

// dump is every row of the tables that a run touches: to see that nothing changed.
func dump(t testing.TB, db *sqlx.DB) map[string][]map[string]any {
	t.Helper()
	all := map[string][]map[string]any{}
	for _, table := range []string{"runs", "targets", "messages", "inbox", "audit", "servers", "settings", "approvals"} {
		rows, err := db.Queryx("SELECT * FROM " + table + " ORDER BY rowid")
		ok(t, err)
		for rows.Next() {
			row := map[string]any{}
			ok(t, rows.MapScan(row))
			all[table] = append(all[table], row)
		}
		ok(t, rows.Err())
	}
	return all
}

func TestTheDatabaseIsItsOwnersAlone(t *testing.T) {
	s := open(t)
	for _, suffix := range []string{"", "-wal", "-shm", ".key"} {
		info, err := os.Stat(s.Path() + suffix)
		ok(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", info.Name(), info.Mode().Perm())
		}
	}
}

// A kill does not show whether a commit is on disk: only a power loss would.
func TestTheWriterIsDurable(t *testing.T) {
	s := open(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		if got := get[string](t)(s.WriterPragma(pragma)); got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
}

func TestOpenNamesTheFileThatItCannotOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "drover.db")
	_, err := store.Open(t.Context(), path, store.Options{})
	wantErr(t, err, fs.ErrNotExist)
	if !strings.Contains(err.Error(), path) {
		t.Errorf("%q does not name %s", err, path)
	}
}

func TestOpenKeepsTheLocksOfAnotherStoreOfThisProcess(t *testing.T) {
	s := open(t)
	again(t, s)
	locks, err := os.ReadFile("/proc/locks")
	if errors.Is(err, fs.ErrNotExist) {
		return // only Linux tells
	}
	ok(t, err)
	info, err := os.Stat(s.Path())
	ok(t, err)
	if !strings.Contains(string(locks), inode(info)) {
		t.Error("no lock is left on the file: SQLite's went when the second store opened")
	}
}
