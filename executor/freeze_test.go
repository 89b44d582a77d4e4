package executor_test

import (
	"strings"
	"testing"
	"time"

	"drover/executor"
	"drover/store"
)

// freeze freezes servers: "tag:prod until 08:00".
func (w *world) freeze(who store.Actor, line string) error {
	w.Helper()
	request, err := executor.ParseFreeze(strings.Fields(line), w.store.Now().Time, time.UTC)
	if err == nil {
		request.Actor, request.Reason, request.Channel = who, "launch", "C1"
		_, _, err = w.engine.Freeze(w.Context(), request)
	}
	return err
}

func TestAFreezeHoldsEverybody(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil, "prod")
	w.host("lab1", nil)
	w.grant(ops, "allow breakglass *")
	must(t, w.freeze(admin, "tag:prod until 8h"))
	for name, c := range map[string]struct {
		who    store.Actor
		line   string
		origin store.Origin
		says   []string
	}{
		"an operator":                {ops, "poke web1", store.Slash, []string{"web1 is frozen by UADMIN until 20", "because launch", "Nothing was run", "Only an emergency passes"}},
		"beside others":              {ops, "poke web1 lab1", store.Slash, []string{"Leave it out with `!web1`"}},
		"whoever froze it":           {admin, "poke web1", store.Slash, []string{"web1 is frozen"}},
		"the terminal":               {root, "poke web1", store.CLI, []string{"web1 is frozen"}},
		"a schedule of nothing else": {ops, "poke web1", store.Scheduled, []string{"can run on none of them. web1: frozen by UADMIN"}},
		"a schedule":                 {ops, "poke all", store.Scheduled, nil},
		"looking":                    {ops, "peek web1", store.Slash, nil},
		"another server":             {ops, "poke lab1", store.Slash, nil},
		"an emergency":               {ops, "poke web1 urgent=true", store.Slash, nil},
	} {
		t.Run(name, func(t *testing.T) {
			request := w.ask(c.who, c.line)
			request.Origin = c.origin
			request.Reason = "it burns"
			run, err := w.engine.Submit(t.Context(), request)
			if len(c.says) == 0 {
				must(t, err)
				if run = w.run(run.ID); c.origin == store.Scheduled && (len(run.Targets) != 1 || run.Targets[0].Server != "lab1") {
					t.Errorf("the schedule runs on %v", states(run))
				}
				return
			}
			r := refused(t, err)
			for _, part := range c.says {
				if !strings.Contains(r.Text, part) {
					t.Errorf("it says %q, want %q", r.Text, part)
				}
			}
		})
	}
}

// A freeze between the request and the dispatch denies the run; one while it is under way keeps off what has not begun.
func TestAFreezeIsLookedAtAgain(t *testing.T) {
	w := newWorld(t)
	g := newGate()
	web1 := w.host("web1", g.handle)
	web2 := w.host("web2", g.handle)
	run := w.submit("poke web1 web2")
	must(t, w.freeze(admin, "web2 until 8h"))
	must(t, w.engine.Work(t.Context(), run.ID))
	if run = w.ended(run.ID); run.State != store.Denied || !strings.Contains(run.StateReason, "web2 is frozen by UADMIN") || web1.Sessions()+web2.Sessions() > 0 {
		t.Errorf("it is %s because %q", run.State, run.StateReason)
	}
	if _, err := w.engine.Unfreeze(t.Context(), admin, nil); err != nil {
		t.Fatal(err)
	}
	w.serve(w.engine)
	run = w.submit("poke web1 web2 parallel=1")
	w.await(run.ID, func(r store.Run) bool { return states(r)["web1"] == store.TargetRunning })
	must(t, w.freeze(admin, "all until 8h"))
	close(g.open)
	run = w.ended(run.ID)
	equal(t, map[string]store.TargetState{"web1": store.TargetSucceeded, "web2": store.TargetSkipped}, states(run))
	if why := run.Targets[1].Summary; !strings.Contains(why, "not begun: frozen by UADMIN until") {
		t.Errorf("web2 was skipped because %q", why)
	}
}

func TestWhoMayFreeze(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil, "prod")
	for who, may := range map[store.Actor]bool{admin: true, root: true, ops: false, viewer: false, nobody: false, "T2/UADMIN": false} {
		err := w.freeze(who, "web1 until 8h")
		if may {
			must(t, err)
			_, err = w.engine.Unfreeze(t.Context(), who, []string{"web1"})
			must(t, err)
			continue
		}
		if r := refused(t, err); r.Kind != executor.Policy {
			t.Errorf("%s: %+v", who, r)
		}
		_, err = w.engine.Unfreeze(t.Context(), who, []string{"web1"})
		if r := refused(t, err); r.Kind != executor.Policy {
			t.Errorf("%s ends one: %+v", who, r)
		}
	}
}

func TestWhatAFreezeNeeds(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil, "prod")
	for line, says := range map[string]string{
		"":                       "Say which servers and until when",
		"web1":                   "Say which servers and until when",
		"until 08:00":            "Say which servers and until when",
		"web1 until":             "Say until when",
		"web1 until later":       "Say until when",
		"web1 until 2001-01-01":  "That time is over",
		"web7 until 08:00":       "No server is called web7",
		"tag:prd until 08:00":    "Did you mean `tag:prod`?",
		"!web1 until 08:00":      "Say on which servers",
		"web[1-2] until 08:00":   "No server is called web2",
		"web\u202e1 until 08:00": "control character",
	} {
		if r := refused(t, w.freeze(admin, line)); !strings.Contains(r.Text, says) {
			t.Errorf("%q: %q, want %q", line, r.Text, says)
		}
	}
	request, err := executor.ParseFreeze([]string{"web*", "UNTIL", "8h"}, w.store.Now().Time, time.UTC)
	must(t, err)
	request.Actor = admin
	_, _, err = w.engine.Freeze(t.Context(), request)
	if r := refused(t, err); !strings.Contains(r.Text, "Say why") {
		t.Errorf("without a reason: %v", r)
	}
	must(t, w.freeze(admin, "web* until 8h"))
	must(t, w.freeze(admin, "all until 9h"))
	_, err = w.engine.Unfreeze(t.Context(), admin, nil)
	if r := refused(t, err); !strings.Contains(r.Text, "There are 2 freezes. Say which one, in the words that made it, for example `unfreeze web*`") {
		t.Errorf("of two, without saying which: %v", r)
	}
	_, err = w.engine.Unfreeze(t.Context(), admin, []string{"web1"})
	if r := refused(t, err); !strings.Contains(r.Text, "There is no freeze of that. `freeze` lists what is frozen") {
		t.Errorf("of two, in other words: %v", r)
	}
	ended, err := w.engine.Unfreeze(t.Context(), admin, []string{"WEB*"}) // a freeze keeps its words in lower case
	must(t, err)
	if len(ended) != 1 || ended[0].Selector != "web*" {
		t.Errorf("ended are %+v", ended)
	}
	_, err = w.engine.Unfreeze(t.Context(), admin, nil)
	must(t, err)
	if _, err = w.engine.Unfreeze(t.Context(), admin, nil); !strings.Contains(refused(t, err).Text, "Nothing is frozen") {
		t.Errorf("of none: %v", err)
	}
}
