package slacksim_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"drover/bot/slacksim"
)

type args = map[string]string

func TestTokens(t *testing.T) {
	s := start(t)
	for _, tt := range []struct{ method, token, want string }{
		{"auth.test", "", "not_authed"},
		{"auth.test", "xoxb-wrong", "invalid_auth"},
		{"auth.test", s.BotToken(), ""},
		{"auth.test", s.AppToken(), ""},
		{"users.info", s.AppToken(), "not_allowed_token_type"},
		{"apps.connections.open", s.BotToken(), "not_allowed_token_type"},
		{"apps.connections.open", "", "not_authed"},
		{"api.test", "", ""},
		{"no.such", s.BotToken(), "unknown_method"},
	} {
		if got := callForm(t, s, tt.method, tt.token, nil).err(); got != tt.want {
			t.Errorf("%s with a form: %q, want %q", tt.method, got, tt.want)
		}
		if tt.token == "" {
			continue
		}
		if got := callJSON(t, s, tt.method, tt.token, obj{}).err(); got != tt.want {
			t.Errorf("%s with JSON: %q, want %q", tt.method, got, tt.want)
		}
	}
	for _, c := range s.Calls() {
		if strings.Contains(encoded(t, c), "xoxb-") || strings.Contains(encoded(t, c), "xapp-") {
			t.Errorf("a token is in the call log: %+v", c)
		}
	}
}

func TestBodies(t *testing.T) {
	s := start(t)
	for _, tt := range []struct{ kind, body, want string }{
		{"application/json", "", "no_text"}, // slack-go sends empty JSON bodies
		{"application/json", "{", "invalid_json"},
		{"application/json", "[]", "json_not_object"},
		{"text/plain", "x", "invalid_post_type"},
		{"", "x", "missing_post_type"},
		{"application/x-www-form-urlencoded", "text=%zz", "invalid_form_data"},
		{"application/json", `{"text":"hi","blocks":[]}`, ""},
		{"application/json", `{"blocks":[{"type":"divider"}],"metadata":null}`, ""},
		{"application/json", `{"text":"hi","blocks":"[{\"type\":\"divider\"}]"}`, ""},
	} {
		req, err := http.NewRequest(http.MethodPost, s.APIURL()+"chat.postMessage?channel=C1OPS", strings.NewReader(tt.body))
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+s.BotToken())
		if tt.kind != "" {
			req.Header.Set("Content-Type", tt.kind)
		}
		if got := do(t, req).err(); got != tt.want {
			t.Errorf("%s %q: %q, want %q", tt.kind, tt.body, got, tt.want)
		}
	}
}

func withoutScopes(t *testing.T, scopes ...string) func(*slacksim.Config) {
	return func(c *slacksim.Config) {
		for _, scope := range scopes {
			cut := bytes.ReplaceAll(c.Manifest, []byte(`"`+scope+`",`), nil)
			if bytes.Equal(cut, c.Manifest) {
				t.Fatalf("the manifest has no scope %s", scope)
			}
			c.Manifest = cut
		}
	}
}

func TestScopes(t *testing.T) {
	gone := []string{"chat:write", "channels:history", "groups:history", "im:history", "channels:read", "groups:read", "im:read", "im:write", "usergroups:read", "files:write"}
	s := start(t, withoutScopes(t, gone...))
	dm, err := s.OpenDM("U1ANN")
	must(t, err)
	for _, tt := range []struct {
		method string
		args   args
		needed string
	}{
		{"chat.postMessage", args{"channel": "C1OPS", "text": "x"}, "chat:write"},
		{"chat.update", nil, "chat:write"},
		{"chat.delete", nil, "chat:write"},
		{"chat.postEphemeral", nil, "chat:write"},
		{"conversations.info", args{"channel": "C1OPS"}, "channels:read"},
		{"conversations.info", args{"channel": "G1SEC"}, "groups:read"},
		{"conversations.info", args{"channel": dm}, "im:read"},
		{"conversations.members", args{"channel": "C1OPS"}, "channels:read"},
		{"conversations.list", nil, "channels:read"},
		{"conversations.list", args{"types": "private_channel"}, "groups:read"},
		{"conversations.list", args{"types": "mpim"}, "mpim:read"},
		{"conversations.history", args{"channel": "C1OPS"}, "channels:history"},
		{"conversations.history", args{"channel": "G1SEC"}, "groups:history"},
		{"conversations.replies", args{"channel": dm}, "im:history"},
		{"conversations.open", args{"users": "U1ANN"}, "im:write"},
		{"usergroups.list", nil, "usergroups:read"},
		{"usergroups.users.list", nil, "usergroups:read"},
		{"files.getUploadURLExternal", nil, "files:write"},
		{"files.completeUploadExternal", nil, "files:write"},
		{"files.info", nil, "files:read"},
		{"team.info", nil, "team:read"},
	} {
		a := call(t, s, tt.method, tt.args)
		if a.err() != "missing_scope" || a.text("needed") != tt.needed || !strings.Contains(a.text("provided"), "users:read") {
			t.Errorf("%s %v: %v", tt.method, tt.args, a.fields)
		}
	}
}

