package executor_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/executor"
	"drover/executor/sshtest"
	"drover/store"
)

// order notes the servers in the order in which their commands began and ended.
type order struct {
	mu     sync.Mutex
	events []string
	fails  map[string]bool
}

func (o *order) note(event string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.events = append(o.events, event)
}

func (o *order) list() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string{}, o.events...)
}

// fleet adds web1 to webN, of which some fail.
func (w *world) fleet(n int, fails ...string) *order {
	w.Helper()
	o := &order{fails: map[string]bool{}}
	for _, name := range fails {
		o.fails[name] = true
	}
	for i := range n {
		name := fmt.Sprintf("web%d", i+1)
		w.host(name, func(*sshtest.Session) int {
			o.note("+" + name)
			defer o.note("-" + name)
			if o.fails[name] {
				return 1
			}
			return 0
		})
	}
	return o
}

// TestABatchBeginsWhenTheOneBeforeIsOver.
func TestABatchBeginsWhenTheOneBeforeIsOver(t *testing.T) {
	w := newWorld(t)
	gates := map[string]*gate{}
	for i := range 5 {
		name := fmt.Sprintf("web%d", i+1)
		gates[name] = newGate()
		w.host(name, gates[name].handle)
	}
	w.serve(w.engine)
	run := w.submit("poke all batch=2")
	for _, batch := range [][]string{{"web1", "web2"}, {"web3", "web4"}, {"web5"}} {
		for _, name := range batch {
			receive(t, gates[name].entered) // at the same time: none has ended
		}
		now := w.await(run.ID, func(r store.Run) bool { return states(r)[batch[0]] == store.TargetRunning })
		for server, state := range states(now) {
			if server > batch[len(batch)-1] && state != store.TargetPending {
				t.Errorf("while %v run, %s is %s", batch, server, state)
			}
		}
		close(gates[batch[0]].open)
		w.await(run.ID, func(r store.Run) bool { return states(r)[batch[0]] == store.TargetSucceeded })
		for server, state := range states(w.run(run.ID)) { // one of two is not the batch
			if server > batch[len(batch)-1] && state != store.TargetPending {
				t.Errorf("before all of %v are over, %s is %s", batch, server, state)
			}
		}
		for _, name := range batch[1:] {
			close(gates[name].open)
		}
	}
	equal(t, store.Succeeded, w.ended(run.ID).State)
}

func TestAFailedServerDoesNotStopTheNextBatch(t *testing.T) {
	w := newWorld(t)
	w.fleet(3, "web1")
	w.serve(w.engine)
	run := w.ended(w.submit("poke all batch=1").ID)
	equal(t, map[string]store.TargetState{"web1": store.TargetFailed, "web2": store.TargetSucceeded, "web3": store.TargetSucceeded}, states(run))
}

func TestACanaryWaitsForContinue(t *testing.T) {
	w := newWorld(t)
	o := w.fleet(4)
	w.serve(w.engine)
	run := w.submit("poke all canary=1 batch=2 parallel=1")
	run = w.await(run.ID, func(r store.Run) bool { return r.State == store.Paused })
	equal(t, map[string]store.TargetState{
		"web1": store.TargetSucceeded, "web2": store.TargetPending, "web3": store.TargetPending, "web4": store.TargetPending,
	}, states(run))
	if until := run.PausedUntil.Sub(w.store.Now().Time); until < 59*time.Minute || until > time.Hour {
		t.Errorf("it waits for another %s", until)
	}
	must(t, w.engine.Continue(t.Context(), admin, run, "click-1"))
	run = w.ended(run.ID)
	if run.State != store.Succeeded || run.ContinuedBy != admin {
		t.Errorf("it is %s, continued by %s: %v", run.State, run.ContinuedBy, states(run))
	}
	equal(t, []string{"+web1", "-web1", "+web2", "-web2", "+web3", "-web3", "+web4", "-web4"}, o.list())
	equal(t, []string{
		"run.requested", "run.started", "target.dispatched", "target.succeeded", "run.paused", "run.continued", "run.started",
		"target.dispatched", "target.succeeded", "target.dispatched", "target.succeeded", "target.dispatched", "target.succeeded", "run.succeeded",
	}, events(w.audit("run/1")))

	must(t, w.engine.Continue(t.Context(), admin, run, "click-1")) // Slack delivers the click once more
	refusal := refused(t, w.engine.Continue(t.Context(), ops, run, "click-2"))
	if refusal.Text != "#1 was continued already," || refusal.By != admin || !refusal.At.Equal(run.ContinuedAt.Time) {
		t.Errorf("the second click: %+v", refusal)
	}
}

func TestACanaryThatFailsEndsTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		line   string
		fails  []string
		states map[string]store.TargetState
		why    string
	}{
		"one": {"poke all canary=1", []string{"web1"}, map[string]store.TargetState{
			"web1": store.TargetFailed, "web2": store.TargetSkipped, "web3": store.TargetSkipped,
		}, "not begun: the canary did not succeed on web1"},
		"one of two": {"poke all canary=2", []string{"web2"}, map[string]store.TargetState{
			"web1": store.TargetSucceeded, "web2": store.TargetFailed, "web3": store.TargetSkipped,
		}, "not begun: the canary did not succeed on web2"},
		"the first of two, one after the other": {"poke all canary=2 parallel=1 max-failures=3", []string{"web1"}, map[string]store.TargetState{
			"web1": store.TargetFailed, "web2": store.TargetSkipped, "web3": store.TargetSkipped,
		}, "not begun: the canary did not succeed on web1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fleet(3, c.fails...)
			w.serve(w.engine)
			run := w.ended(w.submit(c.line).ID)
			equal(t, c.states, states(run))
			if why := run.Targets[2].Summary; why != c.why || run.ContinuedAt != nil || run.PausedUntil != nil {
				t.Errorf("because %q", why)
			}
		})
	}
}

// TestAFailureLimit: nothing new begins, what runs is left to finish, and the rest says why.
func TestAFailureLimit(t *testing.T) {
	for name, c := range map[string]struct {
		line  string
		fails []string
		want  string // s succeeded, f failed, - skipped, by server
		why   string
	}{
		"not reached":            {"batch=1 max-failures=2", []string{"web1", "web3"}, "fsfsss", ""},
		"passed between batches": {"batch=1 max-failures=1", []string{"web1", "web3"}, "fsf---", "stopped after 2 failures (limit 1)"},
		"none allowed":           {"batch=2 max-failures=0", []string{"web1"}, "fs----", "stopped after 1 failure (limit 0)"},
		"passed within a batch":  {"batch=5 parallel=1 max-failures=0", []string{"web2"}, "sf----", "stopped after 1 failure (limit 0)"},
		"without batches":        {"parallel=1 max-failures=1", []string{"web2", "web3"}, "sff---", "stopped after 2 failures (limit 1)"},
		"a share":                {"batch=1 max-failures=33%", []string{"web1", "web2", "web3"}, "ff----", "stopped after 2 failures (limit 1)"},
		"with the last batch":    {"batch=3 max-failures=0", []string{"web6"}, "sssssf", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fleet(6, c.fails...)
			w.serve(w.engine)
			run := w.ended(w.submit("poke all " + c.line).ID)
			got := ""
			for _, target := range run.Targets {
				got += map[store.TargetState]string{store.TargetSucceeded: "s", store.TargetFailed: "f", store.TargetSkipped: "-"}[target.State]
				if target.State == store.TargetSkipped && target.Summary != "not begun: "+c.why {
					t.Errorf("%s is skipped because %q", target.Server, target.Summary)
				}
			}
			state := store.Partial
			if !strings.Contains(c.want, "s") {
				state = store.Failed
			}
			if got != c.want || run.State != state {
				t.Errorf("%s, with %s, want %s", run.State, got, c.want)
			}
		})
	}
}

// TestWhatRunsIsLeftToFinish when the limit is passed beside it.
func TestWhatRunsIsLeftToFinish(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	w.host("web1", func(*sshtest.Session) int { return 1 })
	w.host("web2", g.handle)
	w.host("web3", nil)
	w.serve(w.engine)
	run := w.submit("poke all batch=2 max-failures=0")
	receive(t, g.entered)
	w.await(run.ID, func(r store.Run) bool { return states(r)["web1"] == store.TargetFailed })
	close(g.open)
	equal(t, map[string]store.TargetState{"web1": store.TargetFailed, "web2": store.TargetSucceeded, "web3": store.TargetSkipped}, states(w.ended(run.ID)))
}

