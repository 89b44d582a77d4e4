package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"runtime/debug"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

// ackTimeout bounds the queueing of one ack. Slack forgets an envelope after 3 s.
const ackTimeout = 2 * time.Second

// Run listens on Socket Mode until ctx ends, then waits for the envelopes that are being handled. The error says that
// Slack will not have us: a token was revoked, for example.
func (b *Bot) Run(ctx context.Context) error {
	socket := socketmode.New(b.api, socketmode.OptionLog(log.New(logWriter{b.log}, "", 0)))
	listener := listener{bot: b, socket: socket}
	defer listener.handlers.Wait()

	failed := make(chan error, 1)
	go func() { failed <- socket.RunContext(ctx) }()
	for {
		select {
		case event := <-socket.Events:
			// The reader must never wait for us, or it stops answering Slack's pings.
			listener.handlers.Go(func() { listener.handle(context.WithoutCancel(ctx), event) })
		case err := <-failed:
			if ctx.Err() != nil || errors.Is(err, context.Canceled) {
				return nil
			}
			return fmt.Errorf("listen to Slack: %w", explainLogin(err))
		}
	}
}

type listener struct {
	bot      *Bot
	socket   *socketmode.Client
	handlers sync.WaitGroup
}

// handle takes one event of the socket. A panic in it must not take the process and everybody's runs down.
func (l *listener) handle(ctx context.Context, event socketmode.Event) {
	defer func() {
		if p := recover(); p != nil {
			l.bot.log.Error("handling an envelope failed badly", "type", event.Type, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	switch data := event.Data.(type) {
	case slack.SlashCommand:
		payload, after := l.bot.slash(ctx, data)
		l.ack(ctx, event.Request, payload)
		after(ctx)
	case slack.InteractionCallback:
		payload, after := l.bot.interaction(ctx, data)
		l.ack(ctx, event.Request, payload)
		after(ctx)
	case slackevents.EventsAPIEvent:
		after := l.bot.event(ctx, data)
		l.ack(ctx, event.Request, nil)
		after(ctx)
	case *socketmode.ErrorBadMessage:
		l.ackUnknown(ctx, data)
	default:
		l.connection(event)
	}
}

// then is what is left to do once the envelope is acked: calls of Slack's Web API, which take their time.
type then func(context.Context)

func nothing(context.Context) {}

func (l *listener) ack(ctx context.Context, request *socketmode.Request, payload any) {
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	if err := l.socket.AckCtx(ctx, request.EnvelopeID, payload); err != nil {
		l.bot.log.Warn("cannot ack an envelope; Slack will show the person an error or deliver it again", "error", err)
	}
}

// ackUnknown acks what slack-go cannot read, or Slack delivers it three times more.
func (l *listener) ackUnknown(ctx context.Context, bad *socketmode.ErrorBadMessage) {
	var request socketmode.Request
	if err := json.Unmarshal(bad.Message, &request); err != nil || request.EnvelopeID == "" {
		l.bot.log.Warn("Slack sent something unreadable", "error", bad.Cause)
		return
	}
	var payload struct {
		Event json.RawMessage `json:"event"`
	}
	after := then(nothing)
	if err := json.Unmarshal(request.Payload, &payload); err == nil {
		after = l.bot.groupChanged(ctx, payload.Event) // Slack's counts in it are numbers, or texts
	}
	l.bot.log.Debug("slack-go cannot read an envelope", "error", bad.Cause)
	l.ack(ctx, &request, nil)
	after(ctx)
}

func (l *listener) connection(event socketmode.Event) {
	switch event.Type {
	case socketmode.EventTypeConnected:
		l.bot.log.Info("connected to Slack")
	case socketmode.EventTypeConnectionError:
		l.bot.log.Warn("cannot connect to Slack; trying again", "error", connectionError(event.Data))
	case socketmode.EventTypeErrorWriteFailed:
		l.bot.log.Warn("an ack was lost on its way to Slack")
	}
}

func connectionError(data any) any {
	if failed, ok := data.(*slack.ConnectionErrorEvent); ok {
		return failed.ErrorObj
	}
	return data
}
