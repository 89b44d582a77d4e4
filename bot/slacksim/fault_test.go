package slacksim_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"drover/bot/slacksim"
)

func TestFaults(t *testing.T) {
	s := start(t)
	hello := args{"channel": "C1OPS", "text": "hello"}
	s.Fail("chat.postMessage", slacksim.Fault{Times: 1, Status: 429, RetryAfter: 7 * time.Second})
	s.Fail("chat.postMessage", slacksim.Fault{Times: 1, Status: 503})
	s.Fail("chat.postMessage", slacksim.Fault{Times: 2, Error: "internal_error"})
	if a := call(t, s, "chat.postMessage", hello); a.status != 429 || a.err() != "ratelimited" || a.header.Get("Retry-After") != "7" {
		t.Errorf("429: %d %v", a.status, a.fields)
	}
	if a := call(t, s, "chat.postMessage", hello); a.status != 503 {
		t.Errorf("503: %d", a.status)
	}
	for range 2 {
		if a := call(t, s, "chat.postMessage", hello); a.err() != "internal_error" {
			t.Errorf("error: %v", a.fields)
		}
	}
	if n := len(s.Messages("C1OPS")); n != 0 {
		t.Errorf("%d messages came through", n)
	}
	s.Fail("*", slacksim.Fault{Error: "fatal_error"})
	for range 3 {
		if a := call(t, s, "auth.test", nil); a.err() != "fatal_error" {
			t.Errorf("until cleared: %v", a.fields)
		}
	}
	s.ClearFaults()
	post(t, s, hello)
	if calls := s.Calls("chat.postMessage"); len(calls) != 5 || calls[0].Status != 429 || calls[2].Error != "internal_error" || calls[4].Args["text"] != "hello" {
		t.Errorf("calls %+v", calls)
	}
}

func TestLostAnswer(t *testing.T) {
	s := start(t)
	s.Fail("chat.postMessage", slacksim.Fault{Times: 1, LoseAnswer: true})
	form := url.Values{"token": {s.BotToken()}, "channel": {"C1OPS"}, "text": {"ambiguous"}}
	if resp, err := http.PostForm(s.APIURL()+"chat.postMessage", form); err == nil {
		_ = resp.Body.Close()
		t.Error("there was an answer")
	}
	if m := s.Messages("C1OPS"); len(m) != 1 || m[0].Text != "ambiguous" {
		t.Errorf("messages %+v", m)
	}
	if c := s.Calls("chat.postMessage"); len(c) != 1 || !c[0].AnswerLost || c[0].Error != "" {
		t.Errorf("calls %+v", c)
	}
}

func TestAway(t *testing.T) {
	s := start(t)
	c, _ := dial(t, s)
	ticket := openURL(t, s)
	s.Away(true)
	c.ended()
	if a := call(t, s, "auth.test", nil); a.status != http.StatusServiceUnavailable {
		t.Errorf("away: %d", a.status)
	}
	s.Away(false)
	if a := call(t, s, "auth.test", nil); a.err() != "" {
		t.Errorf("back: %v", a.fields)
	}
	if ticket == openURL(t, s) {
		t.Error("tickets repeat")
	}
	dial(t, s)
}