type refusal struct {
	method string
	args   args
	want   string
}

// refusals are calls that Slack refuses, given a message of the bot, one of a
// person and an ephemeral one.
func refusals(t *testing.T, s *slacksim.Server, mine, theirs, whispered string) []refusal {
	t.Helper()
	return []refusal{
		{"chat.postMessage", args{"text": "x"}, "channel_not_found"},
		{"chat.postMessage", args{"channel": "C0NONE", "text": "x"}, "channel_not_found"},
		{"chat.postMessage", args{"channel": "G2OUT", "text": "x"}, "channel_not_found"},
		{"chat.postMessage", args{"channel": "C2OUT", "text": "x"}, "not_in_channel"},
		{"chat.postMessage", args{"channel": "C3OLD", "text": "x"}, "is_archived"},
		{"chat.postMessage", args{"channel": "C1OPS"}, "no_text"},
		{"chat.postMessage", args{"channel": "C1OPS", "text": " "}, "no_text"},
		{"chat.postMessage", args{"channel": "C1OPS", "text": "x", "thread_ts": "1.000000"}, "thread_not_found"},
		{"chat.postMessage", args{"channel": "C1OPS", "text": "x", "username": "root"}, "missing_scope"},
		{"chat.postMessage", args{"channel": "C1OPS", "markdown_text": strings.Repeat("ä", 12_001)}, "msg_too_long"},
		{"chat.postMessage", args{"channel": "C1OPS", "markdown_text": "x", "text": "x"}, "markdown_text_conflict"},
		{"chat.postMessage", args{"channel": "C1OPS", "attachments": encoded(t, many(101, func(int) any { return obj{"text": "x"} }))}, "too_many_attachments"},
		{"chat.postMessage", args{"channel": "C1OPS", "text": "x", "metadata": "x"}, "metadata_must_be_sent_as_json"},
		{"chat.postMessage", args{"channel": "C1OPS", "text": "x", "metadata": `{"event_type":"a"}`}, "invalid_metadata_format"},
		{"chat.postMessage", args{"channel": "C1OPS", "text": "x", "metadata": `{"event_payload":{}}`}, "invalid_metadata_format"},
		{"chat.postMessage", args{"channel": "C1OPS", "text": "x", "metadata": `{"event_type":"a","event_payload":{"x":"` + strings.Repeat("x", 9000) + `"}}`}, "metadata_too_large"},
		{"chat.update", args{"channel": "C1OPS", "ts": "1.000000", "text": "x"}, "message_not_found"},
		{"chat.update", args{"channel": "C1OPS", "ts": theirs, "text": "x"}, "cant_update_message"},
		{"chat.update", args{"channel": "C1OPS", "ts": whispered, "text": "x"}, "message_not_found"},
		{"chat.update", args{"channel": "C1OPS", "ts": mine, "text": strings.Repeat("ä", 4001)}, "msg_too_long"},
		{"chat.update", args{"channel": "C1OPS", "ts": mine}, "no_text"},
		{"chat.update", args{"channel": "C3OLD", "ts": mine, "text": "x"}, "is_archived"},
		{"chat.delete", args{"channel": "C1OPS", "ts": theirs}, "cant_delete_message"},
		{"chat.delete", args{"channel": "C1OPS", "ts": "1.000000"}, "message_not_found"},
		{"chat.postEphemeral", args{"channel": "C1OPS", "user": "U0NONE", "text": "x"}, "user_not_found"},
		{"chat.postEphemeral", args{"channel": "C1OPS", "user": "U3CAT", "text": "x"}, "user_not_in_channel"},
		{"chat.postEphemeral", args{"channel": "C1OPS", "user": "U1ANN"}, "no_text"},
		{"chat.getPermalink", args{"channel": "C1OPS", "message_ts": "1.000000"}, "message_not_found"},
		{"conversations.info", args{"channel": "G2OUT"}, "channel_not_found"},
		{"conversations.history", args{"channel": "C2OUT"}, "not_in_channel"},
		{"conversations.history", args{"channel": "C1OPS", "oldest": "x"}, "invalid_ts_oldest"},
		{"conversations.history", args{"channel": "C1OPS", "limit": "1000"}, "invalid_limit"},
		{"conversations.history", args{"channel": "C1OPS", "limit": "x"}, "invalid_arguments"},
		{"conversations.history", args{"channel": "C1OPS", "cursor": "x"}, "invalid_cursor"},
		{"conversations.replies", args{"channel": "C1OPS", "ts": "1.000000"}, "thread_not_found"},
		{"conversations.list", args{"types": "secret"}, "invalid_types"},
		{"conversations.open", nil, "users_list_not_supplied"},
		{"conversations.open", args{"users": "U0NONE"}, "user_not_found"},
		{"conversations.open", args{"users": "U9OFF"}, "user_disabled"},
		{"conversations.open", args{"users": s.BotUserID()}, "cannot_dm_bot"},
		{"conversations.open", args{"users": "U1ANN,U2BOB"}, "missing_scope"},
		{"conversations.open", args{"channel": "C1OPS"}, "method_not_supported_for_channel_type"},
		{"users.info", args{"user": "U0NONE"}, "user_not_found"},
		{"bots.info", args{"bot": "B0NONE"}, "bot_not_found"},
		{"usergroups.users.list", args{"usergroup": "S0NONE"}, "no_such_subteam"},
		{"usergroups.users.list", nil, "invalid_arguments"},
		{"files.getUploadURLExternal", args{"filename": "x"}, "invalid_arguments"},
		{"files.getUploadURLExternal", args{"filename": "x", "length": "0"}, "invalid_arguments"},
		{"files.getUploadURLExternal", args{"filename": "x", "length": "2000000", "snippet_type": "text"}, "snippet_too_large"},
		{"files.completeUploadExternal", args{"files": `[{"id":"F0NONE"}]`}, "file_not_found"},
		{"files.completeUploadExternal", nil, "invalid_arguments"},
		{"views.open", args{"trigger_id": "x", "view": "{}"}, "invalid_trigger_id"},
		{"views.open", nil, "invalid_arguments"},
		{"views.update", args{"view_id": "V0NONE", "view": "{}"}, "not_found"},
		{"views.publish", args{"user_id": "U0NONE", "view": "{}"}, "invalid_arguments"},
		{"api.test", args{"error": "boom"}, "boom"},
	}
}

