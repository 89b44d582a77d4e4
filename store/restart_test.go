package store_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

var machine = store.Host{System: "Linux", Kernel: "6.1", MachineID: "0123", Boot: "boot:1"}

// restarting is a claimed run that restarts servers, all of them dispatching.
func (f farm) restarting(servers ...store.Server) (store.Run, store.Lease) {
	f.t.Helper()
	n := f.request()
	n.Servers, n.Verify, n.Detached = servers, store.VerifyRebooted, map[string]bool{}
	for _, s := range servers {
		n.Detached[s.ID] = true
	}
	run := f.create(n)
	lease := f.claim(run, time.Minute)
	run = f.read(run.ID)
	for _, target := range run.Targets {
		f.begin(lease, target.ID)
	}
	return run, lease
}

// sent is the twin that keeps a target's command back, or "" when it was noted as sent.
func (f farm) sent(lease store.Lease, target store.Target, before store.Host) string {
	f.t.Helper()
	sent, twin, err := f.SendTarget(f.t.Context(), lease, target, before)
	ok(f.t, err)
	if sent == (twin != "") {
		f.t.Fatalf("sent %t, and the twin is %q", sent, twin)
	}
	return twin
}

func TestWhatAServerWasIsKnownBeforeItsCommandIsSent(t *testing.T) {
	f := newFarm(t, "web1")
	run, lease := f.restarting(f.servers...)
	if twin := f.sent(lease, run.Targets[0], machine); twin != "" {
		t.Fatalf("it is its own twin: %s", twin)
	}
	target := f.read(run.ID).Targets[0]
	if target.Verify != store.VerifyRebooted || target.HostBefore != machine || target.MachineID != "0123" || target.SentAt == nil {
		t.Errorf("%+v", target)
	}
	for name, late := range map[string]store.Lease{"a second time": lease, "without the lease": {RunID: lease.RunID, Epoch: lease.Epoch + 1}} {
		if sent, _, err := f.SendTarget(t.Context(), late, target, machine); sent || err != nil {
			t.Errorf("sent %s: %v", name, err)
		}
	}
	ok(t, f.ReleaseOwners(t.Context(), "serve/"))
	_ = get[[]string](t)(f.ReapExpired(t.Context()))
	due := get[[]store.Target](t)(f.DueProbes(t.Context(), 10))
	if len(due) != 1 || due[0].HostBefore != machine || due[0].Verify != store.VerifyRebooted || due[0].SentAt == nil {
		t.Errorf("due: %+v", due)
	}
}

func TestNoCommandIsSentTwiceToOneMachine(t *testing.T) {
	f := newFarm(t, "alias", "web1", "web2")
	run, lease := f.restarting(f.servers[:2]...)
	if f.sent(lease, run.Targets[1], machine) != "" || f.sent(lease, run.Targets[0], machine) != "web1" {
		t.Error("the same machine is sent its command under two names of one run")
	}
	other, otherLease := f.restarting(f.servers[2])
	if f.sent(otherLease, other.Targets[0], machine) != "web1 in #1" {
		t.Error("the same machine is sent its command by two runs at a time")
	}
	want(t, true)(f.FinishTarget(t.Context(), lease, run.Targets[1], store.Result{State: store.TargetSucceeded}))
	if f.sent(lease, run.Targets[0], machine) != "web1" || f.sent(otherLease, other.Targets[0], machine) != "" {
		t.Error("a run that is past keeps others from a machine, or no longer keeps itself from it")
	}
}

func TestServersThatDoNotSayWhoTheyAreAreNoTwins(t *testing.T) {
	f := newFarm(t, "web1", "web2")
	run, lease := f.restarting(f.servers...)
	for _, target := range run.Targets {
		if twin := f.sent(lease, target, store.Host{Boot: "boot:1"}); twin != "" {
			t.Errorf("%s is said to be %s", target.Server, twin)
		}
	}
}

func TestRaceTwins(t *testing.T) {
	f, other := pair(t, "web1", "alias")
	for range rounds {
		run, lease := f.restarting(f.servers...)
		var sent atomic.Int32
		var racers []func()
		for i, s := range []*store.Store{f.Store, other} {
			racers = append(racers, func() {
				won, _, err := s.SendTarget(t.Context(), lease, run.Targets[i], machine)
				check(t, err)
				if won {
					sent.Add(1)
				}
			})
		}
		race(racers...)
		if sent.Load() != 1 {
			t.Fatalf("one machine was sent its command %d times", sent.Load())
		}
		for _, target := range run.Targets {
			want(t, true)(f.FinishTarget(t.Context(), lease, target, store.Result{State: store.TargetSucceeded}))
		}
		want(t, true)(f.FinishRun(t.Context(), lease))
	}
}

