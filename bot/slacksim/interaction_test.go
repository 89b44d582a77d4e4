package slacksim_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"drover/bot/slacksim"
)

// acting runs what a person does in the background.
func acting(t *testing.T, f func() (slacksim.Response, error)) <-chan slacksim.Response {
	t.Helper()
	out := make(chan slacksim.Response, 1)
	go func() {
		r, err := f()
		if err != nil {
			t.Error(err)
		}
		out <- r
	}()
	return out
}

func modal(change obj) string {
	v := obj{
		"type": "modal", "callback_id": "run.start", "title": plain(1), "submit": plain(1),
		"blocks": arr{obj{"type": "input", "block_id": "why", "label": plain(1), "element": obj{"type": "plain_text_input", "action_id": "reason"}}},
	}
	for k, x := range change {
		v[k] = x
	}
	data := &bytes.Buffer{}
	_ = jsonEncode(data, v)
	return data.String()
}

func TestSlashPayload(t *testing.T) {
	s := start(t)
	c, _ := dial(t, s)
	for _, tt := range []struct{ channel, command, text, name, want string }{
		{"C1OPS", "/server", "run <web1> & @bob #ops #secret https://x.example/a?b=1&c=2 a@b.example", "ops",
			"run &lt;web1&gt; &amp; <@U2BOB|bob> <#C1OPS|ops> <#G1SEC|> <https://x.example/a?b=1&amp;c=2> <mailto:a@b.example|a@b.example>"},
		{"G1SEC", "/plain", "@bob <x>", "privategroup", "@bob &lt;x&gt;"},
	} {
		result := acting(t, func() (slacksim.Response, error) {
			return s.SlashCommand(soon(t), "U1ANN", tt.channel, tt.command, tt.text)
		})
		e := c.next()
		if e.Type != "slash_commands" || !e.Accepts {
			t.Errorf("envelope %+v", e)
		}
		c.ack(e.ID, obj{})
		want := obj{
			"team_id": "T01DROVER", "team_domain": "drover-demo", "channel_id": tt.channel, "channel_name": tt.name,
			"user_id": "U1ANN", "user_name": "ann", "command": tt.command, "text": tt.want, "api_app_id": s.AppID(),
			"is_enterprise_install": "false",
		}
		for name, v := range want {
			if e.Payload[name] != v {
				t.Errorf("%s is %q, want %q", name, e.Payload[name], v)
			}
		}
		if r := <-result; r.TriggerID == "" || r.ResponseURL != e.Payload["response_url"] || r.Message != nil || r.Error != "" {
			t.Errorf("response %+v", r)
		}
	}
}

func TestSlashRefusals(t *testing.T) {
	s := start(t)
	r, err := s.SlashCommand(soon(t), "U1ANN", "C1OPS", "/nope", "")
	if err != nil || r.Error != "unknown_command" || !strings.Contains(r.Message.Text, "not a valid command") {
		t.Errorf("%+v %v", r, err)
	}
	ts, err := s.PostMessage("U1ANN", "C1OPS", "", "hi")
	must(t, err)
	if r, err = s.SlashCommandInThread("U1ANN", "C1OPS", ts, "/server"); err != nil || r.Error != "not_supported_in_threads" {
		t.Errorf("%+v %v", r, err)
	}
	if _, err = s.SlashCommand(soon(t), "U3CAT", "C1OPS", "/server", ""); err == nil {
		t.Error("somebody outside the channel could type there")
	}
}

func TestSlashAckPayloads(t *testing.T) {
	s := start(t)
	c, _ := dial(t, s)
	for _, tt := range []struct {
		payload  any
		err      string
		everyone bool
	}{
		{obj{"text": "only you"}, "", false},
		{"a bare string", "", false},
		{obj{"text": "all", "response_type": "in_channel"}, "", true},
		{obj{"blocks": arr{obj{"type": "poem"}}}, "invalid_blocks", false},
		{obj{"response_type": "in_channel"}, "no_text", false},
		{obj{"text": "x", "response_type": "loud"}, "invalid_response_type", false},
	} {
		before := len(s.Messages("C1OPS"))
		result := slash(t, s, "help")
		c.ack(c.next().ID, tt.payload)
		r := <-result
		if r.Error != tt.err || r.Message == nil || (r.Message.To == "") != tt.everyone {
			t.Errorf("%v: %+v", tt.payload, r)
		}
		if got := len(s.Messages("C1OPS")) > before; got != tt.everyone {
			t.Errorf("%v: in the channel %v", tt.payload, got)
		}
	}
}

func respond(t *testing.T, url string, payload any) answer {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(encoded(t, payload)))
	must(t, err)
	req.Header.Set("Content-Type", "application/json")
	return do(t, req)
}

func TestResponseURL(t *testing.T) {
	c := newClock()
	s := start(t, func(cfg *slacksim.Config) { cfg.Now = c.Now })
	sock, _ := dial(t, s)
	newURL := func() string {
		t.Helper()
		result := slash(t, s, "help")
		sock.ack(sock.next().ID, obj{"text": "first"})
		return (<-result).ResponseURL
	}
	url := newURL()
	if a := respond(t, url, obj{"blocks": arr{obj{"type": "poem"}}}); a.err() != "invalid_blocks" || a.status != 400 {
		t.Errorf("bad blocks: %d %v", a.status, a.fields)
	}
	respond(t, url, obj{"text": "second", "replace_original": true})
	mine := s.Ephemerals("U1ANN")
	if len(mine) != 1 || mine[0].Text != "second" || mine[0].Version != 2 {
		t.Errorf("after replace_original: %+v", mine)
	}
	respond(t, url, obj{"text": "all", "response_type": "in_channel"})
	respond(t, url, obj{"text": "private"})
	respond(t, url, obj{"delete_original": true})
	if len(s.Messages("C1OPS")) != 1 || len(s.Ephemerals("U1ANN")) != 1 {
		t.Errorf("channel %v, ephemeral %v", s.Messages("C1OPS"), s.Ephemerals("U1ANN"))
	}
	if a := respond(t, url, obj{"text": "sixth"}); a.err() != "used_url" || a.status != 404 {
		t.Errorf("the sixth use: %d %v", a.status, a.fields)
	}
	url = newURL()
	c.advance(30*time.Minute + time.Second)
	if a := respond(t, url, obj{"text": "late"}); a.err() != "expired_url" {
		t.Errorf("after 30 minutes: %v", a.fields)
	}
}

