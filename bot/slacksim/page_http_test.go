package slacksim_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drover/bot/slacksim"
)

// fetch asks the page's server; change may alter the request.
func fetch(t testing.TB, s *slacksim.Server, method, path, body string, change ...func(*http.Request)) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(soon(t), method, s.URL()+path, strings.NewReader(body))
	must(t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, f := range change {
		f(req)
	}
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp.StatusCode, resp.Header, string(data)
}

// onPage posts something that a person does on the page.
func onPage(t testing.TB, s *slacksim.Server, act string, body obj) (int, answer) {
	t.Helper()
	status, _, text := fetch(t, s, http.MethodPost, "/page/api/"+act, encoded(t, body))
	a := answer{status: status}
	if err := jsonDecode(text, &a.fields); err != nil {
		t.Fatalf("%s answers %q", act, text)
	}
	return status, a
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func TestPageKeepsOtherSitesOut(t *testing.T) {
	s := start(t)
	port := s.URL()[strings.LastIndex(s.URL(), ":"):]
	host := func(host string) func(*http.Request) { return func(r *http.Request) { r.Host = host } }
	say := `{"user":"U1ANN","channel":"C1OPS","text":"hello"}`
	for name, c := range map[string]struct {
		method, path, body string
		change             func(*http.Request)
		want               int
	}{
		"a rebound name":         {"GET", "/", "", host("evil.example.com" + port), 403},
		"a rebound name, stream": {"GET", "/page/events?user=U1ANN", "", host("evil.example.com" + port), 403},
		"a rebound name, post":   {"POST", "/page/api/say", say, host("evil.example.com" + port), 403},
		"no port":                {"GET", "/", "", host("127.0.0.1"), 403},
		"another port":           {"GET", "/", "", host("127.0.0.1:1"), 403},
		"an address outside":     {"GET", "/", "", host("192.0.2.1" + port), 403},
		"localhost":              {"GET", "/", "", host("localhost" + port), 200},
		"another loopback":       {"GET", "/", "", host("127.0.0.2" + port), 200},
		"another origin":         {"POST", "/page/api/say", say, header("Origin", "http://evil.example.com"), 403},
		"another port's origin":  {"POST", "/page/api/say", say, header("Origin", "http://127.0.0.1:1"), 403},
		"cross-site":             {"POST", "/page/api/say", say, header("Sec-Fetch-Site", "cross-site"), 403},
		"same-site":              {"POST", "/page/api/say", say, header("Sec-Fetch-Site", "same-site"), 403},
		"what a form sends":      {"POST", "/page/api/say", say, header("Content-Type", "text/plain"), 415},
		"its own origin":         {"POST", "/page/api/say", say, header("Origin", s.URL()), 200},
		"same-origin":            {"POST", "/page/api/say", say, header("Sec-Fetch-Site", "same-origin"), 200},
	} {
		if got, _, text := fetch(t, s, c.method, c.path, c.body, c.change); got != c.want {
			t.Errorf("%s: HTTP %d, want %d: %s", name, got, c.want, text)
		}
	}
	if n := len(s.Messages("C1OPS")); n != 2 {
		t.Errorf("%d messages were posted, want the 2 of the page's own origin", n)
	}
}

func TestPageHeadersAndParts(t *testing.T) {
	s := start(t)
	for path, kind := range map[string]string{
		"/": "text/html", "/page/main.js": "text/javascript", "/page/base.css": "text/css", "/page/icons.svg": "image/svg+xml",
		"/page/api/workspace": "application/json",
	} {
		status, h, _ := fetch(t, s, "GET", path, "")
		if status != 200 || !strings.HasPrefix(h.Get("Content-Type"), kind) {
			t.Errorf("%s: HTTP %d %s", path, status, h.Get("Content-Type"))
		}
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: headers %v", path, h)
		}
	}
	for _, path := range []string{"/page/", "/page/none.js", "/page/..%2fpage.go", "/page/index", "/nothing"} {
		if status, _, _ := fetch(t, s, "GET", path, ""); status != 404 {
			t.Errorf("%s: HTTP %d", path, status)
		}
	}
}