func TestANoteIsOfWhatRuns(t *testing.T) {
	f := newFarm(t, "web1")
	run, lease := f.restarting(f.servers...)
	id := run.Targets[0].ID
	version := func() int64 { return f.read(run.ID).Version }
	was := version()
	ok(t, f.NoteTarget(t.Context(), lease, id, "no answer"))
	if version() != was {
		t.Error("a note is taken of what does not run")
	}
	want(t, true)(f.TargetStarted(t.Context(), lease, id))
	ok(t, f.NoteTarget(t.Context(), lease, id, "no answer"))
	was = version()
	ok(t, f.NoteTarget(t.Context(), lease, id, "no answer"))
	if got := f.read(run.ID); got.Version != was || got.Targets[0].Summary != "no answer" {
		t.Errorf("version %d after %d: %q", got.Version, was, got.Targets[0].Summary)
	}
}

// restarted is a run that was sent its commands and ended like that on each of its servers.
func (f farm) restarted(r store.Result, servers ...store.Server) store.Run {
	f.t.Helper()
	run, lease := f.restarting(servers...)
	for _, target := range run.Targets {
		f.sent(lease, target, store.Host{Boot: "boot:1"})
		want(f.t, true)(f.FinishTarget(f.t.Context(), lease, target, r))
	}
	want(f.t, true)(f.FinishRun(f.t.Context(), lease))
	return run
}

// TestLastDown: what counts is that a server went down, not that all ended well, and not what an action says of itself.
func TestLastDown(t *testing.T) {
	for r, down := range map[[2]string]bool{
		{"succeeded", ""}:                    true,
		{"failed", "expected_unit"}:          true,
		{"failed", "not_back"}:               true,
		{"failed", "other_machine"}:          true,
		{"failed", "host_key_changed"}:       true,
		{"failed", "restarted"}:              true,
		{"failed", "not_restarted"}:          false,
		{"failed", "not_down"}:               false,
		{"failed", "exit"}:                   false,
		{"unreachable", "host_key_changed"}:  false, // it never let the command in
		{"skipped", "own_host"}:              false,
		{"interrupted", string("cancelled")}: false, // nobody knows
	} {
		f := newFarm(t, "web1")
		run := f.restarted(store.Result{State: store.TargetState(r[0]), ErrorKind: r[1]}, f.servers...)
		last := get[[]store.Past](t)(f.LastDown(t.Context(), []string{f.servers[0].ID}))
		if len(last) == 1 != down || down && last[0].Run != run.Number {
			t.Errorf("after %v it was down: %+v", r, last)
		}
	}
	f := newFarm(t, "web1", "web2", "web3")
	run, lease := f.started()
	f.begin(lease, run.Targets[2].ID)
	f.succeed(lease, run.Targets[2]) // of an action that takes nothing down
	f.restarted(store.Result{State: store.TargetSucceeded}, f.servers[:2]...)
	f.restarted(store.Result{State: store.TargetSucceeded}, f.servers[0])
	numbers := map[string]int{}
	for _, p := range get[[]store.Past](t)(f.LastDown(t.Context(), []string{f.servers[0].ID, f.servers[1].ID, f.servers[2].ID})) {
		numbers[p.Server] = p.Run
	}
	if diff := cmp.Diff(map[string]int{"web1": 3, "web2": 2}, numbers); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if none := get[[]store.Past](t)(f.LastDown(t.Context(), nil)); none == nil || len(none) > 0 {
		t.Errorf("got %v", none)
	}
}

func TestLastRestarts(t *testing.T) {
	f := newFarm(t, "web1", "web2", "web3")
	web1, web2 := f.servers[0], f.servers[1]
	f.restarted(store.Result{State: store.TargetSucceeded}, web1, web2)
	f.restarted(store.Result{State: store.TargetFailed, ErrorKind: "expected_unit"}, web1)
	f.restarted(store.Result{State: store.TargetFailed, ErrorKind: "not_restarted"}, web1)
	last := get[map[string]store.Restart](t)(f.LastRestarts(t.Context()))
	numbers := map[string]int{}
	for id, r := range last {
		numbers[id] = r.Run
		if r.Action != "restart" || r.By != alice || r.At.IsZero() {
			t.Errorf("%+v", r)
		}
	}
	if diff := cmp.Diff(map[string]int{web1.ID: 2, web2.ID: 1}, numbers); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
