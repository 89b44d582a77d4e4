//go:build linux

// Package hosts_test runs stories on whole Debian hosts: a true apt, a true reboot and a true shutdown, through the
// engine and through the real binary.
package hosts_test

import (
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"drover/executor"
	"drover/executor/action"
	"drover/executor/ssh"
	"drover/executor/sshtest/debian"
	"drover/store"
)

// patience is how long a story waits for what must come.
const patience = time.Minute

const root = store.Actor("local:root")

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil { // the stories mostly wait
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(debian.Main(m.Run))
}

// world is a database, an engine that works on it, and Debian hosts that it knows.
type world struct {
	*testing.T
	path   string
	store  *store.Store
	engine *executor.Engine
	key    key
	hosts  map[string]*debian.Host
}

// require skips a story where hosts cannot be, except in CI.
func require(t *testing.T) {
	t.Helper()
	if err := debian.Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// newWorld starts hosts with these names, all at once, and an engine that knows them.
func newWorld(t *testing.T, names ...string) *world {
	t.Helper()
	var configs []debian.Config
	for _, name := range names {
		configs = append(configs, debian.Config{Name: name})
	}
	return newWorldOf(t, configs...)
}

func newWorldOf(t *testing.T, configs ...debian.Config) *world {
	t.Helper()
	require(t)
	t.Parallel()
	w := &world{T: t, path: filepath.Join(t.TempDir(), "drover.db"), key: newKey(t), hosts: map[string]*debian.Host{}}
	w.boot(configs...)
	s, err := store.Open(t.Context(), w.path, store.Options{})
	w.must(err)
	w.store = s
	t.Cleanup(func() { w.check(s.Close()) })
	w.engine = w.newEngine()
	w.must(w.engine.InstallBuiltins(t.Context()))
	w.must(s.AddCredential(t.Context(), root, "fleet", store.Secrets{Kind: store.CredentialKey, Login: w.key.private}))
	for _, c := range configs {
		w.enlist(c.Name, c.Name)
	}
	// What waits for approvals with everybody else runs at once here, byte for byte the same.
	for _, builtin := range []string{"reboot", "shutdown", "full-upgrade"} {
		w.must(s.AddAction(t.Context(), root, builtin+"-now", w.unapproved(builtin)))
	}
	return w
}

// unapproved is a built-in action under another name that needs no approval.
func (w *world) unapproved(name string) string {
	w.Helper()
	text := strings.Replace(w.builtin(name), "name: "+name+"\n", "name: "+name+"-now\n", 1)
	return strings.Replace(text, "approvals: 1\n", "approvals: 0\n", 1)
}

// builtin is the file of a built-in action.
func (w *world) builtin(name string) string {
	w.Helper()
	all, err := action.Builtins()
	w.must(err)
	for _, b := range all {
		if b.Name == name {
			return string(b.YAML)
		}
	}
	w.Fatalf("there is no built-in %s", name)
	return ""
}

func (w *world) boot(configs ...debian.Config) {
	w.Helper()
	hosts := make([]*debian.Host, len(configs))
	failures := make([]error, len(configs))
	var booting sync.WaitGroup
	for i, c := range configs {
		c.AuthorizedKeys = []string{w.key.public}
		booting.Go(func() { hosts[i], failures[i] = debian.Start(c) })
	}
	booting.Wait()
	for i, host := range hosts {
		if host != nil {
			w.hosts[configs[i].Name] = host
			w.Cleanup(func() { w.check(host.Close()) })
		}
	}
	w.must(errors.Join(failures...))
}

// enlist makes a host known to drover under a name, trusted and with a credential.
func (w *world) enlist(name, host string, tags ...string) {
	w.Helper()
	credential, err := w.store.CredentialNamed(w.Context(), "fleet")
	w.must(err)
	address, port := w.hosts[host].Addr()
	w.must(w.store.AddServer(w.Context(), root, store.Server{
		Name: name, Address: address, Port: port, Platform: "linux", LoginUser: debian.User, CredentialID: &credential.ID, Tags: tags,
	}))
	w.must(w.store.PinHostKeys(w.Context(), root, name, []store.HostKey{{PublicKey: keyOf(w.hosts[host])}}))
}

func keyOf(h *debian.Host) string { return strings.Join(strings.Fields(h.HostKey())[:2], " ") }

func (w *world) newEngine(change ...func(*executor.Config)) *executor.Engine {
	c := executor.Config{
		Store: w.store, SSH: ssh.NewClient(ssh.Limits{Connect: time.Second}), Log: slog.New(slog.NewTextHandler(w.Output(), nil)), Owner: "test",
		Drain: 10 * time.Second, Self: executor.ThisMachine(), Pace: executor.Pace{First: 200 * time.Millisecond, Most: time.Second, Slow: time.Second, Silence: time.Second},
	}
	for _, f := range change {
		f(&c)
	}
	e := executor.New(c)
	w.Cleanup(e.Close)
	return e
}

// serve lets an engine work until the story ends, or until stop is called.
func (w *world) serve(e *executor.Engine) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		w.check(<-ended)
	})
	w.Cleanup(stop)
	return stop
}

// submit asks for what a typed line stands for.
func (w *world) submit(line string) store.Run {
	w.Helper()
	run, err := w.engine.Submit(w.Context(), w.ask(line))
	w.must(err)
	return run
}

func (w *world) ask(line string) executor.Request {
	w.Helper()
	request, err := executor.ParseRequest(strings.Fields(line))
	w.must(err)
	request.Actor, request.Origin = root, store.CLI
	return request
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
			w.Fatalf("#%d stays %s: %+v", run.Number, run.State, run.Targets)
		}
	}
}

// ended waits for the end of a run, which must be in this state.
func (w *world) ended(run store.Run, state store.RunState) store.Run {
	w.Helper()
	run = w.await(run.ID, func(r store.Run) bool { return r.State.Final() })
	if run.State != state {
		w.Fatalf("#%d is %s and not %s: %s", run.Number, run.State, state, report(run))
	}
	return run
}

// lets runs a command in a host, which must succeed.
func (w *world) lets(command string, h *debian.Host, args ...string) {
	w.Helper()
	_, err := h.Run(command, args...)
	w.must(err)
}

// appears waits for a file of a host.
func (w *world) appears(h *debian.Host, file string) {
	w.Helper()
	w.becomes(file+" appears", func() bool { return h.Exists(file) })
}

// becomes waits until something is so that nobody announces.
func (w *world) becomes(what string, so func() bool) {
	w.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	tooLate := time.After(patience)
	for !so() {
		select {
		case <-tick.C:
		case <-tooLate:
			w.Fatalf("it does not come about that %s", what)
		}
	}
}

// report is all that a run says, for a failed test.
func report(run store.Run) string {
	var text strings.Builder
	for _, t := range run.Targets {
		text.WriteString("\n" + t.Server + " " + string(t.State) + " " + t.ErrorKind + ": " + t.Summary + "\n" + t.Details + "\n" + t.Stdout + "\n" + t.Stderr)
	}
	return text.String()
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Error(err)
	}
}

// key is a key pair for logging in.
type key struct {
	private []byte // PEM
	public  string // as in authorized_keys
}

func newKey(t *testing.T) key {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := gossh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	line, err := gossh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key{pem.EncodeToMemory(block), strings.TrimSpace(string(gossh.MarshalAuthorizedKey(line)))}
}
