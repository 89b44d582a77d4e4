package bot_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"drover/bot/slacksim"
	"drover/store"
)

// misfortunes of Slack, each of which ends in one card, right, with one reply in its thread.
func TestAProjectionSurvives(t *testing.T) {
	away := slacksim.Fault{Times: 3, Status: 503}
	lost := slacksim.Fault{Times: 1, LoseAnswer: true}
	limited := slacksim.Fault{Times: 1, Status: 429, RetryAfter: 20 * time.Second}
	for name, fault := range map[string]struct {
		method string
		slacksim.Fault
	}{
		"everything is down":       {"*", slacksim.Fault{Times: 10, Status: 503}},
		"posts are down":           {"chat.postMessage", away},
		"edits are down":           {"chat.update", away},
		"posts are limited":        {"chat.postMessage", limited},
		"edits are limited":        {"chat.update", limited},
		"a post's answer is lost":  {"chat.postMessage", lost},
		"an edit's answer is lost": {"chat.update", lost},
		"Slack is broken":          {"chat.postMessage", slacksim.Fault{Times: 2, Error: "internal_error"}},
		"Slack is in trouble":      {"chat.update", slacksim.Fault{Times: 2, Error: "service_unavailable"}},
		"the token is wrong":       {"chat.postMessage", slacksim.Fault{Times: 2, Error: "invalid_auth"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, stillClock())
			p := w.projector()
			w.slack.Fail(fault.method, fault.Fault)
			d := w.started(3)
			w.turn(p)
			d.end(good("done"))
			w.settle(p)
			card := w.card(ops)
			if got := metadataOf(card).Payload; got.State != "succeeded" || got.Version != d.run().Version {
				t.Errorf("the card shows %+v", got)
			}
			if replies := w.replies(card); len(replies) != 1 {
				t.Errorf("%d replies, want 1", len(replies))
			}
		})
	}
}

// An answer that got lost is not a message that got lost: whatever was posted is found again, and not posted twice.
func TestLostAnswersMakeNoDuplicates(t *testing.T) {
	w := newWorld(t, stillClock())
	p := w.projector()
	d := w.started(2)
	targets := d.run().Targets
	d.finish(targets[0], bad("no"))
	d.finish(targets[1], good(strings.Repeat("a long line\n", 1000)))
	d.over()
	w.slack.Fail("chat.postMessage", slacksim.Fault{Times: 1, LoseAnswer: true})
	for len(w.cards(ops)) == 0 {
		w.turn(p)
	}
	w.slack.Fail("chat.postMessage", slacksim.Fault{Times: 1, LoseAnswer: true})
	w.slack.Fail("files.completeUploadExternal", slacksim.Fault{Times: 1, LoseAnswer: true})
	w.settle(p)
	var got []string
	for _, reply := range w.replies(w.card(ops)) {
		got = append(got, fmt.Sprint(metadataOf(reply).Payload.Servers, " ", len(reply.Files)))
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"[] 1", "[web1] 0", "[web2] 0"}, got); diff != "" {
		t.Errorf("the thread (-want +got):\n%s", diff)
	}
	lost := 0
	for _, call := range w.slack.Calls() {
		if call.AnswerLost {
			lost++
		}
	}
	if lost != 3 {
		t.Errorf("%d answers were lost, want 3", lost)
	}
}

// Killed between a post and the note of it, drover comes back to a channel where people went on talking.
func TestAKilledProjectorLeavesNoDuplicate(t *testing.T) {
	w := newWorld(t, stillClock())
	d := w.started(1)
	behind, err := w.store.Behind(t.Context())
	w.must(err)
	w.must(w.store.Attempting(t.Context(), behind[0].ID))
	_, ts, err := w.api.PostMessageContext(t.Context(), ops, slack.MsgOptionText("Queued #1: update web1", false),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "drover_run", EventPayload: map[string]any{"run": 1, "state": "queued", "version": 1}}))
	w.must(err)
	for i := range 250 {
		w.clock.advance(time.Second)
		_, err := w.slack.PostMessage("U0VIEWER", ops, "", fmt.Sprint("talk ", i))
		w.must(err)
	}
	d.end(good("done"))
	w.settle(w.projector())
	if card := w.card(ops); card.TS != ts || metadataOf(card).Payload.State != "succeeded" {
		t.Errorf("the card is %s %+v, want %s to show the end", card.TS, metadataOf(card), ts)
	}
}

// Without the right to read a channel, drover cannot look for a lost post; one card too many is better than none.
func TestWithoutTheRightToLookACardIsPosted(t *testing.T) {
	w := newWorld(t, stillClock())
	d := w.started(1)
	w.slack.Fail("chat.postMessage", slacksim.Fault{Times: 1, Status: 503})
	w.slack.Fail("conversations.history", slacksim.Fault{Error: "missing_scope"})
	d.end(good("done"))
	w.settle(w.projector())
	w.card(ops)
}

func TestRetryAfterIsRespected(t *testing.T) {
	for _, method := range []string{"chat.postMessage", "chat.update"} {
		w := newWorld(t, stillClock())
		p := w.projector()
		d := w.started(1)
		if method == "chat.update" {
			w.settle(p)
		}
		w.slack.Fail(method, slacksim.Fault{Times: 1, Status: 429, RetryAfter: 37 * time.Second})
		d.end(good("done"))
		w.settle(p)
		calls := w.slack.Calls(method)
		limited := slices.IndexFunc(calls, func(c slacksim.Call) bool { return c.Status == 429 })
		if wait := calls[limited+1].At.Sub(calls[limited].At); wait < 37*time.Second || wait > 40*time.Second {
			t.Errorf("%s was called again after %s, want 37 s", method, wait)
		}
	}
}

