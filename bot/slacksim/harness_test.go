package slacksim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"drover/bot/slacksim"
)

// clock is a clock that only moves when told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func readManifest(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// start runs a server with people U1ANN and U2BOB, the public channels C1OPS
// (bot inside) and C2OUT (bot outside), and private G1SEC and G2OUT likewise.
func start(t testing.TB, change ...func(*slacksim.Config)) *slacksim.Server {
	t.Helper()
	cfg := slacksim.Config{Manifest: readManifest(t)}
	for _, f := range change {
		f(&cfg)
	}
	s, err := slacksim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	people := []string{"U1ANN", "U2BOB"}
	must(t, s.AddUser(slacksim.User{ID: "U1ANN", Name: "ann"}))
	must(t, s.AddUser(slacksim.User{ID: "U2BOB", Name: "bob"}))
	must(t, s.AddUser(slacksim.User{ID: "U3CAT", Name: "cat"}))
	withBot := slices.Concat(people, []string{s.BotUserID()})
	must(t, s.AddChannel(slacksim.Channel{ID: "C1OPS", Name: "ops", Members: withBot}))
	must(t, s.AddChannel(slacksim.Channel{ID: "C2OUT", Name: "outside", Members: people}))
	must(t, s.AddChannel(slacksim.Channel{ID: "G1SEC", Name: "secret", Private: true, Members: withBot}))
	must(t, s.AddChannel(slacksim.Channel{ID: "G2OUT", Name: "closed", Private: true, Members: people}))
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon bounds waits in tests that should never run into it.
func soon(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// answer is a Web API answer.
type answer struct {
	status int
	header http.Header
	fields map[string]any
}

func (a answer) err() string {
	text, _ := a.fields["error"].(string)
	return text
}

// problems are the response_metadata.messages of a refusal.
func (a answer) problems() string {
	meta, _ := a.fields["response_metadata"].(map[string]any)
	list, _ := meta["messages"].([]any)
	var lines []string
	for _, x := range list {
		text, _ := x.(string)
		lines = append(lines, text)
	}
	return strings.Join(lines, "\n")
}

// at walks the answer by field names.
func (a answer) at(path ...string) any {
	var v any = a.fields
	for _, name := range path {
		o, _ := v.(map[string]any)
		v = o[name]
	}
	return v
}

func (a answer) text(path ...string) string {
	text, _ := a.at(path...).(string)
	return text
}

func do(t testing.TB, req *http.Request) answer {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header}
	if len(body) > 0 && body[0] == '{' {
		if err := json.Unmarshal(body, &a.fields); err != nil {
			t.Fatalf("answer %q: %v", body, err)
		}
	}
	return a
}

// callForm calls a method with a form body and the token in it, as slack-go does.
func callForm(t testing.TB, s *slacksim.Server, method, token string, args map[string]string) answer {
	t.Helper()
	form := url.Values{}
	if token != "" {
		form.Set("token", token)
	}
	for name, v := range args {
		form.Set(name, v)
	}
	req, err := http.NewRequest(http.MethodPost, s.APIURL()+method, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return do(t, req)
}

// call calls a method with the bot token and a form body.
func call(t testing.TB, s *slacksim.Server, method string, args map[string]string) answer {
	t.Helper()
	return callForm(t, s, method, s.BotToken(), args)
}

// callJSON calls a method with a JSON body and a Bearer header.
func callJSON(t testing.TB, s *slacksim.Server, method, token string, body any) answer {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, s.APIURL()+method, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Authorization", "Bearer "+token)
	return do(t, req)
}

// post posts a message as the bot and returns its ts.
func post(t testing.TB, s *slacksim.Server, args map[string]string) string {
	t.Helper()
	a := call(t, s, "chat.postMessage", args)
	if a.err() != "" {
		t.Fatalf("chat.postMessage: %s %s", a.err(), a.problems())
	}
	return a.text("ts")
}

// envelope is what a client reads from the socket.
type envelope struct {
	Type        string         `json:"type"`
	ID          string         `json:"envelope_id"`
	Reason      string         `json:"reason"`
	Num         int            `json:"num_connections"`
	Accepts     bool           `json:"accepts_response_payload"`
	Attempt     int            `json:"retry_attempt"`
	RetryReason string         `json:"retry_reason"`
	Info        map[string]any `json:"connection_info"`
	Debug       map[string]any `json:"debug_info"`
	Payload     map[string]any `json:"payload"`
}

// socket is a bare Socket Mode client.
type socket struct {
	t    testing.TB
	ws   *websocket.Conn
	read chan envelope
}

func openURL(t testing.TB, s *slacksim.Server) string {
	t.Helper()
	a := callJSON(t, s, "apps.connections.open", s.AppToken(), map[string]any{})
	if a.err() != "" {
		t.Fatalf("apps.connections.open: %s", a.err())
	}
	return a.text("url")
}

// dial opens a socket and reads the first frame, which should be hello.
func dial(t testing.TB, s *slacksim.Server) (*socket, envelope) {
	t.Helper()
	ws, resp, err := websocket.DefaultDialer.Dial(openURL(t, s), http.Header{"Origin": {"https://api.slack.com"}})
	if err != nil {
		t.Fatalf("dial: %v (%v)", err, resp)
	}
	c := &socket{t: t, ws: ws, read: make(chan envelope, 1000)}
	t.Cleanup(func() { _ = ws.Close() })
	go func() {
		defer close(c.read)
		for {
			var e envelope
			if ws.ReadJSON(&e) != nil {
				return
			}
			c.read <- e
		}
	}()
	return c, c.next()
}

func (c *socket) next() envelope {
	c.t.Helper()
	select {
	case e, ok := <-c.read:
		if !ok {
			c.t.Fatal("the socket ended")
		}
		return e
	case <-soon(c.t).Done():
		c.t.Fatal("no envelope came")
		return envelope{}
	}
}

// ended waits until the server has closed the socket.
func (c *socket) ended() {
	c.t.Helper()
	for {
		select {
		case _, ok := <-c.read:
			if !ok {
				return
			}
		case <-soon(c.t).Done():
			c.t.Fatal("the socket is still open")
		}
	}
}

func (c *socket) ack(id string, payload any) {
	c.t.Helper()
	body := map[string]any{"envelope_id": id}
	if payload != nil {
		body["payload"] = payload
	}
	must(c.t, c.ws.WriteJSON(body))
}

// slash runs a slash command in the background.
func slash(t testing.TB, s *slacksim.Server, text string) <-chan slacksim.Response {
	t.Helper()
	out := make(chan slacksim.Response, 1)
	go func() {
		r, err := s.SlashCommand(soon(t), "U1ANN", "C1OPS", "/server", text)
		if err != nil {
			t.Error(err)
		}
		out <- r
	}()
	return out
}

func jsonEncode(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }

func jsonDecode(text string, v any) error { return json.Unmarshal([]byte(text), v) }
