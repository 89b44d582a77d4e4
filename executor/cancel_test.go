package executor_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"drover/executor"
	"drover/executor/sshtest"
	"drover/store"
)

func TestCancelAQueuedRun(t *testing.T) {
	w := newWorld(t)
	web1 := w.host("web1", nil)
	run := w.submit("poke web1")
	must(t, w.engine.Cancel(t.Context(), ops, run, ""))
	run = w.run(run.ID)
	if run.State != store.Cancelled || run.CancelBy != ops || run.Targets[0].State != store.TargetCancelled {
		t.Fatalf("it is %s by %q: %v", run.State, run.CancelBy, states(run))
	}
	refusal := refused(t, w.engine.Cancel(t.Context(), ops, run, ""))
	if refusal.Kind != executor.Usage || refusal.Text != "There is nothing to cancel any more: #1 was cancelled" || refusal.By != ops || refusal.At != *run.FinishedAt {
		t.Fatalf("again: %q by %s at %s", refusal.Text, refusal.By, refusal.At)
	}
	w.serve(w.engine)
	if w.ended(w.submit("peek web1").ID); web1.Sessions() != 1 {
		t.Fatal("a cancelled run was worked")
	}
}

func TestCancelARunningRun(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	w.host("web1", g.handle)
	web2 := w.host("web2", nil)
	w.serve(w.engine)
	run := w.submit("poke web1 web2 parallel=1")
	receive(t, g.entered)
	must(t, w.engine.Cancel(t.Context(), ops, run, ""))
	receive(t, g.stopped) // the command itself was ended
	run = w.ended(run.ID)
	equal(t, map[string]store.TargetState{"web1": store.TargetCancelled, "web2": store.TargetCancelled}, states(run))
	if run.State != store.Cancelled || !strings.Contains(run.Targets[0].Summary, "its processes were ended") ||
		run.Targets[1].Summary != "not begun: the run was cancelled" || web2.Logins() > 0 {
		t.Fatalf("it is %s: %q, %q", run.State, run.Targets[0].Summary, run.Targets[1].Summary)
	}
}

func TestCancelWhileWaitingForAnotherRun(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	web1 := w.host("web1", g.handle)
	w.serve(w.engine)
	first := w.submit("poke web1")
	receive(t, g.entered)
	second := w.submit("poke web1")
	w.await(second.ID, func(r store.Run) bool { return r.Targets[0].WaitsFor == first.Number })
	must(t, w.engine.Cancel(t.Context(), ops, second, ""))
	if second = w.ended(second.ID); second.State != store.Cancelled {
		t.Errorf("it is %s", second.State)
	}
	close(g.open)
	if first = w.ended(first.ID); first.State != store.Succeeded || web1.Sessions() != 1 {
		t.Errorf("the other is %s after %d commands", first.State, web1.Sessions())
	}
}

// TestTooLateToCancel: whoever comes second reads who was first, or how it ended, and when.
func TestTooLateToCancel(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	stay := make(chan struct{})
	w.host("web1", func(s *sshtest.Session) int { // it takes its time to end
		code := g.handle(s)
		<-stay
		return code
	})
	w.serve(w.engine)
	run := w.submit("poke web1")
	receive(t, g.entered)
	must(t, w.engine.Cancel(t.Context(), ops, run, "click-1"))
	must(t, w.engine.Cancel(t.Context(), ops, run, "click-1")) // the same click, delivered again
	refusal := refused(t, w.engine.Cancel(t.Context(), admin, run, "click-2"))
	if refusal.Text != "#1 is being cancelled already," || refusal.By != ops {
		t.Errorf("%q by %s", refusal.Text, refusal.By)
	}
	close(stay)
	w.ended(run.ID)

	w.host("web2", nil)
	run = w.ended(w.submit("poke web2").ID)
	refusal = refused(t, w.engine.Cancel(t.Context(), admin, run, "click-3"))
	if refusal.Text != "There is nothing to cancel any more: #2 ended succeeded" || refusal.By != "" || refusal.At != *run.FinishedAt {
		t.Errorf("%q by %s at %s", refusal.Text, refusal.By, refusal.At)
	}
}

// TestCancelFromAnotherProcess: it has the file in common with the engine that works the run, and nothing else.
func TestCancelFromAnotherProcess(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	w.host("web1", g.handle)
	w.watch(w.store)
	w.serve(w.engine)
	run := w.submit("poke web1")
	receive(t, g.entered)
	elsewhere := w.newEngine(w.open(w.clock), 0)
	must(t, elsewhere.Cancel(t.Context(), ops, run, ""))
	receive(t, g.stopped)
	if run = w.ended(run.ID); run.State != store.Cancelled {
		t.Fatalf("it is %s", run.State)
	}
}

// TestWorkIsCancelledFromAnotherProcess: the same for a run that a terminal works.
func TestWorkIsCancelledFromAnotherProcess(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	w.host("web1", g.handle)
	w.watch(w.store)
	run := w.submit("poke web1")
	worked := make(chan error, 1)
	go func() { worked <- w.engine.Work(context.Background(), run.ID) }()
	receive(t, g.entered)
	elsewhere := w.newEngine(w.open(w.clock), 0)
	must(t, elsewhere.Cancel(t.Context(), ops, run, ""))
	must(t, receive(t, worked))
	if run = w.run(run.ID); run.State != store.Cancelled {
		t.Fatalf("it is %s", run.State)
	}
}

