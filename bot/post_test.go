package bot

import (
	"encoding/json"
	"testing"

	"github.com/slack-go/slack"
	"pgregory.net/rapid"
)

// What Slack gives back is the same message, whatever JSON makes of its numbers and lists.
func TestAMessageIsKnownAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := map[string]any{"run": rapid.IntRange(1, 1<<53).Draw(t, "run"), "version": 7}
		if rapid.Bool().Draw(t, "reply") {
			payload["servers"] = rapid.SliceOfN(rapid.StringMatching(`[a-z0-9._-]{1,63}`), 1, 5).Draw(t, "servers")
		}
		ours := slack.SlackMetadata{EventType: replyEvent, EventPayload: payload}
		text, err := json.Marshal(ours)
		if err != nil {
			t.Fatal(err)
		}
		var theirs slack.SlackMetadata
		if err := json.Unmarshal(text, &theirs); err != nil {
			t.Fatal(err)
		}
		if !sameMessage(ours, theirs) {
			t.Fatalf("%s is not known again", text)
		}
		theirs.EventPayload["version"] = 8
		if !sameMessage(ours, theirs) {
			t.Fatal("another version is another message")
		}
		theirs.EventPayload["run"] = 0
		if sameMessage(ours, theirs) {
			t.Fatal("another run is the same message")
		}
	})
}

func TestOtherMessagesAreNotTakenForOurs(t *testing.T) {
	reply := func(servers ...string) slack.SlackMetadata {
		return slack.SlackMetadata{EventType: replyEvent, EventPayload: map[string]any{"run": 1, "servers": servers}}
	}
	card := slack.SlackMetadata{EventType: cardEvent, EventPayload: map[string]any{"run": 1}}
	for name, other := range map[string]slack.SlackMetadata{
		"none": {}, "the card": card, "other servers": reply("web2"), "more servers": reply("web1", "web2"), "names run together": reply("web1 web2"),
	} {
		if sameMessage(reply("web1"), other) {
			t.Errorf("%s is taken for the reply", name)
		}
	}
	if sameMessage(reply("web1", "web2"), reply("web1 web2")) {
		t.Error("two servers are taken for one")
	}
}
