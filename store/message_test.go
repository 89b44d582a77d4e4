package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

func (f farm) card(run store.Run) store.Message {
	f.t.Helper()
	return get[store.Message](f.t)(f.Card(f.t.Context(), run.ID))
}

func (f farm) behind() []string {
	f.t.Helper()
	var ids []string
	for _, m := range get[[]store.Message](f.t)(f.Behind(f.t.Context())) {
		ids = append(ids, m.ID)
	}
	return ids
}

func TestACardIsBehindUntilItShowsTheRun(t *testing.T) {
	f := newFarm(t, "web1")
	run := f.create(f.request())
	card := f.card(run)
	if diff := cmp.Diff([]string{card.ID}, f.behind()); diff != "" {
		t.Fatalf("behind (-want +got)\n%s", diff)
	}
	ok(t, f.Rendered(t.Context(), card.ID, "1.1", run.Version))
	if left := f.behind(); len(left) > 0 {
		t.Errorf("still behind: %v", left)
	}
	f.claim(run, time.Minute)
	if diff := cmp.Diff([]string{card.ID}, f.behind()); diff != "" {
		t.Errorf("after a change behind (-want +got)\n%s", diff)
	}
	ok(t, f.Rendered(t.Context(), card.ID, "1.1", run.Version)) // the version before: it stays behind
	if diff := cmp.Diff([]string{card.ID}, f.behind()); diff != "" {
		t.Errorf("after a late answer behind (-want +got)\n%s", diff)
	}
}

func TestTheRenderedVersionOnlyGrows(t *testing.T) {
	f := newFarm(t, "web1")
	card := f.card(f.create(f.request()))
	shown := int64(0)
	for _, version := range []int64{3, 2, 3, 1, 5, 4, 5, 0} {
		ok(t, f.Rendered(t.Context(), card.ID, "1."+string(rune('0'+version)), version))
		got := get[store.Message](t)(f.Card(t.Context(), card.Owner))
		shown = max(shown, version)
		if got.RenderedVersion != shown || got.TS != "1."+string(rune('0'+shown)) {
			t.Errorf("after %d it shows %d at %s, want %d", version, got.RenderedVersion, got.TS, shown)
		}
	}
}

func TestAVersionThatIsRenderedTwiceChangesNothing(t *testing.T) {
	f := newFarm(t, "web1")
	card := f.card(f.create(f.request()))
	ok(t, f.Rendered(t.Context(), card.ID, "1.1", 1))
	before := dump(t, f.db)
	ok(t, f.Rendered(t.Context(), card.ID, "1.2", 1))
	if diff := cmp.Diff(before, dump(t, f.db)); diff != "" {
		t.Error(diff)
	}
}

func TestAFailedMessageIsTriedAgain(t *testing.T) {
	f := newFarm(t, "web1")
	run := f.create(f.request())
	card := f.card(run)
	at := f.Now().Add(time.Minute)
	for range 2 {
		ok(t, f.RetryMessage(t.Context(), card.ID, at))
	}
	got := f.card(run)
	if got.Attempts != 2 || !got.RetryAt.Equal(at.Time) || len(f.behind()) != 1 {
		t.Errorf("%d attempts, again at %v; behind: %v", got.Attempts, got.RetryAt, f.behind())
	}
	ok(t, f.Rendered(t.Context(), card.ID, "1.1", 1))
	if got = f.card(run); got.Attempts != 0 || got.RetryAt.UnixMicro() != 0 {
		t.Errorf("after it went well: %d attempts, again at %v", got.Attempts, got.RetryAt)
	}
}

func TestAMessageThatIsGivenUpIsLeftAlone(t *testing.T) {
	f := newFarm(t, "web1")
	run := f.create(f.request())
	card := f.card(run)
	ok(t, f.GiveUpMessage(t.Context(), card.ID, "is_archived"))
	before := dump(t, f.db)
	ok(t, f.GiveUpMessage(t.Context(), card.ID, "is_archived"))
	if diff := cmp.Diff(before, dump(t, f.db)); diff != "" {
		t.Error(diff)
	}
	f.claim(run, time.Minute)
	if left := f.behind(); len(left) > 0 {
		t.Errorf("still behind: %v", left)
	}
	if got := f.card(run); got.GivenUp != "is_archived" {
		t.Errorf("given up for %q", got.GivenUp)
	}
}

func TestOnlyWhatIsNotPostedIsRedirected(t *testing.T) {
	f := newFarm(t, "web1")
	posted, waiting, other := f.create(f.request()), f.create(f.request()), f.create(f.request())
	ok(t, f.Rendered(t.Context(), f.card(posted).ID, "1.1", 1))
	ok(t, f.Attempting(t.Context(), f.card(waiting).ID))
	ok(t, f.RetryMessage(t.Context(), f.card(waiting).ID, f.Now()))
	for range 2 {
		ok(t, f.RedirectMessages(t.Context(), posted.ID, "D1"))
		ok(t, f.RedirectMessages(t.Context(), waiting.ID, "D1"))
	}
	for run, want := range map[string]string{posted.ID: "C1", waiting.ID: "D1", other.ID: "C1"} {
		if got := get[store.Message](t)(f.Card(t.Context(), run)); got.Channel != want {
			t.Errorf("run %s goes to %s, want %s", run, got.Channel, want)
		}
	}
	if got := f.card(waiting); got.AttemptedAt != nil || got.RetryAt.UnixMicro() != 0 {
		t.Errorf("the redirected card was attempted at %v and waits until %v", got.AttemptedAt, got.RetryAt)
	}
}