func TestClickPayload(t *testing.T) {
	s := start(t)
	c, _ := dial(t, s)
	blocks := encoded(t, arr{
		obj{"type": "actions", "block_id": "b1", "elements": arr{buttonWith(obj{"value": "1"}), selectOf(nil)}},
		obj{"type": "actions", "block_id": "b2", "elements": arr{buttonWith(obj{"value": "2"})}},
	})
	ts := post(t, s, args{"channel": "C1OPS", "text": "x", "blocks": blocks})
	click := func(ts, action string, pick slacksim.Pick) obj {
		t.Helper()
		result := acting(t, func() (slacksim.Response, error) { return s.Click(soon(t), "U1ANN", "C1OPS", ts, action, pick) })
		e := c.next()
		c.ack(e.ID, nil)
		if r := <-result; r.Error != "" || e.Payload["response_url"] != r.ResponseURL {
			t.Errorf("response %+v", r)
		}
		return e.Payload
	}
	action := func(p obj) obj { return p["actions"].(arr)[0].(obj) }
	p := click(ts, "a", slacksim.Pick{})
	if p["type"] != "block_actions" || action(p)["value"] != "1" || action(p)["block_id"] != "b1" || p["trigger_id"] == "" {
		t.Errorf("payload %v", p)
	}
	if p["container"].(obj)["message_ts"] != ts || p["message"].(obj)["ts"] != ts || p["user"].(obj)["id"] != "U1ANN" {
		t.Errorf("payload %v", p)
	}
	if got := action(click(ts, "a", slacksim.Pick{Value: "2"}))["block_id"]; got != "b2" {
		t.Errorf("picked by value: %v", got)
	}
	if got := action(click(ts, "s", slacksim.Pick{Value: "v1"}))["selected_option"].(obj)["value"]; got != "v1" {
		t.Errorf("picked option: %v", got)
	}
	whispered := call(t, s, "chat.postEphemeral", args{"channel": "C1OPS", "user": "U1ANN", "text": "x", "blocks": blocks}).text("message_ts")
	if p := click(whispered, "a", slacksim.Pick{}); p["container"].(obj)["is_ephemeral"] != true {
		t.Errorf("container %v", p["container"])
	}
	for name, err := range map[string]error{
		"a button that is not there": second(s.Click(soon(t), "U1ANN", "C1OPS", ts, "zzz")),
		"a wrong option":             second(s.Click(soon(t), "U1ANN", "C1OPS", ts, "s", slacksim.Pick{Value: "v9"})),
		"somebody else's ephemeral":  second(s.Click(soon(t), "U2BOB", "C1OPS", whispered, "a")),
		"from outside":               second(s.Click(soon(t), "U3CAT", "C1OPS", ts, "a")),
	} {
		if err == nil {
			t.Errorf("%s could be clicked", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestEditedMessages(t *testing.T) {
	s := start(t)
	c, _ := dial(t, s)
	dm, err := s.OpenDM("U1ANN")
	must(t, err)
	ts, err := s.PostMessage("U1ANN", dm, "", "ping")
	must(t, err)
	c.ack(c.next().ID, nil)
	must(t, s.EditMessage("U1ANN", dm, ts, "pong"))
	e := c.next()
	inner, _ := e.Payload["event"].(obj)
	if inner["subtype"] != "message_changed" || inner["message"].(obj)["text"] != "pong" || inner["previous_message"].(obj)["text"] != "ping" {
		t.Errorf("event %v", inner)
	}
	c.ack(e.ID, nil)
	if err := s.EditMessage("U2BOB", "C1OPS", ts, "x"); err == nil {
		t.Error("somebody edited what is not theirs")
	}
	ts, err = s.PostMessage("U1ANN", "C1OPS", "", "hello")
	must(t, err)
	must(t, s.EditMessage("U1ANN", "C1OPS", ts, "hello @drover"))
	inner, _ = c.next().Payload["event"].(obj)
	if inner["type"] != "app_mention" || inner["edited"] == nil {
		t.Errorf("event %v", inner)
	}
}

func TestMentionsThatAreNotHeard(t *testing.T) {
	s := start(t)
	c, _ := dial(t, s)
	dm, err := s.OpenDM("U1ANN")
	must(t, err)
	_, err = s.PostMessage("U1ANN", "C2OUT", "", "@drover the bot is not here")
	must(t, err)
	_, err = s.PostMessage("U1ANN", dm, "", "@drover in a DM")
	must(t, err)
	must(t, s.OpenHome("U1ANN"))
	for _, want := range []string{"message", "app_home_opened"} {
		e := c.next()
		if got := e.Payload["event"].(obj)["type"]; got != want {
			t.Errorf("event %v, want %s", got, want)
		}
		c.ack(e.ID, nil)
	}
}
