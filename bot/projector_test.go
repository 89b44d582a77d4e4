package bot_test

import (
	"context"
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

func TestACardFollowsItsRun(t *testing.T) {
	w := newWorld(t, stillClock())
	p := w.projector()
	d := w.create(w.request(2))
	w.settle(p)
	card := w.card(ops)
	if card.Text != "Queued #1: update web[1-2]" && !strings.HasPrefix(card.Text, "Queued #1: update") {
		t.Errorf("the notification is %q", card.Text)
	}
	d.claim()
	w.settle(p)
	if got := metadataOf(w.card(ops)).Payload.State; got != "running" {
		t.Errorf("the card shows %s", got)
	}
	d.each(func(target store.Target) { d.begin(target) })
	d.end(good("done"))
	w.settle(p)

	card = w.card(ops)
	want := metadata{Type: "drover_run"}
	want.Payload.Run, want.Payload.State, want.Payload.Version = 1, "succeeded", d.run().Version
	if diff := cmp.Diff(want, metadataOf(card)); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	replies := w.replies(card)
	if len(replies) != 1 || metadataOf(replies[0]).Type != "drover_reply" || !slices.Equal(metadataOf(replies[0]).Payload.Servers, []string{"web1", "web2"}) {
		t.Errorf("the thread is %+v", replies)
	}
}

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

// Progress is shown 1 s after the post, then every 3 s; the end at once.
func TestProgressIsPaced(t *testing.T) {
	w := newWorld(t, stillClock())
	p := w.projector()
	d := w.started(20)
	w.turn(p)
	posted := w.slack.Calls("chat.postMessage")[0].At
	targets := d.run().Targets
	for _, target := range targets[:19] {
		d.finish(target, good("done"))
		for range 8 { // 400 ms, in which the loop looks whenever it likes
			p.Pass(t.Context())
			w.clock.advance(50 * time.Millisecond)
		}
	}
	progress := w.slack.Calls("chat.update")
	if len(progress) < 3 {
		t.Fatalf("only %d edits in 7.6 s", len(progress))
	}
	last := posted
	for i, edit := range progress {
		least := 3 * time.Second
		if i == 0 {
			least = time.Second
		}
		if after := edit.At.Sub(last); after < least || after > least+450*time.Millisecond {
			t.Errorf("edit %d comes %s after the one before, want %s", i+1, after, least)
		}
		last = edit.At
	}
	d.end(good("done"))
	over := w.clock.now()
	w.turn(p)
	edits := w.slack.Calls("chat.update")
	if end := edits[len(edits)-1]; end.At.After(over) || readMetadata(end.Args["metadata"]).Payload.State != "succeeded" {
		t.Errorf("the end is shown %s late: %s", end.At.Sub(over), end.Args["metadata"])
	}
}

// What a script sees of a card only ever moves on.
func TestVersionsOnlyGrow(t *testing.T) {
	w := newWorld(t, stillClock())
	p := w.projector()
	d := w.started(10)
	for i, target := range d.run().Targets {
		if i == 3 {
			w.slack.Fail("chat.update", slacksim.Fault{Times: 2, LoseAnswer: true})
		}
		w.turn(p)
		d.finish(target, bad(target.Server))
		w.clock.advance(2 * time.Second)
	}
	d.over()
	w.settle(p)
	var versions []int64
	for _, call := range w.slack.Calls("chat.postMessage", "chat.update") {
		if seen := readMetadata(call.Args["metadata"]); seen.Type == "drover_run" && (call.Error == "" || call.AnswerLost) {
			versions = append(versions, seen.Payload.Version)
		}
	}
	if len(versions) < 5 || !slices.IsSorted(versions) || versions[len(versions)-1] != d.run().Version {
		t.Errorf("the card showed the versions %v", versions)
	}
}

// 200 servers cost as many calls as 5, and their thread never holds more than 20 replies.
func TestCallsDoNotGrowWithTheServers(t *testing.T) {
	calls := func(servers int, output func(i int) store.Result) (n int, thread []slacksim.Message) {
		w := newWorld(t, stillClock())
		p := w.projector()
		d := w.started(servers)
		for part := range 5 {
			for i, target := range d.run().Targets {
				if i%5 == part {
					d.finish(target, output(i))
				}
			}
			w.turn(p)
			w.clock.advance(time.Second)
		}
		d.over()
		w.settle(p)
		for _, call := range w.slack.Calls() {
			if !strings.HasPrefix(call.Method, "files.") {
				n++
			}
		}
		return n, w.replies(w.card(ops))
	}
	same := func(int) store.Result { return good("done") }
	few, _ := calls(5, same)
	many, thread := calls(200, same)
	if few != many || len(thread) != 1 || len(metadataOf(thread[0]).Payload.Servers) != 200 {
		t.Errorf("%d calls for 5 servers, %d for 200, with %d replies", few, many, len(thread))
	}
	different := func(i int) store.Result {
		if i%2 == 0 {
			return bad(fmt.Sprint("error ", i))
		}
		return good(fmt.Sprint("line ", i))
	}
	few, _ = calls(5, different)
	many, thread = calls(200, different)
	if len(thread) > 20 || many > few+20 {
		t.Errorf("%d calls for 5 servers, %d for 200, with %d replies", few, many, len(thread))
	}
}

// Of many servers that fail at different times 19 have replies; the others are in one file, with all they printed.
func TestTheRestIsInOneFile(t *testing.T) {
	w := newWorld(t, stillClock())
	p := w.projector()
	d := w.started(60)
	for i, target := range d.run().Targets {
		d.finish(target, bad(fmt.Sprint("error number ", i, " of ", target.Server)))
		if i%7 == 0 {
			w.turn(p)
		}
	}
	d.over()
	w.settle(p)
	told := map[string]int{}
	var file string
	replies := w.replies(w.card(ops))
	for _, reply := range replies {
		for _, server := range metadataOf(reply).Payload.Servers {
			told[server]++
		}
		for _, f := range reply.Files {
			content, _ := w.slack.File(f.ID)
			file += string(content)
		}
	}
	if len(replies) != 20 {
		t.Errorf("%d replies, want 20", len(replies))
	}
	for i, target := range d.run().Targets {
		inFile := strings.Contains(file, target.Server+": failed: exit 1\n\nerror number "+fmt.Sprint(i, " of ", target.Server)+"\n")
		if inFile == (told[target.Server] == 1) {
			t.Errorf("%s has %d replies, and is in the file: %t", target.Server, told[target.Server], inFile)
		}
	}
}

func TestLongOutputIsAFile(t *testing.T) {
	w := newWorld(t, stillClock())
	d := w.started(2)
	output := strings.Repeat("a line of output\n", 1000) + "the reason"
	d.end(good(output))
	w.settle(w.projector())
	replies := w.replies(w.card(ops))
	if len(replies) != 2 || !strings.Contains(shown(replies[0]), "the reason") || len(replies[1].Files) != 1 {
		t.Fatalf("the thread is %+v", replies)
	}
	content, _ := w.slack.File(replies[1].Files[0].ID)
	if strings.Count(string(content), output) != 2 {
		t.Errorf("the file has %d characters", len(content))
	}
}

// The loop shows what changes without being told, and ends with its context. What is still behind then is for Flush.
func TestRunAndFlush(t *testing.T) {
	w := newWorld(t, &clock{})
	p := w.projector()
	stop := w.background(p.Run)
	d := w.started(1)
	w.await("the card", func() bool { return len(w.cards(ops)) == 1 })
	stop()
	d.end(good("done"))
	w.must(p.Flush(t.Context()))
	if card := w.card(ops); metadataOf(card).Payload.State != "succeeded" || len(w.replies(card)) != 1 {
		t.Errorf("the card is %s with %d replies", card.Metadata, len(w.replies(card)))
	}
}

func TestFlushEndsWhenSlackIsAway(t *testing.T) {
	w := newWorld(t, &clock{})
	w.slack.Away(true)
	w.started(1)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	w.must(w.projector().Flush(ctx))
}