// TestOverTheLimitNobodyIsWaitedFor: the server is another run's, and this one is over its limit meanwhile.
func TestOverTheLimitNobodyIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	holder, failing := newGate(), newGate()
	w.host("web1", func(s *sshtest.Session) int { failing.handle(s); return 1 })
	w.host("web2", holder.handle)
	w.host("web3", nil)
	w.serve(w.engine)
	first := w.submit("poke web2")
	receive(t, holder.entered)
	second := w.submit("poke all batch=2 max-failures=0")
	receive(t, failing.entered)
	w.await(second.ID, func(r store.Run) bool { return r.Targets[1].WaitsFor == first.Number })
	close(failing.open)
	equal(t, map[string]store.TargetState{"web1": store.TargetFailed, "web2": store.TargetSkipped, "web3": store.TargetSkipped}, states(w.ended(second.ID)))
	close(holder.open)
	equal(t, store.Succeeded, w.ended(first.ID).State)
}

// TestBatchesOfTwoRuns: each server is changed by one at a time, and neither run waits for the other for ever.
func TestBatchesOfTwoRuns(t *testing.T) {
	w := newWorld(t)
	o := w.fleet(4)
	w.serve(w.engine)
	ids := []string{w.submit("poke all batch=1").ID, w.submit("poke all batch=3").ID, w.submit("poke all canary=1").ID}
	for _, id := range ids[:2] {
		equal(t, store.Succeeded, w.ended(id).State)
	}
	paused := w.await(ids[2], func(r store.Run) bool { return r.State == store.Paused })
	must(t, w.engine.Continue(t.Context(), ops, paused, ""))
	equal(t, store.Succeeded, w.ended(ids[2]).State)
	busy := map[string]bool{}
	for _, event := range o.list() {
		if name := event[1:]; event[0] == '+' && busy[name] {
			t.Fatalf("two at a time on %s: %v", name, o.list())
		}
		busy[event[1:]] = event[0] == '+'
	}
	if n := len(o.list()); n != 24 {
		t.Errorf("%d events", n)
	}
}

func TestCancelAPausedRun(t *testing.T) {
	w := newWorld(t)
	o := w.fleet(2)
	w.serve(w.engine)
	run := w.await(w.submit("poke all canary=1").ID, func(r store.Run) bool { return r.State == store.Paused })
	must(t, w.engine.Cancel(t.Context(), ops, run, ""))
	run = w.run(run.ID)
	equal(t, map[string]store.TargetState{"web1": store.TargetSucceeded, "web2": store.TargetCancelled}, states(run))
	equal(t, store.Cancelled, run.State)
	refusal := refused(t, w.engine.Continue(t.Context(), ops, run, "click"))
	if refusal.Text != "There is nothing to continue any more: #1 was cancelled" || refusal.By != ops || refusal.At != *run.FinishedAt || len(o.list()) != 2 {
		t.Errorf("%q by %s at %s; %v", refusal.Text, refusal.By, refusal.At, o.list())
	}
}

func TestAPausedRunExpires(t *testing.T) {
	w := newWorld(t)
	o := w.fleet(2)
	_, err := w.engine.Choose(t.Context(), root, executor.PauseExpiry, "5m")
	must(t, err)
	w.serve(w.engine)
	run := w.await(w.submit("poke all canary=1").ID, func(r store.Run) bool { return r.State == store.Paused })
	w.clock.advance(5*time.Minute + time.Second)
	run = w.ended(run.ID)
	if run.State != store.Expired || run.Targets[1].Summary != "nobody continued it in time" || len(o.list()) != 2 {
		t.Errorf("it is %s: %q; %v", run.State, run.Targets[1].Summary, o.list())
	}
	next, err := w.engine.Retry(t.Context(), run, again(ops, store.Button, "")) // one server is left: none can go first
	must(t, err)
	equal(t, map[string]store.TargetState{"web2": store.TargetSucceeded}, states(w.ended(next.ID)))
}

