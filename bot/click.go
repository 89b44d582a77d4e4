package bot

import (
	"context"
	"errors"
	"strings"

	"github.com/slack-go/slack"

	"drover/executor"
	"drover/store"
)

// The buttons of a run's card. Their value is the run's id.
const (
	buttonCancel   = "run.cancel"
	buttonRetry    = "run.retry"
	buttonContinue = "run.continue"
)

// interaction handles a click. A click is a request like any other: it is authorised again, whoever saw the button.
func (b *Bot) interaction(ctx context.Context, i slack.InteractionCallback) then {
	if i.Type != slack.InteractionTypeBlockActions || len(i.ActionCallback.BlockActions) != 1 {
		return nothing
	}
	click := i.ActionCallback.BlockActions[0]
	team := i.User.TeamID
	if team == "" {
		team = i.Team.ID
	}
	channel, ts := i.Channel.ID, i.Container.MessageTs // a message that only one person sees is not in the payload
	c := command{
		actor: store.SlackActor(team, i.User.ID), channel: channel, origin: store.Button,
		key: strings.Join([]string{"click", channel, ts, click.ActionID, i.User.ID, click.ActionTs}, "/"),
	}
	if click.ActionID == buttonTrust {
		return b.clickedTrust(ctx, c, i, click.Value)
	}
	err := b.clicked(ctx, c, ts, click)
	if err == nil {
		return nothing // the card says it all
	}
	answer := b.explain(ctx, c, err)
	return func(ctx context.Context) {
		b.whisper(ctx, channel, i.Message.ThreadTimestamp, i.User.ID, content{text: answer})
	}
}

func (b *Bot) clicked(ctx context.Context, c command, ts string, click *slack.BlockAction) error {
	if err := b.meet(ctx, c); err != nil {
		return err
	}
	// The value comes from the client. It counts only on the very message that drover posted for that run.
	owner, err := b.store.MessageOwner(ctx, c.channel, ts)
	if errors.Is(err, store.ErrNotFound) || err == nil && owner != click.Value {
		return &executor.Refusal{Kind: executor.Policy, Text: "This button is not one that drover put here, so nothing was done."}
	}
	if err != nil {
		return err
	}
	run, err := b.store.Run(ctx, owner)
	if err != nil {
		return err
	}
	switch click.ActionID {
	case buttonCancel:
		return b.engine.Cancel(ctx, c.actor, run)
	case buttonContinue:
		return b.engine.Continue(ctx, c.actor, run, c.key)
	case buttonRetry:
		_, err := b.engine.Retry(ctx, run, executor.Request{Actor: c.actor, Origin: c.origin, InboxKey: c.key, Channel: run.Channel})
		return err
	}
	return &executor.Refusal{Kind: executor.Usage, Text: "This version of drover does not know that button."}
}
