package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"drover/store"
)

func TestWhichRunStatesAreFinal(t *testing.T) {
	for _, state := range openRuns {
		if state.Final() {
			t.Errorf("%s is final", state)
		}
	}
	for _, state := range finalRuns {
		if !state.Final() {
			t.Errorf("%s is not final", state)
		}
	}
}

func TestARunComesBackAsItWasAskedFor(t *testing.T) {
	f := newFarm(t, "web1", "web2", "db1")
	n := f.request()
	n.Params, n.Options, n.Plan, n.Reason = store.Strings{"service": "nginx"}, `{"a":1}`, `{"b":2}`, "it is slow"
	n.InboxKey = "trigger-1"
	limit := 2
	n.MaxFailures = &limit
	n.Batches = map[string]int{f.servers[0].ID: store.CanaryBatch, f.servers[1].ID: 3}
	run := f.create(n)
	got := f.read(run.ID)
	want := n.Run
	want.ID, want.Number, want.Version, want.State = run.ID, 1, 1, store.Queued
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(store.Run{}, "CreatedAt", "QueuedAt", "Targets"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for i, target := range got.Targets {
		want := store.Target{
			ID: target.ID, RunID: run.ID, Position: i, ServerID: f.servers[i].ID, Server: f.servers[i].Name,
			Batch: []int{store.CanaryBatch, 3, store.FirstBatch}[i], Changes: true, State: store.TargetPending, Facts: store.Strings{},
		}
		if diff := cmp.Diff(want, target); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	if len(got.Targets) != 3 {
		t.Errorf("%d targets, want 3", len(got.Targets))
	}
	card := get[store.Message](t)(f.Card(t.Context(), run.ID))
	if card.Channel != "C1" || card.WantedVersion != 1 || card.RenderedVersion != 0 {
		t.Errorf("its card is %+v", card)
	}
	byNumber := get[store.Run](t)(f.RunNumbered(t.Context(), 1))
	if diff := cmp.Diff(got, byNumber); diff != "" {
		t.Errorf("by number (-by id +by number)\n%s", diff)
	}
}

func TestARunWithoutAChannelHasNoCard(t *testing.T) {
	f := newFarm(t, "web1")
	n := f.request()
	n.Channel = ""
	_, err := f.Card(t.Context(), f.create(n).ID)
	wantErr(t, err, store.ErrNotFound)
}

func TestARunThatIsNotThere(t *testing.T) {
	f := newFarm(t)
	_, err := f.Run(t.Context(), "x")
	wantErr(t, err, store.ErrNotFound)
	_, err = f.RunNumbered(t.Context(), 1)
	wantErr(t, err, store.ErrNotFound)
}

func TestARedeliveryReturnsTheRun(t *testing.T) {
	f := newFarm(t, "web1")
	n := f.request()
	n.InboxKey = "trigger-1"
	run := f.create(n)
	for range 3 {
		again, duplicate, err := f.CreateRun(t.Context(), n)
		want(t, true)(duplicate, err)
		if again.ID != run.ID || len(again.Targets) != 1 {
			t.Errorf("the redelivery returned run %s with %d targets, want %s with 1", again.ID, len(again.Targets), run.ID)
		}
	}
	for range 2 { // without a key nothing is a redelivery
		f.create(f.request())
	}
	if n := len(get[[]store.Run](t)(f.Runs(t.Context(), 10))); n != 3 {
		t.Errorf("%d runs, want 3", n)
	}
}

func TestADeliveryThatWasAnsweredWithoutARunMakesNone(t *testing.T) {
	f := newFarm(t, "web1")
	want(t, false)(f.Receive(t.Context(), "trigger-1"))
	n := f.request()
	n.InboxKey = "trigger-1"
	run, duplicate, err := f.CreateRun(t.Context(), n)
	want(t, true)(duplicate, err)
	if run.ID != "" {
		t.Errorf("it returned run %s", run.ID)
	}
}

func TestARunIsRepeatedOnce(t *testing.T) {
	f := newFarm(t, "web1")
	first := f.create(f.request())
	n := f.request()
	n.RetryOf, n.InboxKey = &first.ID, "click-1"
	second := f.create(n)
	got := f.read(first.ID)
	card := get[store.Message](t)(f.Card(t.Context(), first.ID))
	if got.RetriedBy != second.Number || got.Version <= first.Version || card.WantedVersion != got.Version {
		t.Errorf("repeated by %d, want %d; version %d, its card shall show %d", got.RetriedBy, second.Number, got.Version, card.WantedVersion)
	}
	before := dump(t, f.db)
	n.InboxKey = "click-2"
	_, _, err := f.CreateRun(t.Context(), n)
	wantErr(t, err, store.ErrExists)
	if diff := cmp.Diff(before, dump(t, f.db)); diff != "" {
		t.Errorf("the refused repetition left a trace:\n%s", diff)
	}
	third := f.request()
	third.RetryOf = &second.ID // the repetition itself can be repeated
	f.create(third)
}

// A run that fails half way leaves nothing, not even its inbox key: the redelivery shall be able to make it.
func TestARunIsRecordedWholeOrNotAtAll(t *testing.T) {
	f := newFarm(t, "web1")
	for name, spoil := range map[string]func(*store.NewRun){
		"the same server twice": func(n *store.NewRun) { n.Servers = append(n.Servers, n.Servers...) },
		"an unknown action":     func(n *store.NewRun) { n.ActionID = "nothing" },
		"an unknown origin":     func(n *store.NewRun) { n.Origin = "telepathy" },
	} {
		n := f.request()
		n.InboxKey = "trigger-1"
		spoil(&n)
		before := dump(t, f.db)
		if _, _, err := f.CreateRun(t.Context(), n); err == nil {
			t.Errorf("%s: it was recorded", name)
		}
		if diff := cmp.Diff(before, dump(t, f.db)); diff != "" {
			t.Errorf("%s left a trace:\n%s", name, diff)
		}
	}
	n := f.request()
	n.InboxKey = "trigger-1"
	f.create(n)
}

// A run in brief is looked at again and again while it is worked: it has all but what its servers said.
func TestARunInBriefHasNoOutput(t *testing.T) {
	f := newFarm(t, "web1", "web2")
	run, lease := f.started()
	targets := run.Targets
	f.begin(lease, targets[0].ID)
	want(t, true)(f.FinishTarget(t.Context(), lease, targets[0], store.Result{
		State: store.TargetSucceeded, Summary: "done", Stdout: "much", Stderr: "more", Details: "all of it", Facts: store.Strings{"updates": "3"},
	}))
	whole, brief := f.read(run.ID), get[store.Run](t)(f.RunInBrief(t.Context(), run.ID))
	whole.Targets[0].Stdout, whole.Targets[0].Stderr, whole.Targets[0].Details = "", "", ""
	if diff := cmp.Diff(whole, brief, cmpopts.IgnoreFields(store.Target{}, "Facts")); diff != "" {
		t.Errorf("(-whole +brief)\n%s", diff)
	}
	_, err := f.RunInBrief(t.Context(), "x")
	wantErr(t, err, store.ErrNotFound)
}

func TestRunsAreListedNewestFirst(t *testing.T) {
	f := newFarm(t, "web1", "web2")
	for range 3 {
		f.create(f.request())
	}
	list := get[[]store.Run](t)(f.Runs(t.Context(), 2))
	if len(list) != 2 || list[0].Number != 3 || list[1].Number != 2 {
		t.Fatalf("got %d runs: %+v", len(list), list)
	}
	if len(list[0].Targets) != 2 {
		t.Errorf("with %d targets, want 2", len(list[0].Targets))
	}
}
