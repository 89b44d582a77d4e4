package executor_test

import (
	"strings"
	"testing"
	"time"

	"drover/store"
)

// group saves what Slack says of the usergroup S1, known or not.
func (w *world) group(state store.GroupState, members ...string) {
	w.Helper()
	w.must(w.store.SaveUsergroup(w.Context(), store.Usergroup{ID: "S1", Name: "ops", State: state, CheckedAt: w.store.Now(), Members: members}))
}

// doubts are the ways in which drover may not know whether a run by ops, approved by bob, may go on. Each begins with all
// that it hangs on known.
func doubts() map[string]struct {
	prepare func(*world)
	known   []string // who is in the usergroup
	why     string
} {
	return map[string]struct {
		prepare func(*world)
		known   []string
		why     string
	}{
		"the role": {func(w *world) {
			w.revoke(ops, store.Operator)
			w.grant("group:S1", "allow operator *")
		}, []string{"UOPS"}, "Whether ops still may run `raze` on web2 is not known: drover cannot tell who is in a usergroup."},
		"a deny": {func(w *world) {
			w.grant("group:S1", "deny operator *")
		}, nil, "Whether ops still may run `raze` on web2 is not known: drover cannot tell who is in a usergroup."},
		"the approval": {func(w *world) {
			w.revoke(bob, store.Approver)
			w.grant("group:S1", "allow approver *")
		}, []string{"UBOB"}, "Whether bob, who approved it, still may is not known: drover cannot tell who is in a usergroup."},
	}
}

// TestARunWaitsForWhatIsNotKnownJustNow: what Slack does not say for a while is no loss of a right, neither at the beginning nor
// in the middle. What it says then counts.
func TestARunWaitsForWhatIsNotKnownJustNow(t *testing.T) {
	for name, c := range doubts() {
		for _, option := range []string{"batch=1", "parallel=1"} {
			t.Run(name+", "+option, func(t *testing.T) {
				t.Parallel()
				w, run, first, began := newDoubt(t, c.prepare, c.known, option)
				w.serve(w.engine)
				receive(t, first.entered)
				w.group(store.GroupUnknown)
				w.clock.advance(2 * time.Second)
				close(first.open)
				w.await(run.ID, func(r store.Run) bool { return states(r)["web1"] == store.TargetSucceeded })
				w.stays(run)
				w.group(store.GroupKnown, c.known...)
				w.wentOn(run, "", began)
			})
		}
		t.Run(name+", from the beginning", func(t *testing.T) {
			t.Parallel()
			w, run, first, began := newDoubt(t, c.prepare, c.known, "batch=1")
			w.group(store.GroupUnknown)
			close(first.open)
			w.serve(w.engine)
			w.await(run.ID, func(r store.Run) bool { return r.State == store.Running })
			w.stays(run)
			w.group(store.GroupKnown, c.known...)
			w.wentOn(run, "", began)
		})
		t.Run(name+", for too long", func(t *testing.T) {
			t.Parallel()
			w, run, first, began := newDoubt(t, c.prepare, c.known, "batch=1")
			w.serve(w.engine)
			receive(t, first.entered)
			w.group(store.GroupUnknown)
			close(first.open)
			w.await(run.ID, func(r store.Run) bool { return states(r)["web1"] == store.TargetSucceeded })
			w.stays(run)
			w.clock.advance(10 * time.Minute)
			run = w.ended(run.ID)
			if got, want := run.Targets[1].Summary, "not begun within 10m: "+c.why; got != want || began() > 0 {
				t.Errorf("%d began: %q, want %q", began(), got, want)
			}
		})
	}
}

// newDoubt is an approved run on three servers, of which the first waits for its gate, and that hangs on a usergroup.
func newDoubt(t *testing.T, prepare func(*world), known []string, option string) (w *world, run store.Run, first *gate, began func() int) {
	t.Helper()
	w = newCourt(t)
	w.meet(ops, store.User{Name: "ops"})
	w.meet(bob, store.User{Name: "bob"})
	prepare(w)
	w.group(store.GroupKnown, known...)
	first = newGate()
	w.host("web1", first.handle)
	began = w.begins("web2", "web3")
	w.host("idle", nil)
	run = w.requested("raze web1 web2 web3 " + option)
	w.must(w.approve(bob, run))
	return w, run, first, began
}

