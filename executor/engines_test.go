package executor_test

import (
	"fmt"
	"sync"
	"testing"

	"drover/executor"
	"drover/executor/sshtest"
	"drover/store"
)

// TestTwoEnginesOnOneFile: each target is executed once, whoever gets there first, and never two at a time on a server.
func TestTwoEnginesOnOneFile(t *testing.T) {
	const runs, hosts = 200, 8
	w := newWorld(t)
	var mu sync.Mutex
	executed, busy := map[string]int{}, map[string]int{}
	for i := range hosts {
		name := fmt.Sprintf("web%d", i)
		w.host(name, func(s *sshtest.Session) int {
			mu.Lock()
			executed[name+" "+s.Command]++
			busy[name]++
			if busy[name] > 1 {
				t.Errorf("%d changes at a time on %s", busy[name], name)
			}
			mu.Unlock()
			fmt.Fprintln(s.Stdout, "done")
			mu.Lock()
			defer mu.Unlock()
			busy[name]--
			return 0
		})
	}
	engines := []*executor.Engine{w.engine}
	other := w.open(w.clock)
	engines = append(engines, w.newEngine(other, 0))
	w.watch(w.store)
	w.watch(other)
	for _, e := range engines {
		w.serve(e)
	}
	ids := make([]string, runs)
	var submitting sync.WaitGroup
	for part, e := range engines {
		submitting.Go(func() {
			for i := part; i < runs; i += len(engines) {
				run, err := e.Submit(t.Context(), w.ask(ops, fmt.Sprintf("poke web%d web%d word=r%d", i%hosts, (i+1)%hosts, i)))
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = run.ID
			}
		})
	}
	submitting.Wait()
	if t.Failed() {
		return
	}
	for i, id := range ids {
		if run := w.ended(id); run.State != store.Succeeded {
			t.Errorf("#%d is %s: %v", run.Number, run.State, states(run))
		}
		for _, host := range []int{i % hosts, (i + 1) % hosts} {
			mu.Lock()
			if n := executed[fmt.Sprintf("web%d poke r%d", host, i)]; n != 1 {
				t.Errorf("run %d was executed %d times on web%d", i, n, host)
			}
			mu.Unlock()
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(executed) != 2*runs {
		t.Errorf("%d executions", len(executed))
	}
	audit, err := w.store.VerifyAudit(t.Context())
	if err != nil || audit.Fault != nil || audit.Entries < 5*runs {
		t.Errorf("%+v, %v", audit, err)
	}
}