// A message that somebody deletes is posted anew as soon as it has something new to tell.
func TestADeletedCardIsPostedAnew(t *testing.T) {
	w := newWorld(t, stillClock())
	p := w.projector()
	d := w.started(2)
	w.settle(p)
	first := w.card(ops)
	w.remove(first)
	d.end(good("done"))
	w.settle(p)
	card := w.card(ops)
	if card.TS == first.TS || metadataOf(card).Payload.State != "succeeded" || len(w.replies(card)) != 1 {
		t.Errorf("the card is %+v", card)
	}
}

// The card is not due when the reply is: the reply finds out that its thread is gone.
func TestAReplyWhoseThreadWasDeletedGetsANewOne(t *testing.T) {
	w := newWorld(t, stillClock())
	p := w.projector()
	d := w.started(2)
	w.settle(p)
	w.remove(w.card(ops))
	d.finish(d.run().Targets[0], bad("no"))
	w.settle(p)
	if replies := w.replies(w.card(ops)); len(replies) != 1 || metadataOf(replies[0]).Payload.Servers[0] != "web1" {
		t.Errorf("the thread is %+v", replies)
	}
}

// remove deletes a message, as an admin of the workspace can.
func (w *world) remove(m slacksim.Message) {
	w.Helper()
	_, _, err := w.api.DeleteMessageContext(w.Context(), m.Channel, m.TS)
	w.must(err)
}

// Where drover cannot post, the person who asked gets the card as a direct message.
func TestACardThatCannotBePostedGoesToItsRequester(t *testing.T) {
	for name, prepare := range map[string]func(*world, *store.NewRun){
		"channel_not_found": func(_ *world, n *store.NewRun) { n.Channel = hidden },
		"not_in_channel":    func(_ *world, n *store.NewRun) { n.Channel = outside },
		"is_archived":       func(w *world, _ *store.NewRun) { w.must(w.slack.Archive(ops)) },
		"the person":        func(_ *world, n *store.NewRun) { n.Channel = "U0OPERATOR" },
		"not at once": func(w *world, n *store.NewRun) {
			n.Channel = hidden
			w.slack.Fail("chat.postMessage", slacksim.Fault{Times: 2, Status: 503})
		},
		"after a slow start": func(w *world, n *store.NewRun) {
			n.Channel = hidden
			w.slack.Fail("conversations.open", slacksim.Fault{Times: 2, Status: 503})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, stillClock())
			request := w.request(2)
			prepare(w, &request)
			p := w.projector()
			d := w.create(request)
			w.settle(p)
			d.claim()
			d.each(func(target store.Target) { d.begin(target) })
			d.end(good("done"))
			w.settle(p)
			card := w.card(w.dm("U0OPERATOR"))
			if metadataOf(card).Payload.State != "succeeded" || len(w.replies(card)) != 1 {
				t.Errorf("the direct message is %s with %d replies", card.Metadata, len(w.replies(card)))
			}
		})
	}
}

// A channel that is gone by the time a reply is due takes neither card nor reply any more; nothing goes round in circles.
func TestAChannelThatIsGoneInTheMiddle(t *testing.T) {
	w := newWorld(t, stillClock())
	p := w.projector()
	d := w.started(2)
	w.settle(p)
	w.must(w.slack.Archive(ops))
	d.end(bad("no"))
	w.settle(p)
	if metadataOf(w.card(ops)).Payload.State != "running" || len(w.cards(w.dm("U0OPERATOR"))) != 0 {
		t.Error("a message was posted after all")
	}
}

func TestARequesterWhoCannotBeWrittenToIsGivenUp(t *testing.T) {
	w := newWorld(t, stillClock())
	request := w.request(1)
	request.Channel = hidden
	w.slack.Fail("chat.postMessage", slacksim.Fault{Error: "channel_not_found"})
	p := w.projector()
	d := w.create(request)
	w.settle(p)
	d.claim()
	d.each(func(target store.Target) { d.begin(target) })
	d.end(good("done"))
	w.settle(p)
	if n := len(w.slack.Calls("chat.postMessage")); n != 2 {
		t.Errorf("%d posts were tried, want 2", n)
	}
}

// A message that Slack will never take is given up, and logged; its thread with it, and nobody else's.
func TestARefusedMessageIsGivenUpAndOthersGoOn(t *testing.T) {
	w := newWorld(t, stillClock())
	p := w.projector()
	w.slack.Fail("chat.postMessage", slacksim.Fault{Times: 1, Error: "invalid_blocks"})
	refused := w.started(2)
	refused.finish(refused.run().Targets[0], bad("its reply waits for the card"))
	w.turn(p)
	other := w.started(1)
	refused.end(good("one"))
	other.end(good("two"))
	w.settle(p)
	card := w.card(ops)
	if metadataOf(card).Payload.Run != 2 || len(w.replies(card)) != 1 {
		t.Errorf("the other card is %s", card.Metadata)
	}
	if log := w.log.text(); !strings.Contains(log, "given up") || !strings.Contains(log, "invalid_blocks") || !strings.Contains(log, "run=1") {
		t.Errorf("the log says\n%s", log)
	}
}
