package slacksim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"drover/bot/slacksim"
)

func TestHello(t *testing.T) {
	s := start(t)
	_, hello := dial(t, s)
	if hello.Type != "hello" || hello.Num != 1 || hello.Info["app_id"] != s.AppID() {
		t.Errorf("hello %+v", hello)
	}
	if hello.Debug["host"] == "" || hello.Debug["approximate_connection_time"] != 18060.0 {
		t.Errorf("debug_info %+v", hello.Debug)
	}
	if _, second := dial(t, s); second.Num != 2 {
		t.Errorf("the second connection is number %d", second.Num)
	}
}

func TestTicketsWorkOnce(t *testing.T) {
	s := start(t)
	url := openURL(t, s)
	ws, _, err := websocket.DefaultDialer.Dial(url, nil)
	must(t, err)
	must(t, ws.Close())
	for _, u := range []string{url, strings.Replace(openURL(t, s), "ticket=", "ticket=x", 1)} {
		if _, resp, err := websocket.DefaultDialer.Dial(u, nil); err == nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("a used or wrong ticket was taken: %v", err)
		}
	}
}

func TestEleventhConnection(t *testing.T) {
	s := start(t)
	for range 10 {
		dial(t, s)
	}
	c, first := dial(t, s)
	if first.Type != "disconnect" || first.Reason != "too_many_websockets" {
		t.Errorf("the 11th connection got %+v", first)
	}
	c.ended()
	if s.Connections() != 10 {
		t.Errorf("%d connections", s.Connections())
	}
}

func TestPingsAndCompression(t *testing.T) {
	s := start(t, func(c *slacksim.Config) { c.Limits.Ping = 10 * time.Millisecond })
	dialer := websocket.Dialer{EnableCompression: true}
	ws, resp, err := dialer.Dial(openURL(t, s), nil)
	must(t, err)
	defer ws.Close()
	if !strings.Contains(resp.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate") {
		t.Error("compression was not accepted")
	}
	pinged, ponged, envelopes := make(chan string, 100), make(chan string, 1), make(chan envelope, 10)
	answer := ws.PingHandler()
	ws.SetPingHandler(func(data string) error {
		select {
		case pinged <- data:
		default:
		}
		return answer(data)
	})
	ws.SetPongHandler(func(data string) error { ponged <- data; return nil })
	must(t, ws.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(time.Second)))
	go func() {
		for {
			var e envelope
			if ws.ReadJSON(&e) != nil {
				return
			}
			envelopes <- e
		}
	}()
	if got := <-ponged; got != "are you there" {
		t.Errorf("pong %q", got)
	}
	for range 5 { // well past the 3 intervals after which a silent client is dropped
		<-pinged
	}
	<-envelopes // hello
	result := slash(t, s, "help")
	must(t, ws.WriteJSON(obj{"envelope_id": (<-envelopes).ID, "payload": obj{"text": strings.Repeat("compressed ", 100)}}))
	if r := <-result; r.Error != "" || r.Message == nil {
		t.Errorf("response %+v", r)
	}
}

func TestCloseHandshake(t *testing.T) {
	s := start(t)
	c, _ := dial(t, s)
	codes := make(chan int, 1)
	c.ws.SetCloseHandler(func(code int, _ string) error { codes <- code; return nil })
	must(t, c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second)))
	if code := <-codes; code != 1000 {
		t.Errorf("close answered with %d", code)
	}
	c.ended()
	must(t, s.WaitFor(soon(t), func() bool { return s.Connections() == 0 }))
}

func TestOneEnvelopeToOneConnection(t *testing.T) {
	s := start(t)
	all := make(chan int, 100)
	var socks []*socket
	for range 3 {
		c, _ := dial(t, s)
		socks = append(socks, c)
	}
	for i, c := range socks {
		go func() {
			for e := range c.read {
				all <- i
				_ = c.ws.WriteJSON(obj{"envelope_id": e.ID})
			}
		}()
	}
	used := map[int]int{}
	for range 30 {
		if r := <-slash(t, s, "help"); r.Error != "" {
			t.Fatalf("response %+v", r)
		}
		used[<-all]++
	}
	if len(all) != 0 || len(used) < 2 {
		t.Errorf("delivered %v and %d more", used, len(all))
	}
}

func TestDisconnectReasons(t *testing.T) {
	s := start(t, func(c *slacksim.Config) { c.Limits.Grace = time.Millisecond })
	for _, reason := range []string{"warning", "refresh_requested", "link_disabled", "too_many_websockets"} {
		c, _ := dial(t, s)
		s.Disconnect(reason)
		if e := c.next(); e.Type != "disconnect" || e.Reason != reason {
			t.Errorf("got %+v, want %s", e, reason)
		}
		c.ended()
	}
}

func TestOldConnectionsAreRefreshed(t *testing.T) {
	s := start(t, func(c *slacksim.Config) { c.Limits.ConnectionLife, c.Limits.Grace = time.Millisecond, time.Millisecond })
	c, _ := dial(t, s)
	if e := c.next(); e.Type != "disconnect" || e.Reason != "warning" {
		t.Errorf("got %+v", e)
	}
	c.ended()
}

