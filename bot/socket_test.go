package bot_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"drover/bot"
	"drover/bot/slacksim"
	"drover/store"
)

// wire is the least of a Slack: it sends what it is told over one socket, and hears the acks. The local Slack sends
// nothing that a client could not read.
type wire struct {
	*httptest.Server
	send chan string
	acks chan string
}

func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{send: make(chan string, 100), acks: make(chan string, 100)}
	mux := http.NewServeMux()
	mux.HandleFunc("/apps.connections.open", func(rw http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(rw, `{"ok": true, "url": "ws%s/link"}`, strings.TrimPrefix(w.URL, "http"))
	})
	mux.HandleFunc("/link", w.link)
	w.Server = httptest.NewServer(mux)
	t.Cleanup(w.Close)
	return w
}

func (w *wire) link(rw http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := upgrader.Upgrade(rw, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	go func() {
		for text := range w.send {
			if ws.WriteMessage(websocket.TextMessage, []byte(text)) != nil {
				return
			}
		}
	}()
	for {
		var ack struct {
			ID string `json:"envelope_id"`
		}
		if ws.ReadJSON(&ack) != nil {
			return
		}
		w.acks <- ack.ID
	}
}

func (w *wire) envelope(id, kind string, payload string) string {
	return fmt.Sprintf(`{"envelope_id": %q, "type": %q, "payload": %s}`, id, kind, payload)
}

// Slack delivers three times more what is not acked, so also what cannot be read is acked; and what has no id to ack
// harms nobody.
func TestWhatCannotBeReadIsAcked(t *testing.T) {
	o := furnish(t)
	w := newWire(t)
	defer close(w.send)
	b := bot.New(bot.Config{Store: o.store, Engine: o.engine, Log: o.logger(), AppToken: "xapp-1", BotToken: "xoxb-1", APIURL: w.URL})
	o.background(b.Run)
	w.send <- `{"type": "hello"}`
	for i, text := range []string{
		w.envelope("unknown-event", "events_api", `{"type": "event_callback", "event": {"type": "from_the_future", "x": 1}}`),
		w.envelope("unknown-kind", "from_the_future", `{}`),
		w.envelope("not-an-object", "slash_commands", `"surprise"`),
		w.envelope("wrong-types", "interactive", `{"type": 7, "actions": "none"}`),
		w.envelope("odd-user", "events_api", `{"type": "event_callback", "event": {"type": "user_change", "user": {"id": 7}}}`),
		w.envelope("no-actions", "interactive", `{"type": "block_actions", "actions": []}`),
		w.envelope("shortcut", "interactive", `{"type": "shortcut", "callback_id": "run.start", "trigger_id": "1"}`),
		w.envelope("nobody", "events_api", `{"type": "event_callback", "event": {"type": "message", "channel_type": "im"}}`),
	} {
		w.send <- `{"surprise": true}`
		w.send <- text
		var sent struct {
			ID string `json:"envelope_id"`
		}
		o.must(json.Unmarshal([]byte(text), &sent))
		select {
		case got := <-w.acks:
			if got != sent.ID {
				t.Fatalf("envelope %d is acked as %q, want %q", i, got, sent.ID)
			}
		case <-time.After(patience):
			t.Fatalf("%s is not acked:\n%s", sent.ID, o.log.text())
		}
	}
	o.nothingRan()
}

// A panic in the handling of one envelope is logged, and the next one is handled.
func TestAPanicEndsNothing(t *testing.T) {
	o := furnish(t)
	broken := bot.New(bot.Config{Store: o.store, Log: o.logger(), AppToken: bot.Token(o.slack.AppToken()), BotToken: bot.Token(o.slack.BotToken()), APIURL: o.slack.APIURL()}) // no engine
	o.must(broken.Connect(t.Context()))
	stop := o.listen(broken)
	o.mention("U0OPERATOR", ops, "", "poke web1")
	o.mention("U0OPERATOR", ops, "", "poke web1")
	o.must(o.slack.UpdateUser(slacksim.User{ID: "U0OPERATOR", Name: "operator", Restricted: true}))
	o.awaitUser("U0OPERATOR", func(u store.User) bool { return u.Guest })
	stop()
	o.says(o.log.text(), "handling an envelope failed badly", "stack=")
	o.nothingRan()
}

// What was accepted before drover is told to stop is still handled to its end, then Run returns.
func TestAStopWaitsForWhatIsBeingHandled(t *testing.T) {
	o := furnish(t)
	o.must(o.bot.Connect(t.Context()))
	stop := o.listen(o.bot)
	o.slack.Fail("chat.postEphemeral", slacksim.Fault{Times: 1, Delay: 300 * time.Millisecond})
	o.mention("U0OUTSIDER", ops, "", "poke web1")
	_, err := o.slack.Redeliver(t.Context(), "", 1) // its ack says that the first delivery has been read
	o.must(err)
	stop()
	if n := len(o.slack.Ephemerals("U0OUTSIDER")); n == 0 {
		t.Error("nobody answered")
	}
}

// A connection that breaks is made again, and nobody notices.
func TestALostConnectionComesBack(t *testing.T) {
	o := openOffice(t)
	o.slack.DropConnections()
	o.await("the connection", func() bool { return o.slack.Connections() > 0 })
	o.slash("U0OPERATOR", ops, "peek web1")
	o.shows(ops, 1, store.Succeeded)
}
