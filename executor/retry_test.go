package executor_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/executor"
	"drover/executor/sshtest"
	"drover/store"
)

// again is a retry the way a click on the button or the typed verb asks for it.
func again(who store.Actor, origin store.Origin, key string) executor.Request {
	return executor.Request{Actor: who, Origin: origin, InboxKey: key, Channel: "C1"}
}

// partial makes a run that succeeds on web1 and fails on web2 and web3 until it is mended.
func (w *world) partial() (run store.Run, mended *atomic.Bool, hosts []*sshtest.Server) {
	w.Helper()
	mended = &atomic.Bool{}
	handler := func(*sshtest.Session) int {
		if mended.Load() {
			return 0
		}
		return 1
	}
	hosts = []*sshtest.Server{w.host("web1", nil), w.host("web2", handler), w.host("web3", handler)}
	w.serve(w.engine)
	request := w.ask(ops, "poke all word=abc timeout=1m")
	request.Reason = "tyres"
	run, err := w.engine.Submit(w.Context(), request)
	w.must(err)
	if run = w.ended(run.ID); run.State != store.Partial {
		w.Fatalf("it is %s: %v", run.State, states(run))
	}
	return run, mended, hosts
}

func TestRetryRepeatsWhatDidNotSucceed(t *testing.T) {
	for _, origin := range []store.Origin{store.Button, store.Slash} {
		t.Run(string(origin), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			run, mended, hosts := w.partial()
			mended.Store(true)
			next, err := w.engine.Retry(t.Context(), run, again(admin, origin, "key/1"))
			must(t, err)
			next = w.ended(next.ID)
			equal(t, map[string]store.TargetState{"web2": store.TargetSucceeded, "web3": store.TargetSucceeded}, states(next))
			if next.State != store.Succeeded || next.RetryOf == nil || *next.RetryOf != run.ID || next.Origin != origin || next.RequestedBy != admin || next.Channel != "C1" {
				t.Errorf("the new run: %+v", next)
			}
			if diff := cmp.Diff([]string{run.Params["word"], run.Options, run.Reason}, []string{next.Params["word"], next.Options, next.Reason}); diff != "" {
				t.Errorf("(-first +next):\n%s", diff)
			}
			if run = w.run(run.ID); run.RetriedBy != next.Number || run.State != store.Partial {
				t.Errorf("the first is %s, retried by #%d", run.State, run.RetriedBy)
			}
			for i, want := range []int{1, 2, 2} {
				if got := hosts[i].Sessions(); got != want {
					t.Errorf("%d commands on web%d", got, i+1)
				}
			}
			// The same click once more is the same run; another one is too late.
			same, err := w.engine.Retry(t.Context(), run, again(admin, origin, "key/1"))
			if err != nil || same.ID != next.ID {
				t.Errorf("delivered twice: #%d, %v", same.Number, err)
			}
			_, err = w.engine.Retry(t.Context(), run, again(ops, store.Slash, "key/2"))
			if refusal := refused(t, err); !strings.Contains(refusal.Text, "#1 was retried already") {
				t.Errorf("got %q", refusal.Text)
			}
			_, err = w.engine.Retry(t.Context(), next, again(ops, store.Slash, "key/3"))
			if refusal := refused(t, err); !strings.Contains(refusal.Text, "#2 succeeded on every server") {
				t.Errorf("got %q", refusal.Text)
			}
		})
	}
}

func TestManyRetriesAtOnceMakeOneRun(t *testing.T) {
	w := newWorld(t)
	run, _, _ := w.partial()
	var made, late atomic.Int32
	var clicks sync.WaitGroup
	for range 10 {
		clicks.Go(func() {
			_, err := w.engine.Retry(t.Context(), run, again(ops, store.Button, ""))
			var refusal *executor.Refusal
			switch {
			case err == nil:
				made.Add(1)
			case errors.As(err, &refusal) && strings.Contains(refusal.Text, "retried already"):
				late.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	clicks.Wait()
	if made.Load() != 1 || late.Load() != 9 {
		t.Errorf("%d made, %d too late", made.Load(), late.Load())
	}
}

// TestARetryIsARequestLikeAnyOther: it has all the checks of one.
func TestARetryIsARequestLikeAnyOther(t *testing.T) {
	w := newWorld(t)
	run, _, hosts := w.partial()
	w.grant("T1/UWEB2", "allow operator * two")
	w.meet("T1/UWEB2", store.User{})
	w.edit("web2", func(s *store.Server) { s.Tags = []string{"two"} })
	for who, named := range map[store.Actor]string{
		viewer: "it needs the role operator", nobody: "no role", "T2/UOPS": "another Slack workspace", "T1/UWEB2": "on web3",
	} {
		_, err := w.engine.Retry(t.Context(), run, again(who, store.Button, ""))
		if refusal := refused(t, err); refusal.Kind != executor.Policy || !strings.Contains(refusal.Text, named) {
			t.Errorf("%s: %q", who, refusal.Text)
		}
	}
	w.must(w.store.RemoveServer(t.Context(), root, "web3"))
	_, err := w.engine.Retry(t.Context(), run, again(ops, store.Button, ""))
	if refusal := refused(t, err); !strings.Contains(refusal.Text, "No server is called web3") {
		t.Errorf("got %q", refusal.Text)
	}
	if w.run(run.ID).RetriedBy != 0 || hosts[1].Sessions() != 1 {
		t.Error("a refused retry did something")
	}
}

func TestARunThatIsNotOverIsNotRetried(t *testing.T) {
	w := newWorld(t)
	w.listed("web1")
	run := w.submit("poke web1")
	_, err := w.engine.Retry(t.Context(), w.run(run.ID), again(ops, store.Button, ""))
	if refusal := refused(t, err); !strings.Contains(refusal.Text, "#1 is not over yet") {
		t.Errorf("got %q", refusal.Text)
	}
}

// TestAnExpiredRunIsRetriedWhole: nothing of it was done.
func TestAnExpiredRunIsRetriedWhole(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil)
	w.host("web2", nil)
	run := w.submit("poke all")
	w.clock.advance(time.Hour)
	w.serve(w.engine)
	run = w.ended(run.ID)
	next, err := w.engine.Retry(t.Context(), run, again(ops, store.Button, ""))
	must(t, err)
	equal(t, map[string]store.TargetState{"web1": store.TargetSucceeded, "web2": store.TargetSucceeded}, states(w.ended(next.ID)))
}
