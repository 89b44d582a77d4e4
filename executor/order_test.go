package executor_test

import (
	"fmt"
	"strings"
	"testing"

	"drover/executor"
	"drover/store"
)

// TestBatches: who goes when, and how that is said.
func TestBatches(t *testing.T) {
	w := newWorld(t)
	w.listed("web1", "web2", "web3", "web4", "web5")
	for options, want := range map[string]string{
		"":                                 "web[1-5]",
		"batch=2":                          "web1 web2 / web3 web4 / web5: In 3 batches of up to 2.",
		"batch=1":                          "web1 / web2 / web3 / web4 / web5: In 5 batches of 1.",
		"batch=5":                          "web[1-5]",
		"batch=100":                        "web[1-5]",
		"batch=100%":                       "web[1-5]",
		"batch=59%":                        "web1 web2 / web3 web4 / web5: In 3 batches of up to 2.", // 2.95: rounded down
		"batch=60%":                        "web[1-3] / web4 web5: In 2 batches of up to 3.",
		"batch=1%":                         "web1 / web2 / web3 / web4 / web5: In 5 batches of 1.", // never none
		"canary=1":                         "canary web1 / web[2-5]: First web1; the other 4 after Continue.",
		"canary=4":                         "canary web[1-4] / web5: First web[1-4]; the other one after Continue.",
		"canary=1 batch=2":                 "canary web1 / web2 web3 / web4 web5: First web1; the other 4 after Continue, in 2 batches of 2.",
		"canary=1 batch=4":                 "canary web1 / web[2-5]: First web1; the other 4 after Continue.",
		"parallel=2":                       "web[1-5]: At most 2 at the same time.",
		"batch=3 parallel=2":               "web[1-3] / web4 web5: In 2 batches of up to 3. At most 2 at the same time.",
		"batch=1 max-failures=0":           "web1 / web2 / web3 / web4 / web5: In 5 batches of 1. After the first failure nothing new begins.",
		"parallel=1 max-failures=1":        "web[1-5]: At most 1 at the same time. After more than 1 failure nothing new begins.",
		"parallel=1 max-failures=19%":      "web[1-5]: At most 1 at the same time. After the first failure nothing new begins.", // 0.95: rounded down
		"parallel=1 max-failures=40%":      "web[1-5]: At most 1 at the same time. After more than 2 failures nothing new begins.",
		"timeout=90m":                      "web[1-5]: Time limit 1h30m.",
		"canary=1 parallel=3 timeout=100s": "canary web1 / web[2-5]: First web1; the other 4 after Continue. At most 3 at the same time. Time limit 1m40s.",
	} {
		plan, err := w.engine.Plan(t.Context(), w.ask(ops, "poke all "+options))
		must(t, err)
		var turns []string
		for _, b := range plan.Batches() {
			turn := executor.FoldNames(b.Servers)
			if b.Canary {
				turn = "canary " + turn
			}
			turns = append(turns, turn)
		}
		got := strings.Join(turns, " / ")
		if words := plan.Options.InWords(plan.Batches()); words != "" {
			got += ": " + words
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", options, got, want)
		}
	}
}

// TestWhatIsLeftOutDoesNotCount: shares are of the servers that take part.
func TestWhatIsLeftOutDoesNotCount(t *testing.T) {
	w := newWorld(t)
	w.listed("web1", "web2", "web3", "web4", "web5")
	w.must(w.store.SetDisabled(t.Context(), root, "web1", "broken"))
	plan, err := w.engine.Plan(t.Context(), w.ask(ops, "poke all canary=1 batch=25%"))
	must(t, err)
	equal(t, []executor.Batch{
		{Canary: true, Servers: []string{"web2"}}, {Servers: []string{"web3"}}, {Servers: []string{"web4"}}, {Servers: []string{"web5"}},
	}, plan.Batches())
}

// TestContradictions: an option that could not do what it says is refused, in one sentence.
func TestContradictions(t *testing.T) {
	w := newWorld(t)
	w.listed("web1", "web2", "web3")
	for line, named := range map[string]string{
		"poke all canary=3":                            "leaves no server that could wait for it: this run has 3 servers",
		"poke web1 canary=1":                           "this run has 1 server.",
		"poke all max-failures=1":                      "`max-failures=1` could stop nothing",
		"poke all canary=1 max-failures=0":             "could stop nothing",
		"poke all max-failures=0 parallel=20":          "could stop nothing",
		"poke all max-failures=0 parallel=3":           "could stop nothing",
		"poke all max-failures=0 batch=100%":           "could stop nothing",
		"poke all max-failures=9 batch=9":              "could stop nothing",
		"poke all max-failures=0 batch=9 parallel=9":   "could stop nothing",
		"poke all max-failures=0 canary=1 parallel=20": "could stop nothing",
	} {
		_, err := w.engine.Submit(t.Context(), w.ask(ops, line))
		refusal := refused(t, err)
		if refusal.Kind != executor.Usage || !strings.Contains(refusal.Text, named) || !strings.Contains(refusal.Text, "Nothing was run.") {
			t.Errorf("%s: %q", line, refusal.Text)
		}
	}
	for _, line := range []string{"poke web1 max-failures=1", "poke all canary=2", "poke all parallel=1 max-failures=100%",
		"poke all max-failures=0 parallel=2", "poke all max-failures=0 batch=67%", "poke all max-failures=0 batch=9 parallel=2",
		"poke all max-failures=0 canary=2 batch=1"} {
		if _, err := w.engine.Plan(t.Context(), w.ask(ops, line)); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	// Where nobody looks at the number of servers when the run is asked for, there may be fewer than there were.
	for name, change := range map[string]func(*executor.Request){
		"by a schedule": func(r *executor.Request) { r.Origin = store.Scheduled },
		"by a retry":    func(r *executor.Request) { r.RetryOf = "x" },
		"by a report":   func(r *executor.Request) { r.Inherited = true },
	} {
		for _, line := range []string{"poke all max-failures=0 parallel=20", "poke all canary=3", "poke web1 canary=1", "poke all batch=3 max-failures=1"} {
			r := w.ask(ops, line)
			change(&r)
			if plan, err := w.engine.Plan(t.Context(), r); err != nil || plan.Options.Canary > 0 {
				t.Errorf("%s %s: %+v, %v", line, name, plan, err)
			}
		}
	}
}

// TestAShareIsRoundedDown, whatever it is of.
func TestAShareIsRoundedDown(t *testing.T) {
	for n := range 200 {
		for percent := range 101 {
			if got := executor.Share(fmt.Sprintf("%d%%", percent)).Of(n); got*100 > n*percent || (got+1)*100 <= n*percent {
				t.Fatalf("%d%% of %d is %d", percent, n, got)
			}
		}
	}
}
