package scheduler_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"drover/executor"
	"drover/executor/ssh"
	"drover/scheduler"
	"drover/store"
)

const (
	root  = store.Actor("local:root")
	owner = store.Actor("T1/UOWNER") // operator of everything
	ops   = "C0OPS"
)

// world is a database with a fleet, people and actions.
type world struct {
	*testing.T
	path   string
	store  *store.Store
	engine *executor.Engine

	outcome func(run store.Run, server string) store.Result // how work ends a server; nil: well
	begun   bool                                            // work begins all servers at once
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, path: filepath.Join(t.TempDir(), "drover.db")}
	w.store = w.open()
	w.engine = w.newEngine(w.store)
	ctx := t.Context()
	w.must(w.store.SetSetting(ctx, store.Drover, store.SettingTeam, "T1"))
	w.must(w.store.AddAction(ctx, root, "peek", "{name: peek, run: {linux: [peek]}}"))
	w.must(w.store.AddAction(ctx, root, "look", "{name: look, role: viewer, changes: false, run: {linux: [look]}}"))
	w.must(w.store.AddAction(ctx, root, "tidy", "{name: tidy, parameters: [{name: how, type: enum, values: [soft, hard], default: soft}], run: {linux: [tidy, '{{how}}']}}"))
	w.must(w.store.SaveUser(ctx, store.User{TeamID: "T1", SlackID: "UOWNER", Name: "owner"}))
	w.must(w.store.Grant(ctx, root, store.Binding{Subject: owner, Role: store.Operator, ActionGlob: "*", Effect: store.Allow}))
	w.must(w.store.AddCredential(ctx, root, "fleet", store.Secrets{Kind: store.CredentialPassword, Login: []byte("correct horse")}))
	credentials, err := w.store.Credentials(ctx)
	w.must(err)
	for _, name := range []string{"web1", "web2", "db1"} {
		w.must(w.store.AddServer(ctx, root, store.Server{
			Name: name, Address: "127.0.0.1", Port: 1, Platform: "linux", LoginUser: "ops", CredentialID: &credentials[0].ID, Tags: []string{"prod"},
		}))
		w.must(w.store.PinHostKeys(ctx, root, name, []store.HostKey{{PublicKey: "ssh-ed25519 AAAA", Fingerprint: "SHA256:x"}}))
	}
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// open opens the database once more, as another process would.
func (w *world) open() *store.Store { return w.openBy(time.Now) }

func (w *world) openBy(now func() time.Time) *store.Store {
	w.Helper()
	s, err := store.Open(w.Context(), w.path, store.Options{Now: now})
	w.must(err)
	w.Cleanup(func() {
		if err := s.Close(); err != nil {
			w.Error(err)
		}
	})
	return s
}

func (w *world) newEngine(s *store.Store) *executor.Engine {
	e := executor.New(executor.Config{Store: s, SSH: ssh.NewClient(ssh.Limits{}), Log: w.logger(), Owner: "test"})
	w.Cleanup(e.Close)
	return e
}

func (w *world) logger() *slog.Logger { return slog.New(slog.NewTextHandler(w.Output(), nil)) }

// schedule lets a scheduler work on a store. The function it returns ends it, and waits until it has.
func (w *world) schedule(s *store.Store) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	one := scheduler.New(scheduler.Config{Store: s, Engine: w.newEngine(s), Log: w.logger()})
	go func() { ended <- one.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		w.must(<-ended)
	})
	w.Cleanup(stop)
	return stop
}

// work ends every run a while after it was asked for, as an engine whose servers answer would.
func (w *world) work(s *store.Store, takes time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var workers sync.WaitGroup
	workers.Go(func() {
		for ctx.Err() == nil {
			changed := s.Changed()
			ids, err := s.QueuedRuns(context.Background())
			w.must(err)
			for _, id := range ids {
				lease, claimed, err := s.Claim(context.Background(), id, "test", 24*time.Hour)
				w.must(err)
				if claimed {
					workers.Go(func() { w.finish(ctx, s, lease, takes) })
				}
			}
			select {
			case <-changed:
			case <-ctx.Done():
			}
		}
	})
	stop = sync.OnceFunc(func() { cancel(); workers.Wait() })
	w.Cleanup(stop)
	return stop
}

func (w *world) finish(ctx context.Context, s *store.Store, lease store.Lease, after time.Duration) {
	saving := context.Background()
	run, err := s.Run(saving, lease.RunID)
	w.must(err)
	begin := func() {
		for _, target := range run.Targets {
			_, _, err := s.BeginTarget(saving, lease, target.ID)
			w.must(err)
		}
	}
	if w.begun {
		begin()
	}
	select {
	case <-time.After(after):
	case <-ctx.Done():
	}
	if run, err = s.Run(saving, lease.RunID); run.CancelBy != "" {
		w.must(s.EndPending(saving, lease, store.TargetCancelled, "not begun"))
	} else {
		begin()
	}
	w.must(err)
	for _, target := range run.Targets {
		result := store.Result{State: store.TargetSucceeded, Summary: "done"}
		if w.outcome != nil {
			result = w.outcome(run, target.Server)
		}
		_, err = s.FinishTarget(saving, lease, target, result)
		w.must(err)
	}
	w.must(s.EndPending(saving, lease, store.TargetSkipped, "not begun"))
	_, err = s.FinishRun(saving, lease)
	w.must(err)
}

// newest is the run that was asked for last.
func (w *world) newest() store.Run {
	w.Helper()
	runs, err := w.store.Runs(context.Background(), 1)
	w.must(err)
	return runs[0]
}

// person is somebody with a role, on the servers with a tag or on all.
func (w *world) person(id string, role store.Role, tag string) store.Actor {
	w.Helper()
	actor := store.SlackActor("T1", id)
	w.must(w.store.SaveUser(w.Context(), store.User{TeamID: "T1", SlackID: id, Name: id}))
	w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: actor, Role: role, ActionGlob: "*", Tag: tag, Effect: store.Allow}))
	return actor
}

// take takes a role from somebody.
func (w *world) take(who store.Actor, role store.Role) {
	w.Helper()
	_, err := w.store.Revoke(w.Context(), root, store.Revocation{Subject: who, Role: role})
	w.must(err)
}
