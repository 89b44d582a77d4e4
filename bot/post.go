package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"drover/executor"
	"drover/store"
)

// send posts a message, or edits it when it is in Slack already.
func (p *Projector) send(ctx context.Context, m store.Message, thread string, c content, version int64, final bool) (time.Duration, error) {
	if m.TS == "" && m.AttemptedAt != nil {
		ts, err := p.find(ctx, m, thread, c)
		if err != nil {
			return 0, err
		}
		m.TS = ts // it had arrived: only the answer was lost
	}
	if m.TS != "" {
		return p.edit(ctx, m, c, version, final)
	}
	if wait := p.limiter.post(m.Channel, p.store.Now().Time); wait > 0 {
		return wait, nil
	}
	if err := p.store.Attempting(ctx, m.ID); err != nil {
		return 0, err
	}
	options := c.options()
	if thread != "" {
		options = append(options, slack.MsgOptionTS(thread))
	}
	_, ts, err := p.api.PostMessageContext(ctx, m.Channel, options...)
	if err != nil {
		return 0, err
	}
	return 0, p.store.Rendered(context.WithoutCancel(ctx), m.ID, ts, version)
}

func (p *Projector) edit(ctx context.Context, m store.Message, c content, version int64, final bool) (time.Duration, error) {
	if wait := p.limiter.update(final, p.store.Now().Time); wait > 0 {
		return wait, nil
	}
	if _, _, _, err := p.api.UpdateMessageContext(ctx, m.Channel, m.TS, c.options()...); err != nil {
		return 0, err
	}
	return 0, p.store.Rendered(context.WithoutCancel(ctx), m.ID, m.TS, version)
}

func (c content) options() []slack.MsgOption {
	return []slack.MsgOption{
		slack.MsgOptionText(c.text, false), slack.MsgOptionBlocks(c.blocks...), slack.MsgOptionMetadata(c.metadata),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
	}
}

// find looks for a message whose post was sent and never answered: chat.postMessage has no idempotency key, and a
// second card would be a lie. It returns "" when Slack does not have it.
func (p *Projector) find(ctx context.Context, m store.Message, thread string, c content) (string, error) {
	oldest := fmt.Sprintf("%d.000000", m.AttemptedAt.Add(-time.Minute).Unix())
	messages, err := p.recent(ctx, m.Channel, thread, oldest)
	if err != nil {
		return "", fmt.Errorf("look for a message whose post was not answered: %w", err)
	}
	for _, candidate := range messages {
		if sameMessage(candidate.Metadata, c.metadata) {
			return candidate.Timestamp, nil
		}
	}
	return "", nil
}

func (p *Projector) recent(ctx context.Context, channel, thread, oldest string) ([]slack.Message, error) {
	if thread != "" {
		messages, _, _, err := p.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: channel, Timestamp: thread, Oldest: oldest, Limit: 100, IncludeAllMetadata: true,
		})
		return messages, err
	}
	history, err := p.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: channel, Oldest: oldest, Limit: 100, IncludeAllMetadata: true,
	})
	if err != nil {
		return nil, err
	}
	return history.Messages, nil
}

// sameMessage says whether two messages show the same run, and, for replies, the same servers.
func sameMessage(a, b slack.SlackMetadata) bool {
	return a.EventType == b.EventType && identity(a) == identity(b)
}

func identity(m slack.SlackMetadata) string {
	return fmt.Sprint(m.EventPayload["run"], "/", m.EventPayload["servers"])
}

// upload puts the whole output of some servers into a file in the thread.
func (p *Projector) upload(ctx context.Context, m store.Message, card store.Message, run store.Run, targets []store.Target) (time.Duration, error) {
	if wait := p.limiter.post(m.Channel, p.store.Now().Time); wait > 0 {
		return wait, nil
	}
	var parts []string
	for _, t := range targets {
		parts = append(parts, whole(t))
	}
	text := strings.Join(parts, "\n"+strings.Repeat("─", 40)+"\n")
	names := executor.FoldNames(serverNames(targets))
	file, err := p.api.UploadFileContext(ctx, slack.UploadFileParameters{
		Content: text, FileSize: len(text), Channel: m.Channel, ThreadTimestamp: card.TS,
		Filename: fmt.Sprintf("%s-%d.txt", run.Action, run.Number), Title: clip(fmt.Sprintf("%s #%d on %s", run.Action, run.Number, names), 150),
	})
	if err != nil {
		return 0, err
	}
	return 0, p.store.Rendered(context.WithoutCancel(ctx), m.ID, file.ID, run.Version)
}
