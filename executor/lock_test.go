package executor_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"drover/executor"
	"drover/store"
)

const ops2 = store.Actor("T1/UOPS2")

// lock locks servers: "web1 2h".
func (w *world) lock(who store.Actor, line string) error {
	w.Helper()
	request, err := executor.ParseLock(strings.Fields(line))
	if err == nil {
		request.Actor, request.Reason, request.Channel = who, "migration", "C1"
		_, _, err = w.engine.Lock(w.Context(), request)
	}
	return err
}

// second is another person, with a name.
func (w *world) second(role string) {
	w.Helper()
	w.meet(ops2, store.User{Name: "ann"})
	w.grant(ops2, role)
}

func TestALockKeepsOthersChangesOff(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil)
	w.host("web2", nil)
	w.second("allow operator *")
	must(t, w.lock(ops2, "web1 2h"))
	for name, c := range map[string]struct {
		who  store.Actor
		line string
		says []string
	}{
		"others":            {ops, "poke web1", []string{"web1 is locked by ann until 20", "because migration", "Nothing was run. Wait 2h, or ask for `unlock web1`."}},
		"beside others":     {ops, "poke web1 web2", []string{"web1 is locked by ann", "Leave it out with `!web1`, wait 2h, or ask for `unlock web1`."}},
		"the terminal":      {root, "poke web1", []string{"web1 is locked by ann"}},
		"admins":            {admin, "poke web1", []string{"web1 is locked by ann"}},
		"others who look":   {ops, "peek web1", nil},
		"another server":    {ops, "poke web2", nil},
		"its owner":         {ops2, "poke web1", nil},
		"without any right": {viewer, "poke web1", []string{"it needs the role operator"}}, // rights come first
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.engine.Submit(t.Context(), w.ask(c.who, c.line))
			if len(c.says) == 0 {
				must(t, err)
				return
			}
			r := refused(t, err)
			for _, part := range c.says {
				if r.Kind != executor.Policy || !strings.Contains(r.Text, part) {
					t.Errorf("%q does not say %q", r.Text, part)
				}
			}
		})
	}
	entries := w.audit("action/poke")[1:] // but for its making
	if len(entries) != 5 || entries[0].Event != "request.refused" {
		t.Errorf("refused are %+v", events(entries))
	}
	w.clock.advance(2 * time.Hour) // at its end, whether anybody marks it or not
	w.submit("poke web1")
}

// Break-glass passes a lock, at the request and at the dispatch.
func TestAnEmergencyPassesALock(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil)
	w.second("allow operator *")
	w.grant(ops, "allow breakglass *")
	must(t, w.lock(ops2, "web1 2h"))
	request := w.ask(ops, "poke web1 urgent=true")
	request.Reason = "it burns"
	run, err := w.engine.Submit(t.Context(), request)
	must(t, err)
	must(t, w.engine.Work(t.Context(), run.ID))
	if run = w.ended(run.ID); run.State != store.Succeeded {
		t.Errorf("it is %s because %q", run.State, run.StateReason)
	}
	w.grant(ops, "deny operator *")
	_, err = w.engine.Submit(t.Context(), request)
	if r := refused(t, err); !strings.Contains(r.Text, "a deny binding") {
		t.Errorf("it says %q", r.Text)
	}
}

// What somebody once scheduled is not what they do now: their own lock keeps it off. It leaves out what is locked.
func TestAScheduleLeavesOutWhatIsLocked(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil)
	w.host("web2", nil)
	must(t, w.lock(ops, "web1 2h"))
	request := w.ask(ops, "poke all")
	request.Origin = store.Scheduled
	plan, err := w.engine.Plan(t.Context(), request)
	must(t, err)
	if len(plan.Targets) != 1 || plan.Targets[0].Server != "web2" || len(plan.Excluded) != 1 || !strings.Contains(plan.Excluded[0].Reason, "locked by UOPS until") {
		t.Errorf("it runs on %+v, without %+v", plan.Targets, plan.Excluded)
	}
	run, err := w.engine.Submit(t.Context(), request)
	must(t, err)
	must(t, w.engine.Work(t.Context(), run.ID))
	if run = w.ended(run.ID); run.State != store.Succeeded || len(run.Targets) != 1 {
		t.Errorf("it is %s on %v", run.State, states(run))
	}
	request.Selector = []string{"web1"}
	_, err = w.engine.Submit(t.Context(), request)
	if r := refused(t, err); !strings.Contains(r.Text, "can run on none of them. web1: locked by UOPS") {
		t.Errorf("it says %q", r.Text)
	}
}

