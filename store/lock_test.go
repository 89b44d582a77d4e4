package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

// says is what the channel hears of locks in these tests: "over T1/U1 web1 web2".
func says(what string) store.LockWords {
	return func(locks []store.Lock) string {
		text := what + " " + string(locks[0].Owner)
		for _, l := range locks {
			text += " " + l.Server
		}
		return text
	}
}

func (f farm) lock(owner store.Actor, life time.Duration) store.Lock {
	return store.Lock{Owner: owner, Reason: "migration", Channel: "C1", Until: store.Time{Time: f.Now().Time.Add(life)}}
}

// locked locks servers for somebody.
func (f farm) locked(owner store.Actor, life time.Duration, servers ...store.Server) []store.Lock {
	f.t.Helper()
	return get[[]store.Lock](f.t)(f.LockServers(f.t.Context(), owner, f.lock(owner, life), servers, says("locked"), says("over")))
}

// overdue is a lock whose time is over, and that is not marked yet.
func (f farm) overdue(owner store.Actor, server store.Server) {
	f.t.Helper()
	_, err := f.db.Exec("INSERT INTO locks (server_id, id, owner, reason, channel, created_at, until) VALUES (?, 'l', ?, 'migration', 'C1', 1, 2)", server.ID, owner)
	ok(f.t, err)
}

// lockState lists who has which server locked.
func (f farm) lockState() string {
	f.t.Helper()
	var list []string
	for _, l := range get[[]store.Lock](f.t)(f.Locks(f.t.Context())) {
		list = append(list, l.Server+" "+string(l.Owner))
	}
	return strings.Join(list, ", ")
}

// notices are what the channels were told, oldest first.
func (f farm) notices() []string {
	f.t.Helper()
	var list []string
	ok(f.t, f.db.Select(&list, "SELECT channel || ': ' || text FROM messages WHERE kind = 'notice' ORDER BY id"))
	return list
}

func TestAServerHasOneLock(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now}), "db1", "web1", "web2")
	db1, web1, web2 := f.servers[0], f.servers[1], f.servers[2]
	f.locked(alice, time.Hour, web1)

	_, err := f.LockServers(t.Context(), bob, f.lock(bob, time.Hour), []store.Server{db1, web1}, says("locked"), says("over"))
	var taken *store.LockedError
	if !errors.As(err, &taken) || taken.Lock.Owner != alice || taken.Lock.Server != "web1" {
		t.Fatalf("got %v, want that alice has web1", err)
	}
	if got := f.lockState(); got != "web1 T1/U1" { // all or none
		t.Errorf("locked are %s", got)
	}
	f.locked(bob, time.Minute, db1, web2)
	f.locked(alice, 2*time.Hour, web1) // to another end
	if got := f.lockState(); got != "db1 T1/U2, web2 T1/U2, web1 T1/U1" {
		t.Errorf("locked are %s", got)
	}
	c.advance(time.Minute) // at its end a lock keeps nobody off, whether that is marked or not
	if got := f.lockState(); got != "web1 T1/U1" {
		t.Errorf("locked are %s", got)
	}
	f.locked(alice, time.Hour, db1)
	if got := f.lockState(); got != "web1 T1/U1, db1 T1/U1" {
		t.Errorf("locked are %s", got)
	}
	want := []string{
		"C1: locked T1/U1 web1", "C1: locked T1/U2 db1 web2", "C1: locked T1/U1 web1", "C1: over T1/U2 db1 web2", "C1: locked T1/U1 db1",
	}
	if diff := cmp.Diff(want, f.notices()); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
}

func TestTheEndOfLocksIsToldOnce(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now}), "db1", "web1", "web2")
	f.locked(alice, time.Hour, f.servers[1], f.servers[2])
	f.locked(bob, 2*time.Hour, f.servers[0])
	other := again(t, f.Store)
	end := func() {
		t.Helper()
		for range 3 {
			ok(t, f.ExpireLocks(t.Context(), says("over")))
			ok(t, other.ExpireLocks(t.Context(), says("over")))
		}
	}
	end()
	c.advance(time.Hour)
	end()
	c.advance(time.Hour)
	end()
	if diff := cmp.Diff([]string{"C1: over T1/U1 web1 web2", "C1: over T1/U2 db1"}, f.notices()[2:]); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
}

