package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"drover/bot"
	"drover/bot/slacksim"
	"drover/store"
)

const (
	// patience is how long a test waits for what must come. It is never used up when all is well.
	patience = 10 * time.Second

	ops     = "C0OPS"     // drover and everybody are in it
	outside = "C0OUTSIDE" // drover is not
	hidden  = "G0HIDDEN"  // private, and drover is not in it
)

// people are everybody in the workspace, by id and name.
var people = map[string]string{"U0OPERATOR": "operator", "U0VIEWER": "viewer", "U0ADMIN": "admin", "U0OUTSIDER": "outsider"}

// world is a local Slack and a database with one clock. Nothing works in it until a test says so.
type world struct {
	*testing.T
	clock *clock
	slack *slacksim.Server
	api   *slack.Client
	store *store.Store
	log   *logbook
}

func newWorld(t *testing.T, c *clock) *world {
	t.Helper()
	return newWorldIn(t, c, slacksim.Team{})
}

func newWorldIn(t *testing.T, c *clock, team slacksim.Team) *world {
	t.Helper()
	w := &world{T: t, clock: c, log: &logbook{to: t.Output()}}
	var err error
	w.store, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "drover.db"), store.Options{Now: c.now})
	w.must(err)
	w.closeLater(w.store)
	w.slack, err = slacksim.New(slacksim.Config{Manifest: bot.Manifest(), Team: team, Now: c.now, Limits: slacksim.Limits{NoRates: true}})
	w.must(err)
	w.closeLater(w.slack)
	var members []string
	for id, name := range people {
		w.must(w.slack.AddUser(slacksim.User{ID: id, Name: name}))
		members = append(members, id)
	}
	w.must(w.slack.AddChannel(slacksim.Channel{ID: ops, Name: "ops", Members: append([]string{w.slack.BotUserID()}, members...)}))
	w.must(w.slack.AddChannel(slacksim.Channel{ID: outside, Name: "outside", Members: members}))
	w.must(w.slack.AddChannel(slacksim.Channel{ID: hidden, Name: "hidden", Private: true, Members: members}))
	w.must(w.slack.Start())
	w.api = bot.NewClient(w.slack.APIURL(), w.slack.BotToken(), w.slack.AppToken())
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) closeLater(c io.Closer) {
	w.Cleanup(func() {
		if err := c.Close(); err != nil {
			w.Error(err)
		}
	})
}

func (w *world) logger() *slog.Logger { return slog.New(slog.NewTextHandler(w.log, nil)) }

func (w *world) projector() *bot.Projector { return bot.NewProjector(w.store, w.api, w.logger()) }

// actor is somebody of the workspace.
func (w *world) actor(id string) store.Actor { return store.SlackActor(w.slack.Team().ID, id) }

// await waits until a condition holds in Slack.
func (w *world) await(what string, condition func() bool) {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.slack.WaitFor(ctx, condition); err != nil {
		w.Fatalf("%s did not come: %v\n%s", what, err, w.log.text())
	}
}

// background runs something until the test ends, or until the function it returns is called.
func (w *world) background(work func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- work(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.Error(err)
		}
	})
	w.Cleanup(stop)
	return stop
}

// cards are the cards in a channel, oldest first.
func (w *world) cards(channel string) []slacksim.Message {
	var cards []slacksim.Message
	for _, m := range w.slack.Messages(channel) {
		if metadataOf(m).Type == "drover_run" {
			cards = append(cards, m)
		}
	}
	return cards
}

// card is the only card in a channel.
func (w *world) card(channel string) slacksim.Message {
	w.Helper()
	cards := w.cards(channel)
	if len(cards) != 1 {
		w.Fatalf("%d cards in %s, want 1:\n%s", len(cards), channel, w.log.text())
	}
	return cards[0]
}

// replies are what a thread holds besides its card.
func (w *world) replies(card slacksim.Message) []slacksim.Message {
	w.Helper()
	thread := w.slack.Thread(card.Channel, card.TS)
	if len(thread) == 0 {
		w.Fatal("the card is gone")
	}
	return thread[1:]
}

// dm is the direct message between drover and somebody.
func (w *world) dm(id string) string {
	w.Helper()
	channel, err := w.slack.OpenDM(id)
	w.must(err)
	return channel
}

// metadata is what scripts read from drover's messages.
type metadata struct {
	Type    string `json:"event_type"`
	Payload struct {
		Run     int      `json:"run"`
		State   string   `json:"state"`
		Version int64    `json:"version"`
		Servers []string `json:"servers"`
	} `json:"event_payload"`
}

func metadataOf(m slacksim.Message) metadata { return readMetadata(string(m.Metadata)) }

func readMetadata(text string) (m metadata) {
	_ = json.Unmarshal([]byte(text), &m) // messages of others have none
	return m
}

// shown is what a message says: its notification, and everything in its blocks.
func shown(m slacksim.Message) string {
	return m.Text + "\n" + strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(m.Blocks))
}

// clock is the time of a test: the real one and what was added, or one that stands still.
type clock struct {
	mu    sync.Mutex
	still time.Time
	ahead time.Duration
}

func stillClock() *clock { return &clock{still: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.still.IsZero() {
		return time.Now().Add(c.ahead)
	}
	return c.still.Add(c.ahead)
}

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += by
}

// logbook keeps what was logged, and shows it with the test.
type logbook struct {
	mu    sync.Mutex
	lines strings.Builder
	to    io.Writer
}

func (l *logbook) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines.Write(line)
	return l.to.Write(line)
}

func (l *logbook) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.String()
}

// names are web1 to webN.
func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("web%d", i+1)
	}
	return list
}
