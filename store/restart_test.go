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

func TestLastRestarts(t *testing.T) {
	f := newFarm(t, "web1", "web2", "web3")
	end := func(state store.TargetState, servers ...store.Server) {
		t.Helper()
		run, lease := f.restarting(servers...)
		for _, target := range run.Targets {
			f.sent(lease, target, store.Host{Boot: "boot:1"})
			want(t, true)(f.FinishTarget(t.Context(), lease, target, store.Result{State: state}))
		}
		want(t, true)(f.FinishRun(t.Context(), lease))
	}
	web1, web2 := f.servers[0], f.servers[1]
	end(store.TargetSucceeded, web1, web2)
	end(store.TargetSucceeded, web1)
	end(store.TargetFailed, web1)
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
