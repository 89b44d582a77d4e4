package bot

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"drover/store"
)

// goingOn is a target that drover waits for no longer, and whose end is not proven.
func goingOn(server string) store.Target {
	now := store.Time{Time: time.Unix(1000, 0)}
	return store.Target{
		ID: server, Server: server, State: store.TargetTimedOut, Detached: true, ProbeAt: &now, StartedAt: &now, FinishedAt: &now,
		Summary: "The command on " + server + " took longer than its limit. It was not stopped: it goes on there. Its result follows.",
	}
}

func provenEnd(server, output string) store.Target {
	t := goingOn(server)
	t.State, t.ProbeAt, t.Summary, t.Stdout = store.TargetSucceeded, nil, "12 upgraded", output
	return t
}

func shown(t *testing.T, c content) string {
	t.Helper()
	text, err := json.Marshal(c.blocks)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheCardSaysThatItGoesOn(t *testing.T) {
	run := store.Run{Number: 7, Action: "update", State: store.Failed, Targets: []store.Target{goingOn("web1"), provenEnd("web2", "")}}
	got := shown(t, renderCard(run))
	if !strings.Contains(got, ":hourglass_flowing_sand: `web1`  timed out, goes on:") || !strings.Contains(got, ":white_check_mark: `web2`  12 upgraded") {
		t.Error(got)
	}
}

func TestCancelSaysWhatItDoes(t *testing.T) {
	run := store.Run{State: store.Running, Targets: []store.Target{{Server: "web1", State: store.TargetRunning}}}
	if got := shown(t, renderCard(run)); !strings.Contains(got, "What is running on the servers is ended.") {
		t.Error(got)
	}
	run.Targets[0].Detached = true
	if got := shown(t, renderCard(run)); !strings.Contains(got, "drover only stops waiting") || strings.Contains(got, "is ended") {
		t.Error(got)
	}
}

// What was one end for all when the reply was made may have become several since: no server is shown with another's.
func TestAReplyTellsApartWhatWasProven(t *testing.T) {
	targets := []store.Target{goingOn("web1"), goingOn("web2"), goingOn("web3")}
	if replies := newReplies(store.Run{State: store.Failed, Targets: targets}); len(replies) != 1 {
		t.Fatalf("%d replies", len(replies))
	}
	targets[0] = provenEnd("web1", "output of the first")
	c := renderReply(store.Run{Number: 7}, targets)
	got := shown(t, c)
	if !strings.Contains(got, ":white_check_mark: `web1` 12 upgraded") || !strings.Contains(got, "`web2 web3` timed out, goes on:") || strings.Count(got, "output of the first") != 1 {
		t.Error(got)
	}
	if needsFile(targets) || len(c.metadata.EventPayload["servers"].([]string)) != 3 {
		t.Errorf("%v", c.metadata)
	}
}

// A reply stays one message that Slack takes, however many ends were proven: the rest is in a file.
func TestAReplyOfManyEndsStaysSmall(t *testing.T) {
	var targets []store.Target
	for i := range 40 {
		targets = append(targets, provenEnd(fmt.Sprintf("web%d", i), strings.Repeat(fmt.Sprintf("line %d\n", 1000+i), 400)))
	}
	c := renderReply(store.Run{Number: 7}, targets)
	if !needsFile(targets) || len(c.blocks) > 2*maxGroups+1 || len(shown(t, c)) > 12000 {
		t.Errorf("%d blocks, %d bytes", len(c.blocks), len(shown(t, c)))
	}
	if needsFile([]store.Target{provenEnd("web1", "short")}) || !needsFile([]store.Target{provenEnd("web1", strings.Repeat("x", maxOutput+1))}) {
		t.Error("a file beside a short output, or none beside a long one")
	}
}