func TestLateBigAndForeignAcks(t *testing.T) {
	s := start(t, func(c *slacksim.Config) { c.Limits.Ack = 50 * time.Millisecond })
	c, _ := dial(t, s)
	feed := s.Subscribe(soon(t))
	dropped := func(want string) {
		t.Helper()
		for e := range feed {
			if e.Kind == slacksim.EventAckDropped {
				if e.Name != want {
					t.Errorf("dropped as %q, want %q", e.Name, want)
				}
				return
			}
		}
	}
	result := slash(t, s, "help")
	late := c.next().ID
	r := <-result
	if r.Error != "operation_timeout" || r.Message == nil || !strings.Contains(r.Message.Text, "operation_timeout") {
		t.Errorf("no ack: %+v", r)
	}
	c.ack(late, nil)
	dropped("unknown_envelope")

	result = slash(t, s, "help")
	c.ack(c.next().ID, obj{"text": strings.Repeat("x", 20<<10)})
	dropped("too_big")
	if r := <-result; r.Error != "operation_timeout" {
		t.Errorf("an ack of 20 KiB: %+v", r)
	}
	must(t, c.ws.WriteMessage(websocket.TextMessage, []byte("garbage")))
	dropped("invalid")
	if n := len(s.Ephemerals("U1ANN")); n != 2 {
		t.Errorf("the person saw %d messages, want 2", n)
	}
}

func TestDispatchFailed(t *testing.T) {
	s := start(t)
	r := <-slash(t, s, "help")
	if r.Error != "dispatch_failed" || len(s.Ephemerals("U1ANN")) != 1 {
		t.Errorf("response without a connection: %+v", r)
	}
}

func TestEventsAreRedelivered(t *testing.T) {
	s := start(t, func(c *slacksim.Config) {
		c.Limits.Ack = 20 * time.Millisecond
		c.Limits.EventRetries = []time.Duration{0, time.Millisecond, time.Millisecond}
	})
	c, _ := dial(t, s)
	_, err := s.PostMessage("U1ANN", "C1OPS", "", "@drover hi")
	must(t, err)
	ids, events := map[string]bool{}, map[any]bool{}
	for attempt := range 4 {
		e := c.next()
		if e.Type != "events_api" || e.Accepts || e.Attempt != attempt || (e.RetryReason == "timeout") != (attempt > 0) {
			t.Errorf("delivery %d: %+v", attempt, e)
		}
		ids[e.ID], events[e.Payload["event_id"]] = true, true
	}
	if len(ids) != 4 || len(events) != 1 {
		t.Errorf("envelopes %v, events %v", ids, events)
	}
	done := make(chan error, 1)
	go func() {
		_, err := s.Redeliver(soon(t), "", 1)
		done <- err
	}()
	c.ack(c.next().ID, obj{"text": "ignored"})
	must(t, <-done)
}

func TestEventsSurviveNoConnection(t *testing.T) {
	s := start(t, func(c *slacksim.Config) { c.Limits.EventRetries = []time.Duration{50 * time.Millisecond} })
	_, err := s.PostMessage("U1ANN", "C1OPS", "", "@drover hi")
	must(t, err)
	c, _ := dial(t, s)
	if e := c.next(); e.Type != "events_api" || e.Attempt > 1 {
		t.Errorf("got %+v", e)
	}
}

func TestDuplicateEnvelope(t *testing.T) {
	s := start(t)
	c, _ := dial(t, s)
	result := slash(t, s, "help")
	first := c.next()
	c.ack(first.ID, nil)
	<-result
	done := make(chan error, 1)
	go func() {
		_, err := s.Duplicate(soon(t))
		done <- err
	}()
	again := c.next()
	if again.ID != first.ID || again.Payload["trigger_id"] != first.Payload["trigger_id"] {
		t.Errorf("duplicate %+v of %+v", again, first)
	}
	c.ack(again.ID, nil)
	must(t, <-done)
}

func TestEventsNeedSubscriptionAndScope(t *testing.T) {
	s := start(t, withoutScopes(t, "app_mentions:read"))
	c, _ := dial(t, s)
	_, err := s.PostMessage("U1ANN", "C1OPS", "", "@drover no scope, and no message.channels")
	must(t, err)
	_, err = s.PostMessage("U1ANN", "C2OUT", "", "@drover not a member")
	must(t, err)
	must(t, s.OpenHome("U1ANN"))
	e := c.next()
	inner, _ := e.Payload["event"].(obj)
	if inner["type"] != "app_home_opened" {
		t.Errorf("got %+v", inner)
	}
	for _, name := range []string{"event_id", "event_time", "authorizations", "team_id", "api_app_id", "is_ext_shared_channel", "token"} {
		if _, ok := e.Payload[name]; !ok {
			t.Errorf("the payload has no %s", name)
		}
	}
}

func TestNoEnvelopeAfterDisconnect(t *testing.T) {
	s := start(t, func(c *slacksim.Config) { c.Limits.Grace = time.Minute })
	c, _ := dial(t, s)
	s.Disconnect("warning")
	if r := <-slash(t, s, "help"); r.Error != "dispatch_failed" {
		t.Errorf("response %+v", r)
	}
	if e := c.next(); e.Type != "disconnect" {
		t.Errorf("got %+v", e)
	}
	if s.Disconnect("warning"); len(c.read) != 0 {
		t.Error("it was told twice")
	}
}

func TestPayloadsOfEventAcksAreIgnored(t *testing.T) {
	s := start(t)
	c, _ := dial(t, s)
	feed := s.Subscribe(soon(t))
	must(t, s.OpenHome("U1ANN"))
	c.ack(c.next().ID, obj{"text": "nobody reads this"})
	for e := range feed {
		if e.Kind != slacksim.EventAck {
			continue
		}
		if strings.Contains(string(e.Data), "nobody") {
			t.Errorf("the ack is %s", e.Data)
		}
		return
	}
}