func TestWhoMayCancel(t *testing.T) {
	const (
		owner = store.Actor("T1/UOWNER")
		other = store.Actor("T1/UOTHER")
	)
	for name, c := range map[string]struct {
		who     store.Actor
		before  func(*world)
		allowed bool
		named   string
	}{
		"owner":                         {owner, nil, true, ""},
		"owner without rights by now":   {owner, func(w *world) { w.revoke(owner, store.Operator) }, true, ""},
		"owner, deactivated by now":     {owner, func(w *world) { w.meet(owner, store.User{Deactivated: true}) }, false, "deactivated"},
		"operator":                      {ops, nil, true, ""},
		"admin":                         {admin, nil, true, ""},
		"terminal":                      {root, nil, true, ""},
		"operator of both":              {other, func(w *world) { w.grant(other, "allow operator po* web") }, true, ""},
		"operator of one of the two":    {other, func(w *world) { w.grant(other, "allow operator * one") }, false, "for who asked for it, and for operators"},
		"operator of other actions":     {other, func(w *world) { w.grant(other, "allow operator peek") }, false, "for who asked for it, and for operators"},
		"operator who is denied it":     {ops, func(w *world) { w.grant(ops, "deny operator poke") }, false, "for who asked for it, and for operators"},
		"viewer":                        {viewer, nil, false, "for who asked for it, and for operators"},
		"somebody without a role":       {nobody, nil, false, "for who asked for it, and for operators"},
		"somebody of another workspace": {"T2/UOPS", nil, false, "another Slack workspace"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.listed("web1", "web2")
			w.edit("web1", func(s *store.Server) { s.Tags = []string{"web", "one"} })
			w.edit("web2", func(s *store.Server) { s.Tags = []string{"web"} })
			w.meet(owner, store.User{})
			w.meet(other, store.User{})
			w.grant(owner, "allow operator *")
			run, err := w.engine.Submit(t.Context(), w.ask(owner, "poke web1 web2"))
			must(t, err)
			if c.before != nil {
				c.before(w)
			}
			err = w.engine.Cancel(t.Context(), c.who, run, "")
			if c.allowed {
				must(t, err)
				equal(t, store.Cancelled, w.run(run.ID).State)
				return
			}
			if refusal := refused(t, err); refusal.Kind != executor.Policy || !strings.Contains(refusal.Text, c.named) {
				t.Errorf("got %q, want %q", refusal.Text, c.named)
			}
			equal(t, store.Queued, w.run(run.ID).State)
			entries := w.audit("run/1")
			if last := entries[len(entries)-1]; last.Event != "request.refused" || last.Actor != c.who {
				t.Errorf("audited last: %s by %s", last.Event, last.Actor)
			}
		})
	}
}

// TestCancelRacesTheEnd: whoever wins, run, target and audit tell the same true story.
func TestCancelRacesTheEnd(t *testing.T) {
	const races = 200
	w := newWorld(t)
	var mu sync.Mutex
	gates, finished := map[string]*gate{}, map[string]bool{}
	w.host("web1", func(s *sshtest.Session) int {
		mu.Lock()
		g := gates[s.Command]
		mu.Unlock()
		code := g.handle(s)
		mu.Lock()
		defer mu.Unlock()
		finished[s.Command] = code == 0
		return code
	})
	w.serve(w.engine)
	outcomes := map[store.RunState]int{}
	for i := range races {
		word := "race-" + strings.Repeat("i", i)
		g := newGate()
		mu.Lock()
		gates["poke "+word] = g
		mu.Unlock()
		run := w.submit("poke web1 word=" + word)
		receive(t, g.entered)
		if i%2 == 0 {
			w.await(run.ID, allUnderWay)
		}
		var accepted error
		var both sync.WaitGroup
		wanted := make(chan struct{})
		both.Go(func() {
			if i%4 > 1 { // let the cancel get as far as the database first
				<-wanted
			}
			close(g.open)
		})
		both.Go(func() {
			accepted = w.engine.Cancel(t.Context(), ops, run, "")
			close(wanted)
		})
		both.Wait()
		run = w.ended(run.ID)
		outcomes[run.State]++
		mu.Lock()
		ended := finished["poke "+word]
		mu.Unlock()
		w.tellsOneStory(run, ended, accepted)
	}
	t.Logf("outcomes: %v", outcomes)
	if n := outcomes[store.Succeeded] + outcomes[store.Cancelled]; n != races {
		t.Errorf("outcomes: %v", outcomes)
	}
}

// tellsOneStory checks a run of one target that somebody tried to cancel as it ended.
func (w *world) tellsOneStory(run store.Run, endedByItself bool, refusal error) {
	w.Helper()
	target := run.Targets[0]
	story := events(w.audit("run/" + strconv.Itoa(run.Number)))
	finals := 0
	for _, event := range story {
		if event == "run."+string(run.State) || event == "target."+string(target.State) {
			finals++
		} else if event != "run.requested" && event != "run.started" && event != "target.dispatched" && event != "run.cancel_requested" {
			w.Errorf("#%d is %s and its target %s, but the audit has %v", run.Number, run.State, target.State, story)
		}
	}
	if finals != 2 {
		w.Errorf("#%d ended like this: %v", run.Number, story)
	}
	var over *executor.Refusal
	switch {
	case refusal != nil && (!errors.As(refusal, &over) || run.CancelBy != ""):
		w.Errorf("#%d: cancelling it failed: %v, cancelled by %q", run.Number, refusal, run.CancelBy)
	case refusal == nil && run.CancelBy != ops:
		w.Errorf("#%d: the cancel was accepted and is not recorded", run.Number)
	case run.State == store.Succeeded && (target.State != store.TargetSucceeded || target.ExitCode == nil || target.ErrorKind != "" || !endedByItself):
		w.Errorf("#%d is said to have succeeded: %+v", run.Number, target)
	case run.State == store.Cancelled && (target.State != store.TargetCancelled || target.ExitCode != nil || refusal != nil):
		w.Errorf("#%d is said to be cancelled: %+v", run.Number, target)
	}
}