// A lock between the request and the dispatch denies the whole run. Nothing is sent.
func TestALockIsLookedAtAgainAtDispatch(t *testing.T) {
	w := newWorld(t)
	web1, web2 := w.host("web1", nil), w.host("web2", nil)
	w.second("allow operator *")
	run := w.submit("poke web1 web2")
	must(t, w.lock(ops2, "web2 2h"))
	must(t, w.engine.Work(t.Context(), run.ID))
	if run = w.ended(run.ID); run.State != store.Denied || !strings.Contains(run.StateReason, "web2 is locked by ann") {
		t.Errorf("it is %s because %q", run.State, run.StateReason)
	}
	if web1.Sessions()+web2.Sessions() > 0 {
		t.Error("something was sent")
	}
}

// A lock while a run is under way keeps off what has not begun, and ends nothing that has.
func TestALockDuringARun(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	w.host("web1", g.handle)
	web2 := w.host("web2", g.handle)
	web3 := w.host("web3", g.handle)
	w.second("allow operator *")
	w.serve(w.engine)
	run := w.submit("poke web[1-3] parallel=1")
	w.await(run.ID, func(r store.Run) bool { return states(r)["web1"] == store.TargetRunning })
	request, err := executor.ParseLock([]string{"web1", "web2", "2h"})
	must(t, err)
	request.Actor, request.Reason = ops2, "migration"
	_, busy, err := w.engine.Lock(t.Context(), request)
	must(t, err)
	if len(busy) != 1 || busy[0] != (store.Busy{Number: run.Number, Server: "web1"}) {
		t.Errorf("whoever locks hears that these are at it: %+v", busy)
	}
	close(g.open)
	run = w.ended(run.ID)
	equal(t, map[string]store.TargetState{"web1": store.TargetSucceeded, "web2": store.TargetSkipped, "web3": store.TargetSucceeded}, states(run))
	if why := run.Targets[1].Summary; run.State != store.Partial || !strings.Contains(why, "not begun: locked by ann until") {
		t.Errorf("it is %s, and web2 was skipped because %q", run.State, why)
	}
	if web2.Sessions() > 0 || web3.Sessions() != 1 {
		t.Errorf("%d commands on web2, %d on web3", web2.Sessions(), web3.Sessions())
	}
}

func TestWhoMayLock(t *testing.T) {
	for bindings, may := range map[string]bool{
		"allow operator *":                               true,
		"allow admin *":                                  true,
		"allow operator * web":                           true,
		"allow operator restart-* web":                   true, // whoever may change it at all
		"allow operator * db":                            false,
		"allow viewer *":                                 false,
		"allow approver *; allow breakglass *":           false,
		"":                                               false,
		"allow operator *; deny operator *":              false,
		"allow operator *; deny operator lock":           false,
		"allow operator *; deny operator * web":          false,
		"allow operator *; deny operator poke":           true,
		"allow operator *; deny admin *":                 true,
		"allow operator * until yesterday":               false,
		"allow admin *; deny operator * until yesterday": true,
	} {
		t.Run(bindings, func(t *testing.T) {
			w := newWorld(t)
			w.host("web1", nil, "web")
			for part := range strings.SplitSeq(bindings, ";") {
				w.arrange(nobody, "group:S1", strings.TrimSpace(part))
			}
			err := w.lock(nobody, "web1 2h")
			if may {
				must(t, err)
				return
			}
			if r := refused(t, err); r.Kind != executor.Policy {
				t.Errorf("it says %q", r.Text)
			}
			if locks, err := w.engine.Locks(t.Context()); err != nil || len(locks) > 0 {
				t.Errorf("locked are %+v (%v)", locks, err)
			}
		})
	}
}

func TestWhoMayUnlock(t *testing.T) {
	for name, c := range map[string]struct {
		owner, who store.Actor
		says       string
	}{
		"owner":                        {ops, ops, ""},
		"owner who may nothing by now": {ops2, ops2, ""},
		"another operator":             {ops, ops2, "belongs to UOPS: ask them, or an admin"},
		"admin":                        {ops, admin, ""},
		"terminal":                     {ops, root, ""},
		"viewer":                       {ops, viewer, "belongs to UOPS"},
		"outsider":                     {ops, nobody, "no role"},
		"owner by a login":             {"local:alice", ops, ""},
		"login of the owner":           {ops, "local:alice", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.host("web1", nil)
			w.host("web2", nil)
			w.second("allow operator *")
			must(t, w.store.LinkLogin(t.Context(), root, "alice", ops))
			must(t, w.lock(c.owner, "web1 2h"))
			if c.who == ops2 && c.owner == ops2 {
				w.revoke(ops2, store.Operator)
				w.grant(ops2, "allow viewer *")
			}
			_, err := w.engine.Unlock(t.Context(), c.who, []string{"web*"})
			if c.says == "" {
				must(t, err)
			} else if r := refused(t, err); !strings.Contains(r.Text, c.says) {
				t.Errorf("%q does not say %q", r.Text, c.says)
			}
			locks, err := w.engine.Locks(t.Context())
			must(t, err)
			if (len(locks) == 0) != (c.says == "") {
				t.Errorf("locked are %+v", locks)
			}
			if c.says == "" {
				_, err = w.engine.Unlock(t.Context(), c.who, []string{"web1"})
				if r := refused(t, err); !strings.Contains(r.Text, "There is no lock on web1") {
					t.Errorf("the second time it says %q", r.Text)
				}
			}
		})
	}
}