func TestRefusals(t *testing.T) {
	s := start(t, func(c *slacksim.Config) { c.Limits.NoRates = true })
	must(t, s.AddChannel(slacksim.Channel{ID: "C3OLD", Name: "old", Members: []string{s.BotUserID()}}))
	must(t, s.Archive("C3OLD"))
	must(t, s.AddUser(slacksim.User{ID: "U9OFF", Name: "off", Deleted: true}))
	mine := post(t, s, args{"channel": "C1OPS", "text": "mine"})
	theirs, err := s.PostMessage("U1ANN", "C1OPS", "", "theirs")
	must(t, err)
	whispered := call(t, s, "chat.postEphemeral", args{"channel": "C1OPS", "user": "U1ANN", "text": "psst"}).text("message_ts")
	for _, tt := range refusals(t, s, mine, theirs, whispered) {
		if a := call(t, s, tt.method, tt.args); a.err() != tt.want {
			t.Errorf("%s %.100v: %q, want %q", tt.method, tt.args, a.err(), tt.want)
		}
	}
	if m, _ := s.Message("C1OPS", mine); m.Text != "mine" || m.Version != 1 {
		t.Errorf("a refused update changed the message: %+v", m)
	}
}

func TestUpdateSemantics(t *testing.T) {
	s := start(t)
	divider := encoded(t, arr{obj{"type": "divider", "block_id": "d"}})
	ts := post(t, s, args{"channel": "C1OPS", "text": "one", "blocks": divider, "metadata": `{"event_type":"a","event_payload":{}}`})
	update := func(extra args) slacksim.Message {
		t.Helper()
		extra["channel"], extra["ts"] = "C1OPS", ts
		if a := call(t, s, "chat.update", extra); a.err() != "" {
			t.Fatalf("chat.update: %s", a.err())
		}
		m, _ := s.Message("C1OPS", ts)
		return m
	}
	if m := update(args{"blocks": divider}); m.Text != "one" || m.Blocks == nil {
		t.Errorf("blocks only: %+v", m)
	}
	if m := update(args{"text": "two"}); m.Text != "two" || m.Blocks != nil || m.Metadata == nil {
		t.Errorf("text without blocks must remove the blocks and keep the metadata: %+v", m)
	}
	if m := update(args{"text": "three", "metadata": "{}"}); m.Metadata != nil || m.Version != 4 {
		t.Errorf("empty metadata must remove it: %+v", m)
	}
	rich := post(t, s, args{"channel": "C1OPS", "blocks": encoded(t, arr{richText("x")})})
	if a := call(t, s, "chat.update", args{"channel": "C1OPS", "ts": rich, "blocks": divider}); a.err() != "block_mismatch" {
		t.Errorf("rich text replaced: %q", a.err())
	}
	long := post(t, s, args{"channel": "C1OPS", "text": strings.Repeat("ä", 40_001)})
	if m, _ := s.Message("C1OPS", long); len([]rune(m.Text)) != 40_000 {
		t.Errorf("text of %d characters was kept", len([]rune(m.Text)))
	}
}