// TestContinueIsARequest: who may, for which servers, and what is checked once more.
func TestContinueIsARequest(t *testing.T) {
	const owner, web2only = store.Actor("T1/UOWNER"), store.Actor("T1/UWEB2")
	for name, c := range map[string]struct {
		who    store.Actor
		before func(*world)
		named  string // why not; "": it goes on
		denied string // it goes on, and is denied when it is claimed
	}{
		"owner":                     {who: owner},
		"operator":                  {who: ops},
		"admin":                     {who: admin},
		"terminal":                  {who: root},
		"viewer":                    {who: viewer, named: "for who asked for it, and for operators"},
		"nobody":                    {who: nobody, named: "for who asked for it, and for operators"},
		"stranger":                  {who: "T2/UOPS", named: "another Slack workspace"},
		"operator of other servers": {who: web2only, named: "You may not run `poke` on web3"},
		"operator of all that is left": {who: web2only, before: func(w *world) {
			w.edit("web3", func(s *store.Server) { s.Tags = []string{"two"} }) // but not of the canary
		}},
		"owner without rights by now": {who: owner, named: "it needs the role operator", before: func(w *world) {
			w.revoke(owner, store.Operator)
			w.grant(owner, "allow viewer *")
		}},
		"operator, when the owner has lost the right": {who: ops, denied: "You have no role in drover", before: func(w *world) {
			w.revoke(owner, store.Operator)
		}},
		"a server was changed": {who: ops, denied: "web2 was changed since", before: func(w *world) {
			w.edit("web2", func(s *store.Server) { s.LoginUser = "other" })
		}},
		"a server was disabled": {who: ops, denied: "web2 cannot take part any more", before: func(w *world) {
			w.must(w.store.SetDisabled(w.Context(), root, "web2", "broken"))
		}},
		"the action was edited": {who: ops, named: "was edited since", before: func(w *world) {
			w.must(w.store.EditAction(w.Context(), root, "poke", "{name: poke, run: {linux: [poke, harder]}}"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			o := w.fleet(3)
			w.edit("web2", func(s *store.Server) { s.Tags = []string{"two"} })
			w.meet(owner, store.User{})
			w.meet(web2only, store.User{})
			w.grant(owner, "allow operator *")
			w.grant(web2only, "allow operator * two")
			w.serve(w.engine)
			run, err := w.engine.Submit(t.Context(), w.ask(owner, "poke all canary=1"))
			must(t, err)
			run = w.await(run.ID, func(r store.Run) bool { return r.State == store.Paused })
			if c.before != nil {
				c.before(w)
			}
			err = w.engine.Continue(t.Context(), c.who, run, "")
			switch {
			case c.named != "":
				if refusal := refused(t, err); !strings.Contains(refusal.Text, c.named) {
					t.Errorf("refused with %q", refusal.Text)
				}
				if now := w.run(run.ID); now.State != store.Paused || now.ContinuedBy != "" {
					t.Errorf("it is %s", now.State)
				}
			case c.denied != "":
				must(t, err)
				if run = w.ended(run.ID); run.State != store.Denied || !strings.Contains(run.StateReason, c.denied) || len(o.list()) != 2 {
					t.Errorf("it is %s because %q; %v", run.State, run.StateReason, o.list())
				}
			default:
				must(t, err)
				if run = w.ended(run.ID); run.State != store.Succeeded || run.ContinuedBy != c.who {
					t.Errorf("it is %s", run.State)
				}
			}
		})
	}
}

func TestARunThatIsNotPausedIsNotContinued(t *testing.T) {
	w := newWorld(t)
	w.listed("web1", "web2")
	run := w.submit("poke all canary=1")
	refusal := refused(t, w.engine.Continue(t.Context(), ops, run, ""))
	if !strings.Contains(refusal.Text, "does not wait for Continue") {
		t.Errorf("%q", refusal.Text)
	}
}

// TestAViewerContinuesWhatViewersMayRun.
func TestAViewerContinuesWhatViewersMayRun(t *testing.T) {
	w := newWorld(t)
	w.fleet(2)
	w.serve(w.engine)
	run, err := w.engine.Submit(t.Context(), w.ask(viewer, "peek all canary=1"))
	must(t, err)
	run = w.await(run.ID, func(r store.Run) bool { return r.State == store.Paused })
	must(t, w.engine.Continue(t.Context(), viewer, run, ""))
	equal(t, store.Succeeded, w.ended(run.ID).State)
}

// TestATerminalWorksWhatItPaused: Work returns when the run waits, and takes it up again.
func TestATerminalWorksWhatItPaused(t *testing.T) {
	w := newWorld(t)
	w.fleet(2)
	run := w.submit("poke all canary=1")
	must(t, w.engine.Work(t.Context(), run.ID))
	equal(t, store.Paused, w.run(run.ID).State)
	must(t, w.engine.Continue(t.Context(), root, run, ""))
	must(t, w.engine.Work(t.Context(), run.ID))
	equal(t, store.Succeeded, w.run(run.ID).State)
}

// TestManyContinuesAtOnce: one of them counts, and the others say who it was.
func TestManyContinuesAtOnce(t *testing.T) {
	w := newWorld(t)
	o := w.fleet(2)
	w.serve(w.engine)
	run := w.await(w.submit("poke all canary=1").ID, func(r store.Run) bool { return r.State == store.Paused })
	var mu sync.Mutex
	won := 0
	var clicks sync.WaitGroup
	for i := range 10 {
		who := []store.Actor{ops, admin}[i%2]
		clicks.Go(func() {
			err := w.engine.Continue(t.Context(), who, run, fmt.Sprintf("click-%d", i))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
				return
			}
			var refusal *executor.Refusal
			if !errors.As(err, &refusal) || refusal.By == "" {
				t.Error(err)
			}
		})
	}
	clicks.Wait()
	equal(t, store.Succeeded, w.ended(run.ID).State)
	if won != 1 || len(o.list()) != 4 {
		t.Errorf("%d clicks counted; %v", won, o.list())
	}
}

// TestKilledInABatch: a worker is killed in the middle of a batch. What it had under way is interrupted, what comes after
// is skipped, and nothing of it runs again.
func TestKilledInABatch(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	web1, web2, web3 := w.host("web1", nil), w.host("web2", g.handle), w.host("web3", nil)
	w.watch(w.store)
	run := w.submit("poke all batch=1 max-failures=1")
	worker := w.startWorker()
	receive(t, g.entered)
	w.await(run.ID, func(r store.Run) bool { return r.Targets[1].State == store.TargetRunning })
	must(t, worker.Process.Kill())
	_ = worker.Wait() // it was killed
	must(t, w.store.ReleaseOwners(t.Context(), executor.ServeOwner))
	w.serve(w.engine)
	run = w.ended(run.ID)
	equal(t, map[string]store.TargetState{"web1": store.TargetSucceeded, "web2": store.TargetInterrupted, "web3": store.TargetSkipped}, states(run))
	if run.State != store.Interrupted || web1.Sessions() != 1 || web2.Sessions() != 1 || web3.Sessions() != 0 {
		t.Errorf("it is %s after %d, %d and %d commands", run.State, web1.Sessions(), web2.Sessions(), web3.Sessions())
	}
}

// TestKilledWhilePaused: a paused run is only rows, so the next drover goes on as if nothing had been.
func TestKilledWhilePaused(t *testing.T) {
	w := newWorld(t)
	o := w.fleet(3)
	w.watch(w.store)
	run := w.submit("poke all canary=1 batch=1")
	worker := w.startWorker()
	run = w.await(run.ID, func(r store.Run) bool { return r.State == store.Paused })
	must(t, worker.Process.Kill())
	_ = worker.Wait() // it was killed
	must(t, w.engine.Continue(t.Context(), ops, run, ""))
	must(t, w.store.ReleaseOwners(t.Context(), executor.ServeOwner))
	w.serve(w.engine)
	equal(t, store.Succeeded, w.ended(run.ID).State)
	equal(t, []string{"+web1", "-web1", "+web2", "-web2", "+web3", "-web3"}, o.list())
}

// TestOrderCostsNothingWhereThereIsNone: each change of a run's rows is a transaction, and a plain run makes no more than
// its claim, its end, and three for each server. One in batches makes the same.
func TestOrderCostsNothingWhereThereIsNone(t *testing.T) {
	w := newWorld(t)
	w.fleet(4)
	w.serve(w.engine)
	for _, options := range []string{"", " parallel=1", " batch=1", " batch=2 max-failures=1"} {
		if run := w.ended(w.submit("poke all" + options).ID); run.Version != 1+2+3*4 {
			t.Errorf("poke all%s: %d changes", options, run.Version-1)
		}
	}
}

// TestALateBatchHasItsTimeToWait: a server that waits for what is not proven waits since its turn came, not since the run
// was asked for.
func TestALateBatchHasItsTimeToWait(t *testing.T) {
	w := newWorld(t)
	g, host, first := w.waitsOver()
	must(t, host.Down())
	before := newGate()
	w.host("aaa", before.handle)
	second := w.submit("poke aaa web1 batch=1")
	w.clock.advance(10*time.Minute - 10*time.Second)
	w.serve(w.engine)
	receive(t, before.entered)
	w.clock.advance(11 * time.Second) // less than a lease lasts; but it was asked for long ago
	close(before.open)
	w.await(second.ID, func(r store.Run) bool { return r.Targets[1].WaitsFor == first.Number })
	close(g.open)
	must(t, host.Up())
	w.clock.advance(6 * time.Second)
	w.proven(first.ID, store.Succeeded)
	if second = w.ended(second.ID); second.State != store.Succeeded {
		t.Errorf("it is %s: %q", second.State, second.Targets[1].Summary)
	}
}
