package bot

import (
	"context"
	"errors"
	"strings"
	"time"

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

// interaction handles a click, or a modal that was sent. It is a request like any other: it is authorised again, whoever
// saw the button. What it returns is the ack's payload, and what is left to do then.
func (b *Bot) interaction(ctx context.Context, i slack.InteractionCallback) (any, then) {
	c := command{actor: store.SlackActor(b.home(i.User.TeamID, i.Team.ID), i.User.ID), channel: i.Channel.ID, origin: store.Button}
	switch {
	case i.Type == slack.InteractionTypeViewSubmission:
		c.origin, c.key = store.Modal, strings.Join([]string{"modal", i.View.ID, i.View.Hash, i.User.ID}, "/")
		return b.submitted(ctx, c, i)
	case i.Type == slack.InteractionTypeBlockActions && len(i.ActionCallback.BlockActions) == 1:
		return nil, b.pressed(ctx, c, i, i.ActionCallback.BlockActions[0])
	}
	return nil, nothing
}

// submitted handles a modal.
func (b *Bot) submitted(ctx context.Context, c command, i slack.InteractionCallback) (any, then) {
	if i.View.CallbackID == modalDeny {
		return b.deniedInModal(ctx, c, i)
	}
	return unknownForm(), nothing
}

// unknownForm takes the place of a form that this version of drover does not have: closing it would look as if it had been taken.
func unknownForm() *slack.ViewSubmissionResponse {
	return slack.NewUpdateViewSubmissionResponse(&slack.ModalViewRequest{
		Type: slack.VTModal, Title: slack.NewTextBlockObject(slack.PlainTextType, "Nothing was done", false, false),
		Blocks: slack.Blocks{BlockSet: []slack.Block{section(":no_entry_sign: This version of drover does not know that form. Nothing was done.")}},
	})
}

// pressed handles a button.
func (b *Bot) pressed(ctx context.Context, c command, i slack.InteractionCallback, click *slack.BlockAction) then {
	ts := i.Container.MessageTs // a message that only one person sees is not in the payload
	c.key = strings.Join([]string{"click", c.channel, ts + i.Container.ViewID, click.ActionID, i.User.ID, click.ActionTs}, "/")
	if click.ActionID == buttonTrust {
		return b.clickedTrust(ctx, c, i, click.Value)
	}
	after, answer := then(nothing), ""
	c.after = &after // the card says it all, but for what is refused
	c.private = func(ctx context.Context, said content) string {
		if fromHome(i) { // it is shown there
			answer = said.text
			return ""
		}
		return b.whisper(ctx, c.channel, i.Message.ThreadTimestamp, i.User.ID, said)
	}
	if err := b.clicked(ctx, c, i, click); err != nil {
		text := b.explain(ctx, c, err)
		after = func(ctx context.Context) { c.private(ctx, content{text: text}) }
	}
	return func(ctx context.Context) {
		after(ctx)
		if fromHome(i) {
			b.showHome(ctx, c, answer)
		}
	}
}

func (b *Bot) clicked(ctx context.Context, c command, i slack.InteractionCallback, click *slack.BlockAction) error {
	if err := b.meet(ctx, c); err != nil {
		return err
	}
	if press, ok := scheduleButtons[click.ActionID]; ok {
		return b.clickedSchedule(ctx, c, i, click.Value, press)
	}
	run, err := b.clickedRun(ctx, c, i, click)
	if err != nil {
		return err
	}
	switch click.ActionID {
	case buttonApprove:
		return b.engine.Approve(ctx, c.actor, run, c.key)
	case buttonDeny:
		*c.after = func(ctx context.Context) { b.askWhy(ctx, c, i, run) }
		return b.engine.MayDecide(ctx, c.actor, run)
	case buttonReview:
		return b.engine.Review(ctx, c.actor, run, c.key)
	case buttonCancel:
		return b.engine.Cancel(ctx, c.actor, run, c.key)
	case buttonContinue:
		return b.engine.Continue(ctx, c.actor, run, c.key)
	case buttonRetry:
		channel, private, err := b.cardChannel(ctx, c)
		if err != nil {
			return err
		}
		_, err = b.engine.Retry(ctx, run, executor.Request{Actor: c.actor, Origin: c.origin, InboxKey: c.key, Channel: channel, Private: private})
		return err
	}
	return &executor.Refusal{Kind: executor.Usage, Text: "This version of drover does not know that button."}
}

// noteLimit is how long a click waits for the note of the post that it answers.
const noteLimit = time.Second

// messageOwner is the run that a message in Slack shows. A click can be faster than drover notes its own post.
func (b *Bot) messageOwner(ctx context.Context, channel, ts string) (string, error) {
	tooLate := time.After(noteLimit)
	for {
		changed := b.store.Changed()
		owner, err := b.store.MessageOwner(ctx, channel, ts)
		if !errors.Is(err, store.ErrNotFound) {
			return owner, err
		}
		posting, lookErr := b.store.Posting(ctx, channel)
		if lookErr != nil || !posting {
			return owner, errors.Join(err, lookErr)
		}
		select {
		case <-changed:
		case <-tooLate:
			return owner, err
		}
	}
}