func TestPageWorkspace(t *testing.T) {
	s := start(t)
	post(t, s, args{"channel": "C1OPS", "text": "hello"})
	call(t, s, "chat.postEphemeral", args{"channel": "C1OPS", "user": "U2BOB", "text": "for bob"})
	_, _, first := fetch(t, s, "GET", "/page/api/workspace", "")
	status, _, bobs := fetch(t, s, "GET", "/page/api/workspace?user=U2BOB", "")
	var a answer
	must(t, jsonDecode(first, &a.fields))
	if status != 200 || a.text("you") != "U1ANN" || !strings.Contains(bobs, "for bob") || strings.Contains(first, "for bob") {
		t.Errorf("ann sees %s\nbob sees %s", first, bobs)
	}
	if _, ok := a.fields["aside"]; ok {
		t.Error("there is a panel without an Aside")
	}
	want := []any{"U1ANN", "U2BOB", "U3CAT"}
	if d := cmp.Diff(want, a.at("people")); d != "" {
		t.Errorf("people: %s", d)
	}
	for _, user := range []string{"U9NOBODY", s.BotUserID()} {
		if status, _, _ := fetch(t, s, "GET", "/page/api/workspace?user="+user, ""); status != 404 {
			t.Errorf("%s: HTTP %d", user, status)
		}
	}
}

// TestPageNeverSeesTokens looks for both tokens in all that the page can read.
func TestPageNeverSeesTokens(t *testing.T) {
	s := start(t)
	connect(t, s)
	post(t, s, args{"channel": "C1OPS", "text": "hello"})
	callJSON(t, s, "chat.postMessage", s.BotToken(), obj{"channel": "C1OPS", "text": "in a body", "token": s.BotToken()})
	callForm(t, s, "auth.test", "xoxb-wrong", nil)
	for _, path := range []string{"/page/api/workspace", "/page/api/calls"} {
		_, _, text := fetch(t, s, "GET", path, "")
		for _, token := range []string{"xoxb-", "xapp-", s.BotToken(), s.AppToken()} {
			if strings.Contains(text, token) {
				t.Errorf("%s holds %s", path, token)
			}
		}
		if path == "/page/api/calls" && !strings.Contains(text, "apps.connections.open") {
			t.Errorf("the calls are missing: %s", text)
		}
	}
}

func TestPageCallsNewestFirst(t *testing.T) {
	s := start(t, func(c *slacksim.Config) { c.Limits.NoRates, c.Limits.CallHistory = true, 40 })
	for i := range 50 {
		post(t, s, args{"channel": "C1OPS", "text": fmt.Sprint("number ", i)})
	}
	call(t, s, "chat.update", args{"channel": "C1OPS", "ts": "1.1", "text": "x"})
	_, _, text := fetch(t, s, "GET", "/page/api/calls", "")
	var calls []struct {
		Method, Error string
		Args          map[string]string
	}
	must(t, jsonDecode(text, &calls))
	if len(calls) != 30 || calls[0].Method != "chat.update" || calls[0].Error != "message_not_found" || calls[1].Args["text"] != "number 49" || calls[29].Args["text"] != "number 21" {
		t.Errorf("%d calls: %+v", len(calls), calls)
	}
}

