package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"drover/executor"
	"drover/store"
)

// maxReason is how many characters of a reason drover keeps.
const maxReason = 500

// command is one line that somebody typed, wherever it was.
type command struct {
	actor   store.Actor
	channel string
	text    string // normalised
	origin  store.Origin
	key     string // what Slack calls this delivery

	// after is what is left to do once the envelope is acked: a verb whose answer takes its time sets it.
	after *then
	// private shows the person, and nobody else, a message after the ack. It returns Slack's name for the message, or
	// "" where Slack does not tell it.
	private func(ctx context.Context, c content) (ts string)
}

// answer handles a command and returns what the person gets to read in private; "" when the card says it all.
func (b *Bot) answer(ctx context.Context, c command) string {
	text, err := b.obey(ctx, c)
	if err != nil {
		return b.explain(ctx, c, err)
	}
	return text
}

// explain makes the one sentence for a person out of an error. What is not for them is logged, and named so.
func (b *Bot) explain(ctx context.Context, c command, err error) string {
	err = b.engine.AuditRefusal(ctx, c.actor, executor.SlackSubject(c.origin), err)
	var refusal *executor.Refusal
	if errors.As(err, &refusal) {
		text := ":no_entry_sign: " + escape(refusal.Text)
		if refusal.By != "" {
			text += " by " + person(refusal.By)
		}
		if !refusal.At.IsZero() {
			text += ", " + when(refusal.At)
		}
		return text
	}
	b.log.Error("cannot handle a request", "error", err)
	return ":warning: drover itself failed, and nothing was run. An admin finds the reason in drover's log."
}

func (b *Bot) obey(ctx context.Context, c command) (string, error) {
	if err := b.meet(ctx, c); err != nil {
		return "", err
	}
	words, reason, err := splitWords(c.text)
	if err != nil {
		return "", &executor.Refusal{Kind: executor.Usage, Text: err.Error() + " Nothing was run."}
	}
	if len(words) == 0 {
		words = []string{"help"}
	}
	if verb, ok := verbs[strings.ToLower(words[0])]; ok {
		return verb(b, ctx, c, words[1:], reason)
	}
	return b.submit(ctx, c, words, reason)
}

// submit hands a request to the engine. Its card is the answer.
func (b *Bot) submit(ctx context.Context, c command, words []string, reason string) (string, error) {
	request, err := b.request(ctx, c, words, reason)
	if err != nil {
		return "", err
	}
	run, err := b.engine.Submit(ctx, request)
	if err != nil {
		return "", err
	}
	return elsewhere(run, request.Channel), nil
}

// request is what somebody wants done, of the words that they typed.
func (b *Bot) request(ctx context.Context, c command, words []string, reason string) (executor.Request, error) {
	request, err := executor.ParseRequest(words)
	if err != nil {
		return request, err
	}
	request.Actor, request.Origin, request.InboxKey, request.Reason = c.actor, c.origin, c.key, clip(reason, maxReason)
	request.Channel, request.Private, err = b.cardChannel(ctx, c)
	return request, err
}

// elsewhere says where the card is when it is not where somebody typed.
func elsewhere(run store.Run, channel string) string {
	if run.Channel == channel || run.ID == "" {
		return ""
	}
	if run.Urgent {
		return fmt.Sprintf("#%d: %s begins at once. Everybody reads of it in <#%s>.", run.Number, headline(run), run.Channel)
	}
	return fmt.Sprintf("#%d %s: %s needs a colleague's approval, which is asked for in <#%s>.", run.Number, stateWords[run.State], headline(run), run.Channel)
}

// cardChannel is where the card of a command goes: where it was typed, or, where drover cannot post, the person's
// direct message. private: nobody else reads it there.
func (b *Bot) cardChannel(ctx context.Context, c command) (id string, private bool, err error) {
	channel, err := b.store.Channel(ctx, c.channel)
	if err != nil && c.channel != "" {
		return "", false, err
	}
	if !channel.Visible {
		_, user, _ := c.actor.Slack()
		return user, true, nil
	}
	return c.channel, channel.Direct, nil
}