func TestUnlock(t *testing.T) {
	f := newFarm(t, "db1", "web1", "web2")
	f.locked(alice, time.Hour, f.servers[0], f.servers[2])
	f.locked(bob, time.Hour, f.servers[1])
	refused := errors.New("not yours")
	_, err := f.UnlockServers(t.Context(), alice, f.servers, func(l store.Lock) error {
		if l.Owner != alice {
			return refused
		}
		return nil
	}, says("over"))
	wantErr(t, err, refused)
	if got := f.lockState(); got != "db1 T1/U1, web2 T1/U1, web1 T1/U2" {
		t.Errorf("locked are %s", got)
	}
	all := func(store.Lock) error { return nil }
	locks := get[[]store.Lock](t)(f.UnlockServers(t.Context(), bob, f.servers, all, says("over")))
	if len(locks) != 3 || f.lockState() != "" {
		t.Errorf("ended %+v, left %s", locks, f.lockState())
	}
	if diff := cmp.Diff([]string{"C1: over T1/U1 db1 web2", "C1: over T1/U2 web1"}, f.notices()[2:]); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	if locks := get[[]store.Lock](t)(f.UnlockServers(t.Context(), bob, f.servers, all, says("over"))); len(locks) > 0 || len(f.notices()) != 4 {
		t.Errorf("ended %+v again, told %v", locks, f.notices())
	}
}

// A lock that was made before a target begins keeps it from beginning, whatever was looked at before.
func TestNoTargetBeginsOnALockedServer(t *testing.T) {
	for name, c := range map[string]struct {
		owner  store.Actor
		run    func(*store.NewRun)
		life   time.Duration
		begins bool
	}{
		"another's":                   {bob, func(*store.NewRun) {}, time.Hour, false},
		"one's own":                   {alice, func(*store.NewRun) {}, time.Hour, true},
		"one's own, by schedule":      {alice, func(n *store.NewRun) { n.Origin = store.Scheduled }, time.Hour, false},
		"one that is over":            {bob, func(*store.NewRun) {}, 0, true},
		"another's, in an emergency":  {bob, func(n *store.NewRun) { n.Urgent = true }, time.Hour, true},
		"another's, only looking":     {bob, func(n *store.NewRun) { n.Changes = false }, time.Hour, true},
		"one's own, at the terminal":  {alice, func(n *store.NewRun) { n.RequestedBy = "local:alice" }, time.Hour, true},
		"another's, at the terminal":  {bob, func(n *store.NewRun) { n.RequestedBy = "local:alice" }, time.Hour, false},
		"that of an unlinked login":   {"local:root", func(n *store.NewRun) { n.RequestedBy = "local:root" }, time.Hour, true},
		"another's, unlinked login's": {bob, func(n *store.NewRun) { n.RequestedBy = "local:root" }, time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFarm(t, "web1", "web2")
			ok(t, f.LinkLogin(t.Context(), "local:root", "alice", alice))
			n := f.request()
			c.run(&n)
			run := f.create(n)
			lease := f.claim(run, time.Minute)
			run = f.read(run.ID)
			if c.life == 0 {
				f.overdue(c.owner, f.servers[0])
			} else {
				f.locked(c.owner, c.life, f.servers[0])
			}
			began, waits, err := f.BeginTarget(t.Context(), lease, run.Targets[0].ID)
			if err != nil || began != c.begins || waits != 0 {
				t.Errorf("began %v, waits for #%d (%v), want %v", began, waits, err, c.begins)
			}
			f.begin(lease, run.Targets[1].ID)
		})
	}
}

// A lock and the beginning of a target at the same moment: the lock's owner hears of every run that goes on.
func TestALockAgainstABeginning(t *testing.T) {
	f := newFarm(t, "web1")
	other := again(t, f.Store)
	for range 1000 {
		run, lease := f.started()
		target := run.Targets[0]
		var began bool
		var busy []store.Busy
		var racers sync.WaitGroup
		racers.Go(func() {
			var err error
			began, _, err = f.BeginTarget(t.Context(), lease, target.ID)
			check(t, err)
		})
		racers.Go(func() {
			locks, err := other.LockServers(t.Context(), bob, f.lock(bob, time.Hour), f.servers, says("locked"), says("over"))
			check(t, err)
			busy, err = other.BusyWith(t.Context(), locks)
			check(t, err)
		})
		racers.Wait()
		if hears := len(busy) == 1 && busy[0].Number == run.Number; began != hears {
			t.Fatalf("#%d began: %v, and whoever locked it hears of %+v", run.Number, began, busy)
		}
		if began {
			f.succeed(lease, target)
		} else {
			want(t, true)(f.SkipHeld(t.Context(), lease, target.ID, fmt.Sprint("locked by ", bob)))
		}
		want(t, true)(f.FinishRun(t.Context(), lease))
		_, err := f.UnlockServers(t.Context(), bob, f.servers, func(store.Lock) error { return nil }, says("over"))
		ok(t, err)
	}
}
