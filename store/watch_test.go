package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"drover/store"
)

// inTime waits for a change, for as long as anybody would.
func inTime(t *testing.T, changed <-chan struct{}, limit time.Duration) {
	t.Helper()
	select {
	case <-changed:
	case <-time.After(limit):
		t.Fatalf("no change was announced within %v", limit)
	}
}

func silent(t *testing.T, changed <-chan struct{}) {
	t.Helper()
	select {
	case <-changed:
		t.Fatal("a change was announced that is none")
	default:
	}
}

func TestACommitIsAnnouncedToAllThatWait(t *testing.T) {
	s := open(t)
	first, second := s.Changed(), s.Changed()
	ok(t, s.SetSetting(t.Context(), alice, "a", "1"))
	inTime(t, first, time.Second)
	inTime(t, second, time.Second)
	silent(t, s.Changed()) // the next wait is for the next change
}

func TestWhatWritesNothingIsNotAnnounced(t *testing.T) {
	f := newFarm(t, "web1")
	run := f.create(f.request())
	changed := f.Changed()
	want(t, false)(f.Renew(t.Context(), store.Lease{RunID: run.ID, Epoch: 7}, time.Minute))
	want(t, false)(f.FinishRun(t.Context(), store.Lease{RunID: run.ID, Epoch: 7}))
	silent(t, changed)
	f.claim(run, time.Minute)
	inTime(t, changed, time.Second)
}

func TestAChangeThatFailsIsNotKept(t *testing.T) {
	s := open(t)
	before := get[[]store.Server](t)(s.Servers(t.Context()))
	bad := server("web1")
	bad.Port = 0
	if err := s.AddServer(t.Context(), alice, bad); err == nil {
		t.Fatal("a server without a port was added")
	}
	if after := get[[]store.Server](t)(s.Servers(t.Context())); len(after) != len(before) {
		t.Errorf("%d servers after %d", len(after), len(before))
	}
}

func TestWatchAnnouncesTheCommitsOfOthers(t *testing.T) {
	s := open(t)
	other := again(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	watching := s.Changed()
	go func() { ended <- s.Watch(ctx) }()
	inTime(t, watching, 2*time.Second) // its first look
	for _, value := range []string{"1", "2", "3"} {
		changed := s.Changed()
		ok(t, other.SetSetting(t.Context(), alice, "a", value))
		inTime(t, changed, 2*time.Second)
		if got := get[string](t)(s.Setting(t.Context(), "a")); got != value {
			t.Errorf("the waiter reads %q, want %q", got, value)
		}
	}
	cancel()
	select {
	case err := <-ended:
		ok(t, err)
	case <-time.After(2 * time.Second):
		t.Fatal("Watch goes on after its context has ended")
	}
}

func TestWatchSaysWhenItCannot(t *testing.T) {
	s, err := store.Open(t.Context(), t.TempDir()+"/drover.db", store.Options{})
	ok(t, err)
	ok(t, s.Close())
	if err := s.Watch(t.Context()); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("watching a closed store: got error %v", err)
	}
}
