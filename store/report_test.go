package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

func TestReport(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, filepath.Join(t.TempDir(), "drover.db"), store.Options{Now: c.Now}), "web1", "web2")
	old := f.create(f.urgent())
	c.advance(48 * time.Hour)
	since := f.Now()
	f.create(f.request())
	reviewed := f.create(f.urgent())
	ok(t, f.Review(t.Context(), bob, reviewed.ID, ""))
	preview := f.request()
	preview.Preview, preview.Changes = true, false
	f.create(preview)
	lease := f.claim(f.create(f.request()), time.Hour)
	run := get[store.Run](t)(f.Run(t.Context(), lease.RunID))
	for _, target := range run.Targets {
		f.begin(lease, target.ID)
		get[bool](t)(f.FinishTarget(t.Context(), lease, target, store.Result{State: store.TargetSucceeded}))
	}
	get[bool](t)(f.FinishRun(t.Context(), lease))
	cancelled := f.create(f.request())
	get[bool](t)(f.Cancel(t.Context(), alice, cancelled.ID, ""))

	report := get[store.Report](t)(f.Report(t.Context(), since))
	want := []store.RunCount{{Action: run.Action, Runs: 4, Succeeded: 1, Open: 2, Servers: len(run.Targets)}}
	if diff := cmp.Diff(want, report.Actions); diff != "" {
		t.Error(diff)
	}
	if n := report.Actions[0].Others(); n != 1 {
		t.Errorf("%d others", n)
	}
	// What nobody has looked at is told however old it is.
	if len(report.Urgent) != 2 || report.Urgent[0].ID != reviewed.ID || report.Urgent[1].ID != old.ID {
		t.Errorf("broke the glass: %+v", report.Urgent)
	}
	if runs := get[[]store.Run](t)(f.RunsSince(t.Context(), since)); len(runs) != 4 {
		t.Errorf("%d runs", len(runs))
	}
}
