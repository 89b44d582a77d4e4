package bot

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/slack-go/slack"
)

// The ways to tell one person something after an ack. Each returns Slack's name for the message, "" when there is none.

// whisper answers in a channel so that only one person sees it.
func (b *Bot) whisper(ctx context.Context, channel, thread, user string, c content) string {
	if c.text == "" {
		return ""
	}
	ts, err := b.api.PostEphemeralContext(ctx, channel, user, c.private(thread)...)
	if err != nil {
		b.log.Warn("cannot answer in a channel", "channel", channel, "error", err)
	}
	return ts
}

// reply answers a direct message.
func (b *Bot) reply(ctx context.Context, channel, thread string, c content) string {
	if c.text == "" {
		return ""
	}
	_, ts, err := b.api.PostMessageContext(ctx, channel, c.private(thread)...)
	if err != nil {
		b.log.Warn("cannot answer a direct message", "channel", channel, "error", err)
	}
	return ts
}

// respond answers by the response_url of a slash command or click. That works in channels that drover is not in, five
// times within half an hour. Slack does not tell the message's name.
func (b *Bot) respond(ctx context.Context, url string, c content) string {
	b.toURL(ctx, url, c, false)
	return ""
}

// replace puts a message in the place of the one that was clicked, which only a response_url can where only one person
// sees it.
func (b *Bot) replace(ctx context.Context, url string, c content) { b.toURL(ctx, url, c, true) }

func (b *Bot) toURL(ctx context.Context, to string, c content, replace bool) {
	message := slack.WebhookMessage{
		Text: c.text, ResponseType: slack.ResponseTypeEphemeral, ReplaceOriginal: replace, Blocks: &slack.Blocks{BlockSet: c.verbatim()},
	}
	err := slack.PostWebhookCustomHTTPContext(ctx, to, &http.Client{Timeout: callTimeout}, &message)
	var leaky *url.Error
	if errors.As(err, &leaky) {
		err = leaky.Err // whoever knows the URL can speak in drover's name
	}
	if err != nil {
		b.log.Warn("cannot answer a command or click", "error", err)
	}
}

func (c content) private(thread string) []slack.MsgOption {
	options := []slack.MsgOption{slack.MsgOptionText(c.text, false), slack.MsgOptionBlocks(c.verbatim()...)}
	if thread != "" {
		options = append(options, slack.MsgOptionTS(thread))
	}
	return options
}

// verbatim are the blocks that show a message. Slack makes links of what looks like one in a message without blocks: in
// a server's note, or a reason, that would be a link that drover did not make.
func (c content) verbatim() []slack.Block {
	if len(c.blocks) > 0 {
		return c.blocks
	}
	var blocks []slack.Block
	for _, text := range paragraphs(c.text) {
		blocks = append(blocks, section(text))
	}
	return blocks
}

// paragraphs cuts a long text at its line breaks so that each part fits a section, and no code block is torn.
func paragraphs(text string) []string {
	var parts []string
	part, inFence := "", false
	for line := range strings.Lines(text) {
		if !inFence && len(part)+len(line) > maxSection && part != "" {
			parts, part = append(parts, part), ""
		}
		part += line
		inFence = inFence != (strings.Count(line, fence)%2 == 1)
	}
	if strings.TrimSpace(part) != "" {
		parts = append(parts, part)
	}
	return parts
}