// stays makes sure that a run neither goes on nor ends while it is looked at again and again, and says what it waits for.
func (w *world) stays(run store.Run) {
	w.Helper()
	for i := range 3 {
		w.group(store.GroupUnknown, strings.Repeat("U", i+1)) // each makes it look
		w.clock.advance(2 * time.Second)
		w.ended(w.submitAs(admin, "peek idle").ID)
	}
	w.await(run.ID, func(r store.Run) bool {
		return strings.Contains(r.Targets[1].Summary, "drover cannot tell who is in a usergroup") || r.Targets[1].State != store.TargetPending
	})
	if run = w.run(run.ID); run.State != store.Running || run.Targets[1].State != store.TargetPending {
		w.Fatalf("it is %s with %v: %q", run.State, states(run), run.Targets[1].Summary)
	}
}

// A right that is lost is lost, whatever else is not known.
func TestWhatIsLostIsLostWhateverIsNotKnown(t *testing.T) {
	w, run, first, began := newDoubt(t, func(w *world) { w.grant("group:S1", "deny operator * prod") }, nil, "batch=1")
	w.serve(w.engine)
	receive(t, first.entered)
	w.group(store.GroupUnknown)
	w.edit("web2", func(s *store.Server) { s.Tags = []string{"prod"} })
	w.edit("web3", func(s *store.Server) { s.Tags = []string{"db"} })
	w.grant(ops, "deny operator * db")
	close(first.open)
	w.wentOn(run, "ops may not run `raze` on web3 any more: a deny binding on `tag:db` forbids it", began)
}

func TestARunThatWaitsForWhatIsNotKnownCanBeCancelled(t *testing.T) {
	w, run, first, began := newDoubt(t, doubts()["the role"].prepare, []string{"UOPS"}, "parallel=1")
	w.group(store.GroupUnknown)
	w.serve(w.engine)
	w.await(run.ID, func(r store.Run) bool { return r.State == store.Running })
	w.must(w.engine.Cancel(t.Context(), ops, run, ""))
	if run = w.ended(run.ID); run.State != store.Cancelled || began() > 0 || len(first.entered) > 0 {
		t.Errorf("it is %s with %v", run.State, states(run))
	}
}

// An approval that comes while it is not known whether who asked still may voids nothing.
func TestAnApprovalWhileItIsNotKnown(t *testing.T) {
	w := newCourt(t)
	w.meet(ops, store.User{Name: "ops"})
	w.revoke(ops, store.Operator)
	w.grant("group:S1", "allow operator *")
	w.group(store.GroupKnown, "UOPS")
	razed := w.site("web1")
	run := w.requested("raze web1")
	w.group(store.GroupUnknown)
	refusal := refused(t, w.approve(bob, run))
	const want = "#1 was not approved, and still waits: whether ops may run it is not known, for drover cannot tell who is in a usergroup. Try again in a few minutes."
	if refusal.Text != want || !refusal.Unsure {
		t.Errorf("got %q, want %q", refusal.Text, want)
	}
	equal(t, store.AwaitingApproval, w.run(run.ID).State)
	w.group(store.GroupKnown, "UOPS")
	w.must(w.approve(bob, run))
	w.serve(w.engine)
	if run = w.ended(run.ID); run.State != store.Succeeded || razed() != 1 {
		t.Errorf("it is %s because %q", run.State, run.StateReason)
	}
}

// Nor is the right to break the glass lost.
func TestAnUrgentRunWaitsForWhatIsNotKnown(t *testing.T) {
	w := newCourt(t)
	w.grant("group:S1", "allow breakglass *")
	w.group(store.GroupKnown, "UOPS")
	razed := w.site("web1")
	began := w.begins("web2")
	w.host("idle", nil)
	request := w.openly(ops, "raze web1 web2 urgent=true")
	request.Reason = "fire"
	run, err := w.engine.Submit(t.Context(), request)
	w.must(err)
	w.group(store.GroupUnknown)
	w.serve(w.engine)
	w.await(run.ID, func(r store.Run) bool { return r.State == store.Running })
	w.stays(run)
	w.group(store.GroupKnown, "UOPS")
	if run = w.ended(run.ID); run.State != store.Succeeded || razed() != 1 || began() != 1 {
		t.Errorf("it is %s because %q", run.State, run.StateReason)
	}
}

func (w *world) submitAs(who store.Actor, line string) store.Run {
	w.Helper()
	run, err := w.engine.Submit(w.Context(), w.ask(who, line))
	w.must(err)
	return run
}