func TestPageActs(t *testing.T) {
	s := start(t)
	_, a := onPage(t, s, "say", obj{"user": "U1ANN", "channel": "C1OPS", "text": "first *line*"})
	ts := a.text("ts")
	onPage(t, s, "say", obj{"user": "U2BOB", "channel": "C1OPS", "thread": ts, "text": "a reply"})
	onPage(t, s, "edit", obj{"user": "U1ANN", "channel": "C1OPS", "ts": ts, "text": "changed"})
	thread := s.Thread("C1OPS", ts)
	if len(thread) != 2 || thread[0].Text != "changed" || thread[1].Text != "a reply" {
		t.Errorf("the thread is %+v", thread)
	}
	if _, a := onPage(t, s, "say", obj{"user": "U1ANN", "channel": "C1OPS", "thread": ts, "text": "/server help"}); a.err() != "not_supported_in_threads" {
		t.Errorf("a command in a thread: %v", a.fields)
	}
	if _, a := onPage(t, s, "say", obj{"user": "U1ANN", "channel": "C1OPS", "text": "/server help"}); a.err() != "dispatch_failed" {
		t.Errorf("a command with nobody there: %v", a.fields)
	}
	onPage(t, s, "delete", obj{"user": "U1ANN", "channel": "C1OPS", "ts": ts})
	if _, there := s.Message("C1OPS", ts); there {
		t.Error("the message is still there")
	}
	for name, c := range map[string]struct {
		act  string
		body obj
	}{
		"another's message": {"edit", obj{"user": "U2BOB", "channel": "C1OPS", "ts": ts, "text": "x"}},
		"not a member":      {"say", obj{"user": "U3CAT", "channel": "C1OPS", "text": "x"}},
		"nobody":            {"say", obj{"user": "U9", "channel": "C1OPS", "text": "x"}},
		"an unknown field":  {"say", obj{"user": "U1ANN", "channel": "C1OPS", "text": "x", "as_admin": true}},
		"no such button":    {"click", obj{"user": "U1ANN", "channel": "C1OPS", "ts": ts, "action": "x"}},
		"no such view":      {"submit", obj{"user": "U1ANN", "view": "V1"}},
		"no machines":       {"break", obj{"name": "web1", "fault": "down"}},
	} {
		if status, a := onPage(t, s, c.act, c.body); status != 400 || a.err() == "" {
			t.Errorf("%s: HTTP %d %v", name, status, a.fields)
		}
	}
	if status, _, _ := fetch(t, s, "POST", "/page/api/none", "{}"); status != 404 {
		t.Errorf("an unknown act: HTTP %d", status)
	}
	if status, _, _ := fetch(t, s, "POST", "/page/api/say", `{"text":"`+strings.Repeat("x", 2<<20)+`"}`); status != 400 {
		t.Errorf("two megabytes: HTTP %d", status)
	}
}

// stream reads the page's events in the background.
func stream(t testing.TB, s *slacksim.Server, user string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, "GET", s.URL()+"/page/events?user="+user, nil)
	must(t, err)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	lines := make(chan string, 1000)
	var reader sync.WaitGroup
	reader.Go(func() {
		defer close(lines)
		defer resp.Body.Close()
		in := bufio.NewScanner(resp.Body)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			lines <- in.Text()
		}
	})
	t.Cleanup(func() { cancel(); reader.Wait() })
	return lines
}

// until reads a stream up to a line that holds text, and returns what came before.
func until(t testing.TB, lines <-chan string, text string) string {
	t.Helper()
	var before []string
	for {
		select {
		case line, open := <-lines:
			if strings.Contains(line, text) {
				return strings.Join(before, "\n")
			}
			if !open {
				t.Fatalf("the stream ended without %q:\n%s", text, strings.Join(before, "\n"))
			}
			before = append(before, line)
		case <-soon(t).Done():
			t.Fatalf("no %q in:\n%s", text, strings.Join(before, "\n"))
		}
	}
}

