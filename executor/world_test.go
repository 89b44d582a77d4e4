package executor_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/executor"
	"drover/executor/ssh"
	"drover/store"
)

// patience is how long a test waits for what must come. It is never used up when all is well.
const patience = 30 * time.Second

const (
	ops    = store.Actor("T1/UOPS")    // operator of everything
	viewer = store.Actor("T1/UVIEWER") // viewer of everything
	admin  = store.Actor("T1/UADMIN")
	nobody = store.Actor("T1/UNOBODY") // known to Slack, without any role
	root   = store.Actor("local:root")
)

// definitions are the actions of the tests: poke changes something, peek looks, upgrade is never ended in the middle, as-root needs sudo.
var definitions = map[string]string{
	"poke": `{name: poke, role: operator, parameters: [{name: word, type: string, pattern: '[a-z0-9-]+', default: x}],
		run: {linux: [poke, "{{word}}"], routeros: [poke, "{{word}}"]}}`,
	"peek":    `{name: peek, role: viewer, changes: false, run: {linux: [peek]}}`,
	"upgrade": `{name: upgrade, detach: true, run: {linux: [upgrade], routeros: [upgrade]}}`,
	"as-root": `{name: as-root, sudo: true, run: {linux: [id]}}`,
}

// world is a database with people and actions, a fleet, and an engine that works only when told to.
type world struct {
	*testing.T
	path   string
	clock  *clock
	store  *store.Store
	engine *executor.Engine
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, path: filepath.Join(t.TempDir(), "drover.db"), clock: &clock{}}
	w.store = w.open(w.clock)
	w.engine = w.newEngine(w.store, 10*time.Second)
	w.must(w.store.SetSetting(t.Context(), store.Drover, store.SettingTeam, "T1"))
	w.must(w.engine.InstallBuiltins(t.Context()))
	for name, yaml := range definitions {
		w.must(w.store.AddAction(t.Context(), root, name, yaml))
	}
	for _, who := range []store.Actor{ops, viewer, admin, nobody} {
		w.meet(who, store.User{})
	}
	w.grant(ops, "allow operator *")
	w.grant(viewer, "allow viewer *")
	w.grant(admin, "allow admin *")
	w.must(w.store.AddCredential(t.Context(), root, "fleet", store.Secrets{
		Kind: store.CredentialPassword, Login: []byte("correct horse"), Sudo: []byte("battery"),
	}))
	return w
}

// clock is the time, moved on by as much as a test likes.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time           { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(by time.Duration) { c.ahead.Add(int64(by)) }
func (w *world) must(err error)           { w.Helper(); must(w.T, err) }
func (w *world) run(id string) store.Run {
	w.Helper()
	return w.await(id, func(store.Run) bool { return true })
}
func (w *world) ended(id string) store.Run {
	w.Helper()
	return w.await(id, func(r store.Run) bool { return r.State.Final() })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens the database once more, as another process would.
func (w *world) open(c *clock) *store.Store {
	w.Helper()
	s, err := store.Open(w.Context(), w.path, store.Options{Now: c.now})
	w.must(err)
	w.Cleanup(func() {
		if err := s.Close(); err != nil {
			w.Error(err)
		}
	})
	return s
}

func (w *world) newEngine(s *store.Store, drain time.Duration, change ...func(*executor.Config)) *executor.Engine {
	c := executor.Config{
		Store: s, SSH: ssh.NewClient(ssh.Limits{}), Log: slog.New(slog.NewTextHandler(w.Output(), nil)), Owner: "test", Drain: drain,
		Pace: executor.Pace{First: time.Millisecond, Most: 10 * time.Millisecond, Slow: 10 * time.Millisecond, Silence: 10 * time.Millisecond},
	}
	for _, f := range change {
		f(&c)
	}
	e := executor.New(c)
	w.Cleanup(e.Close)
	return e
}

// serve lets an engine work. The function it returns asks it to stop, and waits until it has.
func (w *world) serve(e *executor.Engine) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	return w.background(cancel, func() error { return e.Run(ctx) })
}

// watch lets a store see what others write.
func (w *world) watch(s *store.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	w.background(cancel, func() error { return s.Watch(ctx) })
}

func (w *world) background(cancel func(), work func() error) (stop func()) {
	ended := make(chan error, 1)
	go func() { ended <- work() }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.Error(err)
		}
	})
	w.Cleanup(stop)
	return stop
}

// meet keeps what Slack says of somebody.
func (w *world) meet(who store.Actor, user store.User) {
	w.Helper()
	user.TeamID, user.SlackID, _ = who.Slack()
	w.must(w.store.SaveUser(w.Context(), user))
}

// grant adds a binding: "allow operator restart-*", or "deny operator * prod" for the servers with a tag. At the end it
// may say "until tomorrow" or "until yesterday".
func (w *world) grant(who store.Actor, binding string) {
	w.Helper()
	binding, day, _ := strings.Cut(binding, " until ")
	words := append(strings.Fields(binding), "")
	b := store.Binding{Subject: who, Effect: store.Effect(words[0]), Role: store.Role(words[1]), ActionGlob: words[2], Tag: words[3]}
	if day != "" {
		end := w.store.Now().Add(map[string]time.Duration{"tomorrow": 24 * time.Hour, "yesterday": -24 * time.Hour}[day])
		b.Until = &end
	}
	w.must(w.store.Grant(w.Context(), root, b))
}

// revoke takes every binding of a role away.
func (w *world) revoke(who store.Actor, role store.Role) {
	w.Helper()
	_, err := w.store.Revoke(w.Context(), root, store.Revocation{Subject: who, Role: role})
	w.must(err)
}

// ask makes the request that a typed line stands for.
func (w *world) ask(who store.Actor, line string) executor.Request {
	w.Helper()
	request, err := executor.ParseRequest(strings.Fields(line))
	w.must(err)
	request.Actor, request.Origin = who, store.Slash
	return request
}

func (w *world) submit(line string) store.Run {
	w.Helper()
	run, err := w.engine.Submit(w.Context(), w.ask(ops, line))
	w.must(err)
	return run
}

// await returns the run as soon as it is as wanted.
func (w *world) await(id string, wanted func(store.Run) bool) store.Run {
	w.Helper()
	tooLate := time.After(patience)
	for {
		changed := w.store.Changed()
		run, err := w.store.Run(context.Background(), id)
		w.must(err)
		if wanted(run) {
			return run
		}
		select {
		case <-changed:
		case <-tooLate:
			w.Fatalf("#%d stays %s %q with %v", run.Number, run.State, run.StateReason, states(run))
		}
	}
}

// states are the targets' states by server.
func states(run store.Run) map[string]store.TargetState {
	byServer := map[string]store.TargetState{}
	for _, target := range run.Targets {
		byServer[target.Server] = target.State
	}
	return byServer
}

// refused returns the refusal that err must be.
func refused(t *testing.T, err error) *executor.Refusal {
	t.Helper()
	var refusal *executor.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a refusal", err)
	}
	return refusal
}

func equal[T any](t *testing.T, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
