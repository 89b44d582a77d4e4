package executor_test

import (
	"strings"
	"testing"
	"time"

	"drover/store"
)

// TestAStaleRunExpires: what was asked for long ago may be wrong by now. Looking is never wrong.
func TestAStaleRunExpires(t *testing.T) {
	for name, begin := range map[string]func(*world, store.Run) error{
		"serve":    func(w *world, _ store.Run) error { w.serve(w.engine); return nil },
		"terminal": func(w *world, run store.Run) error { return w.engine.Work(w.Context(), run.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			g := newGate()
			close(g.open)
			web1 := w.host("web1", g.handle)
			stale, look := w.submit("poke web1 word=stale"), w.submit("peek web1")
			w.clock.advance(2 * time.Minute)
			fresh := w.submit("poke web1 word=fresh")
			w.clock.advance(8*time.Minute + time.Second)

			must(t, begin(w, stale))
			if stale = w.ended(stale.ID); stale.State != store.Expired || !strings.Contains(stale.StateReason, "not begun within 10m") {
				t.Errorf("it is %s because %q", stale.State, stale.StateReason)
			}
			if stale.Targets[0].State != store.TargetSkipped {
				t.Errorf("its target is %s", stale.Targets[0].State)
			}
			equal(t, []string{"run.requested", "target.skipped", "run.expired"}, events(w.audit("run/1")))
			for _, id := range []string{look.ID, fresh.ID} {
				must(t, begin(w, w.run(id)))
				if run := w.ended(id); run.State != store.Succeeded {
					t.Errorf("#%d is %s", run.Number, run.State)
				}
			}
			if web1.Sessions() != 2 {
				t.Errorf("%d commands", web1.Sessions())
			}
		})
	}
}
