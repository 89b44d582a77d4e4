package bot_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
		if inFile {
			told[target.Server]++
		}
		if told[target.Server] != 1 {
			t.Errorf("%s is told of %d times, in the file: %t", target.Server, told[target.Server], inFile)
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

// TestTheFileHoldsWhatTheRowDoesNot: where a row keeps only a part of an output, the file in the thread holds all of it. What
// would be too much for one file is named.
func TestTheFileHoldsWhatTheRowDoesNot(t *testing.T) {
	w := newWorld(t, stillClock())
	d := w.started(3)
	w.must(os.Mkdir(filepath.Dir(w.store.LogFile("x")), 0o700))
	for i, target := range d.run().Targets {
		result := good("the beginning\n… 9 lines omitted …\nthe end")
		text := strings.Repeat("the middle of "+target.Server+"\n", 9)
		if i == 2 {
			text = strings.Repeat("z", 17<<20)
		}
		w.must(os.WriteFile(w.store.LogFile(target.ID), []byte(text), 0o600))
		result.LogSize = int64(len(text))
		d.finish(target, result)
	}
	d.over()
	w.settle(w.projector())
	replies := w.replies(w.card(ops))
	if len(replies) != 2 || len(replies[1].Files) != 1 {
		t.Fatalf("the thread is %+v", replies)
	}
	content, _ := w.slack.File(replies[1].Files[0].ID)
	for text, want := range map[string]int{"the middle of web1": 9, "the middle of web2": 9, "zzzz": 0, "lines omitted": 1, "`drover show` names it": 1} {
		if strings.Count(string(content), text) != want {
			t.Errorf("the file says %q %d times", text, strings.Count(string(content), text))
		}
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