func TestPageStreamShowsWhatThePersonSees(t *testing.T) {
	s := start(t)
	anns, cats := stream(t, s, "U1ANN"), stream(t, s, "U3CAT")
	until(t, anns, "event: hello")
	until(t, cats, "event: hello")
	post(t, s, args{"channel": "C1OPS", "text": "for those in ops"})
	call(t, s, "chat.postEphemeral", args{"channel": "C1OPS", "user": "U2BOB", "text": "for bob"})
	call(t, s, "chat.postEphemeral", args{"channel": "C1OPS", "user": "U1ANN", "text": "for ann"})
	if seen := until(t, cats, "chat.postEphemeral"); strings.Contains(seen, "for ") { // by now cat was passed over
		t.Errorf("cat, who is not there, sees:\n%s", seen)
	}
	must(t, s.Join("C1OPS", "U3CAT"))
	post(t, s, args{"channel": "C1OPS", "text": "for cat too"})
	seen := until(t, anns, "for ann")
	if !strings.Contains(seen, "for those in ops") || strings.Contains(seen, "for bob") {
		t.Errorf("ann saw:\n%s", seen)
	}
	if seen := until(t, cats, "for cat too"); strings.Contains(seen, "for ") {
		t.Errorf("cat, who was not there, saw:\n%s", seen)
	}
	if status, _, _ := fetch(t, s, "GET", "/page/events?user=U9", ""); status != 404 {
		t.Errorf("nobody's stream: HTTP %d", status)
	}
	must(t, s.Close())
	for range anns {
		continue // it ends
	}
}

func TestPageAside(t *testing.T) {
	machines := make(chan []slacksim.Machine, 1)
	machines <- []slacksim.Machine{{Name: "web1", State: "up", Well: true, Fault: "nothing"}}
	now := func() []slacksim.Machine {
		list := <-machines
		machines <- list
		return list
	}
	s := start(t, func(c *slacksim.Config) {
		c.Aside = &slacksim.Aside{
			Steps: []slacksim.Suggestion{{Title: "Begin", Command: "/server help"}}, Machines: now,
			Break: func(machine, fault string) error {
				if machine != "web1" {
					return errors.New("there is no such machine")
				}
				<-machines
				machines <- []slacksim.Machine{{Name: "web1", State: fault, Fault: fault}}
				return nil
			},
		}
	})
	lines := stream(t, s, "U1ANN")
	until(t, lines, `"state":"up"`)
	if status, a := onPage(t, s, "break", obj{"name": "web9", "fault": "down"}); status != 400 || a.err() != "there is no such machine" {
		t.Errorf("an unknown machine: HTTP %d %v", status, a.fields)
	}
	onPage(t, s, "break", obj{"name": "web1", "fault": "down"})
	until(t, lines, `"state":"down"`)
	_, _, text := fetch(t, s, "GET", "/page/api/workspace", "")
	if !strings.Contains(text, `"title":"Begin"`) || !strings.Contains(text, `"state":"down"`) {
		t.Errorf("the workspace lacks the panel: %s", text)
	}
}

func TestPageFilesCannotAct(t *testing.T) {
	s := start(t)
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00", 20)
	for content, want := range map[string]string{
		"<html><script>alert(1)</script>":                        "text/plain; charset=utf-8",
		`<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>`: "text/plain; charset=utf-8",
		png:                "image/png",
		"\x7fELF\x00\x01":  "application/octet-stream",
		"plain text, ünïc": "text/plain; charset=utf-8",
	} {
		_, id, send := uploadTo(t, s.APIURL(), s.BotToken(), fmt.Sprint(len(content)), content)
		if send() != 200 {
			t.Fatal("the upload failed")
		}
		if status, _, _ := fetch(t, s, "GET", "/page/files/"+id+"/x.html", ""); status != 404 {
			t.Errorf("a file that is not shared yet: HTTP %d", status)
		}
		call(t, s, "files.completeUploadExternal", args{"files": `[{"id":"` + id + `"}]`, "channel_id": "C1OPS"})
		_, h, body := fetch(t, s, "GET", "/page/files/"+id+"/x.html", "")
		if h.Get("Content-Type") != want || body != content || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%.20q is served as %v", content, h)
		}
	}
}