func TestWhatALockNeeds(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil, "web")
	w.host("web2", nil, "web")
	w.second("allow operator *")
	for line, says := range map[string]string{
		"2h":           "Say which servers",
		"web1":         "Say at the end how long",
		"web1 soon":    "Say at the end how long",
		"web1 59s":     "from 1m to 30d",
		"web1 31d":     "from 1m to 30d",
		"web9 2h":      "No server is called web9",
		"tag:nope 2h":  "No server has the tag",
		"web1 2h web2": "Say at the end how long",
	} {
		if r := refused(t, w.lock(ops, line)); !strings.Contains(r.Text, says) {
			t.Errorf("%q: %q does not say %q", line, r.Text, says)
		}
	}
	request, err := executor.ParseLock([]string{"web1", "2h"})
	must(t, err)
	request.Actor = ops
	_, _, err = w.engine.Lock(t.Context(), request)
	if r := refused(t, err); !strings.Contains(r.Text, "Say why") {
		t.Errorf("without a reason: %q", r.Text)
	}

	must(t, w.lock(ops, "tag:web !web2 2h")) // resolved at once
	if r := refused(t, w.lock(ops2, "tag:web 1h")); !strings.Contains(r.Text, "web1 is locked by UOPS until") {
		t.Errorf("a lock beside another's: %q", r.Text)
	}
	must(t, w.lock(ops, "web1 3h")) // one's own, to another end
	locks, err := w.engine.Locks(t.Context())
	must(t, err)
	if len(locks) != 1 || len(locks[0].Servers) != 1 || locks[0].Until.Sub(w.store.Now().Time) < 2*time.Hour {
		t.Errorf("locked are %+v", locks)
	}
}

// A plan tells what holds its servers, and its hash does not: what was approved is still what runs.
func TestAPlanShowsItsLocks(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil)
	before, err := w.engine.Plan(t.Context(), w.ask(ops, "poke web1"))
	must(t, err)
	must(t, w.lock(ops, "web1 2h"))
	plan, err := w.engine.Plan(t.Context(), w.ask(ops, "poke web1"))
	must(t, err)
	if len(plan.Holds) != 1 || plan.Holds[0].By != ops || plan.Holds[0].Reason != "migration" || plan.Holds[0].Kind != executor.HoldLock {
		t.Errorf("it is held by %+v", plan.Holds)
	}
	first, err := before.Hash()
	must(t, err)
	second, err := plan.Hash()
	must(t, err)
	equal(t, first, second)
}

// However many servers, and whatever is said about them: Slack takes what the channel is told.
func TestWhatTheChannelIsToldIsShort(t *testing.T) {
	w := newWorld(t)
	var names []string
	for i := range 300 {
		names = append(names, fmt.Sprintf("host-%c%c-of-the-long-name", 'a'+i/26, 'a'+i%26))
	}
	w.listed(names...)
	_, _, err := w.engine.Lock(t.Context(), executor.LockRequest{
		Actor: root, Selector: []string{"all"}, For: store.Span(time.Hour), Reason: strings.Repeat("*é* <!channel>\n", 500), Channel: "C1",
	})
	must(t, err)
	messages, err := w.store.Behind(t.Context())
	must(t, err)
	if text := messages[0].Text; len([]rune(text)) > 3000 || strings.Contains(text, "<!channel") || strings.Contains(text, "\n") {
		t.Errorf("told are %d characters: %s", len([]rune(text)), text)
	}
}

func TestTheEndOfALockIsTold(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil)
	w.host("web2", nil)
	must(t, w.lock(ops, "web* 2h"))
	w.serve(w.engine)
	w.clock.advance(2 * time.Hour)
	tooLate := time.After(patience)
	for {
		changed := w.store.Changed()
		messages, err := w.store.Behind(t.Context())
		must(t, err)
		if len(messages) == 2 {
			equal(t, ":unlock: The lock of <@UOPS> on `web1 web2` is over. It was because migration.", messages[1].Text)
			equal(t, "C1", messages[1].Channel)
			break
		}
		select {
		case <-changed:
		case <-tooLate:
			t.Fatalf("told was %+v", messages)
		}
	}
	equal(t, []string{"server.added", "server.trusted", "server.locked", "server.lock_expired"}, events(w.audit("server/web1")))
}
