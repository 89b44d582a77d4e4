package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"drover/bot"
	"drover/bot/slacksim"
	"drover/executor"
	"drover/executor/sshtest"
	"drover/store"
)

// Who asked for a run became a guest while drover was away, and Slack does not tell at once when it is back: the run
// waits for it, and is denied.
func TestServeBeginsNothingForWhoBecameAGuestMeanwhile(t *testing.T) {
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	slack, err := slacksim.New(slacksim.Config{Manifest: bot.Manifest()})
	check(err)
	check(slack.AddUser(slacksim.User{ID: "UADMIN", Name: "admin"}))
	check(slack.AddUser(slacksim.User{ID: "UGUEST", Name: "guest", Restricted: true}))
	check(slack.Start())
	defer slack.Close()
	server, err := sshtest.Start(sshtest.Config{})
	check(err)
	defer server.Close()

	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	s, err := store.Open(ctx, filepath.Join(t.TempDir(), "drover.db"), store.Options{})
	check(err)
	defer s.Close()
	engine, err := newEngine(ctx, s, log, "test")
	check(err)
	defer engine.Close()
	team, guest := slack.Team().ID, store.SlackActor(slack.Team().ID, "UGUEST")
	check(s.SetSetting(ctx, store.Drover, store.SettingTeam, team))
	for _, id := range []string{"UADMIN", "UGUEST"} {
		check(s.SaveUser(ctx, store.User{TeamID: team, SlackID: id}))
		check(s.Grant(ctx, store.Drover, store.Binding{Subject: store.SlackActor(team, id), Role: store.Admin, ActionGlob: "*", Effect: store.Allow}))
	}
	check(s.AddCredential(ctx, store.Drover, "fleet", store.Secrets{Kind: store.CredentialPassword, Login: []byte("correct horse")}))
	credential, err := s.CredentialNamed(ctx, "fleet")
	check(err)
	host, port := server.Addr()
	check(s.AddServer(ctx, store.Drover, store.Server{Name: "web1", Address: host, Port: port, Platform: "linux", LoginUser: "ops", CredentialID: &credential.ID}))
	check(s.PinHostKeys(ctx, store.Drover, "web1", []store.HostKey{{PublicKey: server.HostKeyLine(), Fingerprint: "SHA256:web1"}}))
	run, err := engine.Submit(ctx, executor.Request{Actor: guest, Action: "ping", Selector: []string{"web1"}, Origin: store.Slash, Channel: ops})
	check(err)

	slack.Fail("users.info", slacksim.Fault{Times: 3, Error: "fatal_error"})
	served := make(chan error, 1)
	serving, end := context.WithCancel(ctx)
	go func() {
		served <- serve(serving, s, log, bot.Config{Store: s, Log: log, AppToken: bot.Token(slack.AppToken()), BotToken: bot.Token(slack.BotToken()), APIURL: slack.APIURL()}, "")
	}()
	for !run.State.Final() {
		changed := s.Changed()
		run, err = s.Run(ctx, run.ID)
		check(err)
		select {
		case <-changed:
		case <-time.After(time.Second):
		}
	}
	end()
	check(<-served)
	if run.State != store.Denied || server.Logins() > 0 {
		t.Errorf("the run ended %s, %q, and drover logged in %d times", run.State, run.StateReason, server.Logins())
	}
}
