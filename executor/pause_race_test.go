package executor_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"drover/executor"
	"drover/executor/sshtest"
	"drover/store"
)

// TestContinueRacesCancel on two engines that both work: each command is sent at most once, and what was decided is what
// the run tells.
func TestContinueRacesCancel(t *testing.T) {
	const rounds = 100
	w := newWorld(t)
	var mu sync.Mutex
	executed := map[string]int{}
	for i := range 2 {
		name := fmt.Sprintf("web%d", i+1)
		w.host(name, func(s *sshtest.Session) int {
			mu.Lock()
			defer mu.Unlock()
			executed[name+" "+s.Command]++
			return 0
		})
	}
	other := w.open(w.clock)
	engines := []*executor.Engine{w.engine, w.newEngine(other, 0)}
	w.watch(w.store)
	w.watch(other)
	for _, e := range engines {
		w.serve(e)
	}
	outcomes := map[string]int{}
	for i := range rounds {
		run := w.submit(fmt.Sprintf("poke all canary=1 word=r%d", i))
		run = w.await(run.ID, func(r store.Run) bool { return r.State == store.Paused })
		results := make([]error, 3)
		var racing sync.WaitGroup
		racing.Go(func() { results[0] = engines[0].Continue(t.Context(), ops, run, "") })
		racing.Go(func() { results[1] = engines[1].Continue(t.Context(), admin, run, "") })
		racing.Go(func() { results[2] = engines[i%2].Cancel(t.Context(), ops, run, "") })
		racing.Wait()
		run = w.ended(run.ID)
		for _, err := range results {
			var refusal *executor.Refusal
			if err != nil && !errors.As(err, &refusal) {
				t.Fatalf("round %d: %v", i, err)
			}
		}
		continued := results[0] == nil || results[1] == nil
		mu.Lock()
		second := executed[fmt.Sprintf("web2 poke r%d", i)]
		mu.Unlock()
		outcomes[fmt.Sprintf("continued %t, %s, %s", continued, run.State, run.Targets[1].State)]++
		switch {
		case results[0] == nil && results[1] == nil, continued != (run.ContinuedAt != nil):
			t.Fatalf("round %d: %v, continued by %q", i, results, run.ContinuedBy)
		case !continued && second != 0, second > 1, run.Targets[1].State == store.TargetSucceeded && second != 1:
			t.Fatalf("round %d: %d commands after the canary, and %s", i, second, run.Targets[1].State)
		case run.Targets[0].State != store.TargetSucceeded, run.State != store.Succeeded && run.State != store.Cancelled:
			t.Fatalf("round %d: %s with %v", i, run.State, states(run))
		}
	}
	if len(outcomes) < 2 {
		t.Errorf("nobody ever lost: %v", outcomes)
	}
	for command, n := range executed {
		if n != 1 {
			t.Errorf("%s was executed %d times", command, n)
		}
	}
}