func TestHistoryPagesThreadsAndMetadata(t *testing.T) {
	s := start(t, func(c *slacksim.Config) { c.Limits.NoRates = true })
	var all []string
	for range 5 {
		all = append(all, post(t, s, args{"channel": "C1OPS", "text": "x", "metadata": `{"event_type":"a","event_payload":{"n":1}}`}))
	}
	reply := post(t, s, args{"channel": "C1OPS", "text": "reply", "thread_ts": all[0]})
	post(t, s, args{"channel": "C1OPS", "text": "reply to the reply", "thread_ts": reply})

	first := call(t, s, "conversations.history", args{"channel": "C1OPS", "limit": "3"})
	next := first.text("response_metadata", "next_cursor")
	second := call(t, s, "conversations.history", args{"channel": "C1OPS", "limit": "3", "cursor": next, "include_all_metadata": "true"})
	got := []string{}
	for _, a := range []answer{first, second} {
		list, _ := a.at("messages").([]any)
		for _, m := range list {
			got = append(got, m.(obj)["ts"].(string))
			_, has := m.(obj)["metadata"]
			if want := a.at("has_more") == false; has != want {
				t.Errorf("metadata present: %v, want %v", has, want)
			}
		}
	}
	if len(got) != 5 || got[0] != all[4] || got[4] != all[0] || next == "" {
		t.Errorf("history %v, want %v backwards", got, all)
	}
	between := call(t, s, "conversations.history", args{"channel": "C1OPS", "oldest": all[1], "latest": all[3]})
	if list, _ := between.at("messages").([]any); len(list) != 1 {
		t.Errorf("between: %v", list)
	}
	inclusive := call(t, s, "conversations.history", args{"channel": "C1OPS", "oldest": all[1], "latest": all[3], "inclusive": "true"})
	if list, _ := inclusive.at("messages").([]any); len(list) != 3 {
		t.Errorf("inclusive: %v", list)
	}
	replies := call(t, s, "conversations.replies", args{"channel": "C1OPS", "ts": all[0]})
	if list, _ := replies.at("messages").([]any); len(list) != 3 || list[0].(obj)["reply_count"] != 2.0 {
		t.Errorf("replies: %v", list)
	}
}

func TestRates(t *testing.T) {
	c := newClock()
	s := start(t, func(cfg *slacksim.Config) { cfg.Now = c.Now })
	limited := func(method string, a args) (int, bool) {
		for n := 0; ; n++ {
			if n > 1000 {
				return n, false
			}
			r := call(t, s, method, a)
			if r.status != http.StatusTooManyRequests {
				continue
			}
			return n, r.err() == "ratelimited" && r.header.Get("Retry-After") != ""
		}
	}
	for _, tt := range []struct {
		method string
		args   args
		want   int
	}{
		{"chat.postMessage", args{"channel": "C1OPS", "text": "x"}, 5},
		{"chat.postMessage", args{"channel": "G1SEC", "text": "x"}, 5},
		{"chat.update", args{"channel": "C1OPS", "ts": "1"}, 50},
		{"chat.delete", args{"channel": "C1OPS", "ts": "1"}, 50},
		{"chat.postEphemeral", args{"channel": "C1OPS", "user": "U1ANN", "text": "x"}, 100},
		{"users.info", args{"user": "U1ANN"}, 100},
		{"users.list", nil, 20},
	} {
		if n, ok := limited(tt.method, tt.args); n != tt.want || !ok {
			t.Errorf("%s let %d through (proper refusal: %v), want %d", tt.method, n, ok, tt.want)
		}
	}
	c.advance(time.Second)
	post(t, s, args{"channel": "C1OPS", "text": "one a second"})
	if a := call(t, s, "chat.update", args{"channel": "C1OPS", "ts": "1"}); a.header.Get("Retry-After") != "59" {
		t.Errorf("Retry-After %q, want 59", a.header.Get("Retry-After"))
	}
	c.advance(time.Minute)
	if a := call(t, s, "chat.update", args{"channel": "C1OPS", "ts": "1"}); a.err() != "message_not_found" {
		t.Errorf("still limited: %v", a.fields)
	}
}
