package store_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

func froze(what string) store.FreezeWords {
	return func(f store.Freeze) string { return what + " " + f.Selector }
}

// freeze freezes what words stand for; !x is left out. Without a life its time is over, and that is not marked yet.
func (f farm) freeze(words string, life time.Duration) store.Freeze {
	f.t.Helper()
	if life == 0 {
		freeze := f.freeze(words, time.Hour)
		_, err := f.db.Exec("UPDATE freezes SET created_at = 1, until = 2 WHERE id = ?", freeze.ID)
		ok(f.t, err)
		return freeze
	}
	var list []store.FreezeWord
	for word := range strings.FieldsSeq(words) {
		name, excluded := strings.CutPrefix(word, "!")
		list = append(list, store.FreezeWord{Word: name, Excluded: excluded})
	}
	freeze := store.Freeze{Selector: words, Reason: "launch", Channel: "C1", Until: f.Now().Add(life)}
	return get[store.Freeze](f.t)(f.AddFreeze(f.t.Context(), alice, freeze, list, froze("froze")))
}

func (f farm) frozen() string {
	f.t.Helper()
	var names []string
	for _, s := range get[[]store.Frozen](f.t)(f.FrozenServers(f.t.Context())) {
		names = append(names, s.Server)
	}
	return strings.Join(names, " ")
}

func TestWhatAFreezeIsAbout(t *testing.T) {
	for words, want := range map[string]string{
		"all": "db1 web1 web2", "web1": "web1", "tag:web": "web1 web2", "tag:web db1": "db1 web1 web2", "all !tag:web": "db1", "tag:web !web2": "web1",
		"all !web1 !db1": "web2", "tag:none": "",
	} {
		f := newFarm(t, "db1", "web1", "web2")
		for _, s := range f.servers {
			s.Tags = []string{s.Name[:len(s.Name)-1]}
			ok(t, f.EditServer(t.Context(), alice, s))
		}
		f.freeze(words, time.Hour)
		if got := f.frozen(); got != want {
			t.Errorf("%s is about %q, want %q", words, got, want)
		}
		f.freeze(words, 0)
		if got := f.frozen(); got != want {
			t.Errorf("%s counts when it is over: %q", words, got)
		}
	}
}

func TestAFreezeTakesInServersThatAreAddedLater(t *testing.T) {
	f := newFarm(t, "web1")
	f.freeze("all", time.Hour)
	late := server("web2")
	ok(t, f.AddServer(t.Context(), alice, late))
	if got := f.frozen(); got != "web1 web2" {
		t.Errorf("frozen are %q", got)
	}
}

func TestAFreezeEndsOnceAndIsTold(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now}), "web1", "web2")
	first := f.freeze("web1", time.Hour)
	f.freeze("web2", 2*time.Hour)
	want(t, true)(f.EndFreeze(t.Context(), alice, first, froze("thawed")))
	want(t, false)(f.EndFreeze(t.Context(), alice, first, froze("thawed")))
	ok(t, f.ExpireFreezes(t.Context(), froze("over")))
	c.advance(2 * time.Hour)
	if got := f.frozen(); got != "" {
		t.Errorf("frozen are %q", got)
	}
	other := again(t, f.Store)
	for range 3 {
		ok(t, f.ExpireFreezes(t.Context(), froze("over")))
		ok(t, other.ExpireFreezes(t.Context(), froze("over")))
	}
	if diff := cmp.Diff([]string{"C1: froze web1", "C1: froze web2", "C1: thawed web1", "C1: over web2"}, f.notices()); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	if left := get[[]store.Freeze](t)(f.Freezes(t.Context())); len(left) > 0 {
		t.Errorf("left are %+v", left)
	}
}

func TestNoTargetBeginsOnAFrozenServer(t *testing.T) {
	for name, c := range map[string]struct {
		run    func(*store.NewRun)
		words  string
		life   time.Duration
		begins bool
	}{
		"frozen":           {func(*store.NewRun) {}, "web1", time.Hour, false},
		"one's own freeze": {func(n *store.NewRun) { n.RequestedBy = alice }, "all", time.Hour, false},
		"the terminal":     {func(n *store.NewRun) { n.RequestedBy = "local:root" }, "all", time.Hour, false},
		"a schedule":       {func(n *store.NewRun) { n.Origin = store.Scheduled }, "all", time.Hour, false},
		"an emergency":     {func(n *store.NewRun) { n.Urgent = true }, "all", time.Hour, true},
		"only looking":     {func(n *store.NewRun) { n.Changes = false }, "all", time.Hour, true},
		"another's freeze": {func(*store.NewRun) {}, "web2", time.Hour, true},
		"left out":         {func(*store.NewRun) {}, "all !web1", time.Hour, true},
		"one that is over": {func(*store.NewRun) {}, "web1", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFarm(t, "web1", "web2")
			n := f.request()
			c.run(&n)
			run := f.create(n)
			lease := f.claim(run, time.Minute)
			f.freeze(c.words, c.life)
			began, waits, err := f.BeginTarget(t.Context(), lease, f.read(run.ID).Targets[0].ID)
			if err != nil || began != c.begins || waits != 0 {
				t.Errorf("began %v, waits for #%d (%v), want %v", began, waits, err, c.begins)
			}
		})
	}
}

// A freeze and the beginning of a target at the same moment: whoever froze hears of every run that goes on.
func TestRaceFreezeAgainstABeginning(t *testing.T) {
	f := newFarm(t, "web1")
	other := farm{Store: again(t, f.Store), t: t}
	for range rounds {
		run, lease := f.started()
		target := run.Targets[0]
		var began bool
		var busy []store.Busy
		var freeze store.Freeze
		var racers sync.WaitGroup
		racers.Go(func() {
			var err error
			began, _, err = f.BeginTarget(t.Context(), lease, target.ID)
			check(t, err)
		})
		racers.Go(func() {
			var err error
			freeze, err = other.AddFreeze(t.Context(), alice, store.Freeze{Selector: "all", Reason: "launch", Channel: "C1", Until: f.Now().Add(time.Hour)},
				[]store.FreezeWord{{Word: "all"}}, froze("froze"))
			check(t, err)
			busy, err = other.BusyWith(t.Context(), []store.Lock{{ServerID: target.ServerID}})
			check(t, err)
		})
		racers.Wait()
		if hears := len(busy) == 1 && busy[0].Number == run.Number; began != hears {
			t.Fatalf("#%d began: %v, and whoever froze hears of %+v", run.Number, began, busy)
		}
		if began {
			f.succeed(lease, target)
		} else {
			want(t, true)(f.SkipHeld(t.Context(), lease, target.ID, "frozen"))
		}
		want(t, true)(f.FinishRun(t.Context(), lease))
		want(t, true)(f.EndFreeze(t.Context(), alice, freeze, froze("thawed")))
	}
}