func TestTheFirstAttemptIsTheOneThatCounts(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, filepath.Join(t.TempDir(), "drover.db"), store.Options{Now: c.Now}), "web1")
	run := f.create(f.request())
	first := c.Now()
	for range 2 {
		ok(t, f.Attempting(t.Context(), f.card(run).ID))
		c.advance(time.Minute)
	}
	if got := f.card(run); got.AttemptedAt == nil || !got.AttemptedAt.Equal(first) {
		t.Errorf("attempted at %v, want %v", got.AttemptedAt, first)
	}
}

func TestADeletedPostIsPostedAnew(t *testing.T) {
	f := newFarm(t, "web1")
	run := f.create(f.request())
	card := f.card(run)
	ok(t, f.Attempting(t.Context(), card.ID))
	ok(t, f.Rendered(t.Context(), card.ID, "1.1", 1))
	if owner := get[string](t)(f.MessageOwner(t.Context(), "C1", "1.1")); owner != run.ID {
		t.Errorf("the message shows run %s, want %s", owner, run.ID)
	}
	ok(t, f.ForgetPost(t.Context(), card.ID))
	if got := f.card(run); got.TS != "" || got.AttemptedAt != nil || len(f.behind()) != 1 {
		t.Errorf("it is at %q, attempted at %v; behind: %v", got.TS, got.AttemptedAt, f.behind())
	}
	for _, ts := range []string{"1.1", ""} {
		_, err := f.MessageOwner(t.Context(), "C1", ts)
		wantErr(t, err, store.ErrNotFound)
	}
}

func TestATargetIsToldOfByOneReply(t *testing.T) {
	f := newFarm(t, "web1", "web2", "web3")
	run, _ := f.started()
	card := f.card(run)
	id := func(i int) string { return run.Targets[i].ID }
	plans := [][]store.NewReply{
		{{Kind: store.MessageReply, Targets: []string{id(0), id(1)}, File: true}},
		{{Kind: store.MessageReply, Targets: []string{id(0), id(1)}, File: true}}, // the same again
		{{Kind: store.MessageReply, Targets: []string{id(1)}}, {Kind: store.MessageReply, Targets: []string{id(2)}}},
		{{Kind: store.MessageReply, Targets: []string{id(2), id(0)}}},
	}
	for _, plan := range plans {
		ok(t, f.CreateReplies(t.Context(), run, card, plan))
	}
	kinds := map[store.MessageKind]int{}
	for _, m := range get[[]store.Message](t)(f.Behind(t.Context())) {
		kinds[m.Kind]++
	}
	if diff := cmp.Diff(map[store.MessageKind]int{store.MessageCard: 1, store.MessageReply: 2, store.MessageFile: 1}, kinds); diff != "" {
		t.Errorf("messages (-want +got)\n%s", diff)
	}
	targets := f.read(run.ID).Targets
	if targets[0].MessageID == nil || targets[1].MessageID == nil || targets[2].MessageID == nil {
		t.Fatal("a target is told of by no reply")
	}
	if *targets[0].MessageID != *targets[1].MessageID || *targets[0].MessageID == *targets[2].MessageID {
		t.Error("the targets are told of by the wrong replies")
	}
}

func TestAReplyOfTwoStoresIsMadeOnce(t *testing.T) {
	f := newFarm(t, names(50)...)
	other := again(t, f.Store)
	run, _ := f.started()
	card := f.card(run)
	for _, target := range run.Targets {
		plan := []store.NewReply{{Kind: store.MessageReply, Targets: []string{target.ID}}}
		race(
			func() { check(t, f.CreateReplies(t.Context(), run, card, plan)) },
			func() { check(t, other.CreateReplies(t.Context(), run, card, plan)) },
		)
	}
	if n := len(f.behind()); n != 51 {
		t.Errorf("50 targets and a card make %d messages, want 51", n)
	}
}

func TestAResultMarksItsReplyAsBehind(t *testing.T) {
	f := newFarm(t, "web1")
	run, lease := f.started()
	f.begin(lease, run.Targets[0].ID)
	run = f.read(run.ID)
	ok(t, f.CreateReplies(t.Context(), run, f.card(run), []store.NewReply{{Kind: store.MessageReply, Targets: []string{run.Targets[0].ID}}}))
	for _, id := range f.behind() {
		ok(t, f.Rendered(t.Context(), id, "1."+id, run.Version))
	}
	if left := f.behind(); len(left) > 0 {
		t.Fatalf("still behind: %v", left)
	}
	f.succeed(lease, run.Targets[0])
	if n := len(f.behind()); n != 2 {
		t.Errorf("%d messages are behind, want the card and the reply", n)
	}
}

func TestCardsAreRenderedFirst(t *testing.T) {
	f := newFarm(t, "web1")
	run, _ := f.started()
	ok(t, f.CreateReplies(t.Context(), run, f.card(run), []store.NewReply{{Kind: store.MessageReply, Targets: []string{run.Targets[0].ID}}}))
	late := f.create(f.request())
	list := get[[]store.Message](t)(f.Behind(t.Context()))
	if len(list) != 3 || list[0].Owner != run.ID || list[1].Owner != late.ID || list[2].Kind != store.MessageReply {
		t.Errorf("the order is %+v", list)
	}
}
