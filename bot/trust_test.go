package bot_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"drover/bot"
	"drover/bot/slacksim"
	"drover/executor"
	"drover/executor/ssh"
	"drover/executor/sshtest"
	"drover/store"
)

const (
	adminID = "U1ADMIN"
	private = "G1PRIVATE" // a channel that drover is not in
)

// room is a workspace with an admin, a bot that listens, and a server that nobody trusts yet.
type room struct {
	*testing.T
	slack  *slacksim.Server
	store  *store.Store
	server *sshtest.Server
}

func newRoom(t *testing.T) *room {
	t.Helper()
	slack, err := slacksim.New(slacksim.Config{Manifest: bot.Manifest()})
	must(t, err)
	must(t, slack.AddUser(slacksim.User{ID: adminID, Name: "admin"}))
	must(t, slack.AddChannel(slacksim.Channel{ID: private, Name: "private", Private: true, Members: []string{adminID}}))
	must(t, slack.Start())
	t.Cleanup(func() { must(t, slack.Close()) })
	server, err := sshtest.Start(sshtest.Config{})
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	s, err := store.Open(t.Context(), t.TempDir()+"/drover.db", store.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	host, port := server.Addr()
	must(t, s.AddServer(t.Context(), store.Drover, store.Server{Name: "web1", Address: host, Port: port, Platform: "linux", LoginUser: "root"}))

	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	engine := executor.New(executor.Config{Store: s, SSH: ssh.NewClient(ssh.Limits{}), Log: log, Owner: "test"})
	b := bot.New(bot.Config{
		Store: s, Engine: engine, Log: log, AppToken: bot.Token(slack.AppToken()), BotToken: bot.Token(slack.BotToken()), APIURL: slack.APIURL(), Admins: []string{adminID},
	})
	must(t, b.Connect(t.Context()))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
	r := &room{T: t, slack: slack, store: s, server: server}
	r.wait("a connection", func() bool { return slack.Connections() > 0 })
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r *room) wait(what string, condition func() bool) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	if err := r.slack.WaitFor(ctx, condition); err != nil {
		r.Fatalf("%s did not happen: %v", what, err)
	}
}

func (r *room) pinned() int {
	r.Helper()
	server, err := r.store.ServerNamed(r.Context(), "web1")
	must(r.T, err)
	return len(server.HostKeys)
}

// offered waits for a message with the button among those that list returns.
func (r *room) offered(list func() []slacksim.Message) (offer slacksim.Message) {
	r.Helper()
	r.wait("an offer", func() bool {
		for _, m := range list() {
			if strings.Contains(string(m.Blocks), "server.trust") {
				offer = m
				return true
			}
		}
		return false
	})
	return offer
}

// settled waits until a message has lost its button, and returns what it says.
func (r *room) settled(ts string, list func() []slacksim.Message) (text string) {
	r.Helper()
	r.wait("an answer", func() bool {
		for _, m := range list() {
			if m.TS == ts && !strings.Contains(string(m.Blocks), "server.trust") {
				text = m.Text
				return true
			}
		}
		return false
	})
	return text
}

func TestTrustInADirectMessage(t *testing.T) {
	r := newRoom(t)
	dm, err := r.slack.OpenDM(adminID)
	must(t, err)
	list := func() []slacksim.Message { return r.slack.Messages(dm) }
	_, err = r.slack.PostMessage(adminID, dm, "", "trust web1")
	must(t, err)
	offer := r.offered(list)
	if r.pinned() > 0 {
		t.Error("it was trusted without a click")
	}
	_, err = r.slack.Click(t.Context(), adminID, dm, offer.TS, "server.trust")
	must(t, err)
	if text := r.settled(offer.TS, list); !strings.Contains(text, "`web1` is trusted") || r.pinned() != 1 {
		t.Errorf("%d pins: %s", r.pinned(), text)
	}
}

// Only a response_url reaches a channel that drover is not in.
func TestTrustWhereDroverCannotPost(t *testing.T) {
	r := newRoom(t)
	list := func() []slacksim.Message { return r.slack.Ephemerals(adminID) }
	_, err := r.slack.SlashCommand(t.Context(), adminID, private, "/server", "trust web1")
	must(t, err)
	offer := r.offered(list)
	must(t, r.server.NewHostKey())
	_, err = r.slack.Click(t.Context(), adminID, private, offer.TS, "server.trust")
	must(t, err)
	if text := r.settled(offer.TS, list); !strings.Contains(text, "shows other host keys now") || r.pinned() != 0 {
		t.Errorf("%d pins: %s", r.pinned(), text)
	}
}
