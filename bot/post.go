package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"drover/store"
)

// send posts a message, or edits it when it is in Slack already.
func (p *Projector) send(ctx context.Context, m store.Message, thread string, c content, version int64, final bool) (time.Duration, error) {
	if m.TS == "" {
		posted, ok, err := p.find(ctx, m, thread, func(posted slack.Message) bool { return sameMessage(posted.Metadata, c.metadata) })
		if err != nil {
			return 0, err
		}
		if ok {
			m.TS = posted.Timestamp // it had arrived: only the answer was lost
		}
	}
	switch {
	case m.TS != "" && m.Kind == store.MessageNotice: // what was told is not told otherwise, whatever its row says now
		return 0, p.store.Rendered(ctx, m.ID, m.TS, version)
	case m.TS != "":
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

// lookBack is how much earlier than drover's own clock says a message is looked for: Slack has another clock.
const lookBack = time.Minute

// find looks for a message whose post was sent and never answered: chat.postMessage has no idempotency key, and a
// second card would be a lie. It returns false when Slack does not have it.
func (p *Projector) find(ctx context.Context, m store.Message, thread string, is func(slack.Message) bool) (found slack.Message, ok bool, err error) {
	if m.AttemptedAt == nil {
		return found, false, nil
	}
	oldest := fmt.Sprintf("%d.000000", m.AttemptedAt.Add(-lookBack).Unix())
	for cursor := ""; ; {
		page, next, err := p.page(ctx, m.Channel, thread, oldest, cursor)
		var refused slack.SlackErrorResponse
		if errors.As(err, &refused) && refused.Err == "missing_scope" {
			p.log.Warn("cannot look for a message whose post was not answered; it may appear twice", "channel", m.Channel, "needed", refused.Needed)
			return found, false, nil
		}
		if err != nil {
			return found, false, fmt.Errorf("look for a message whose post was not answered: %w", err)
		}
		if at := slices.IndexFunc(page, is); at >= 0 {
			return page[at], true, nil
		}
		if cursor = next; cursor == "" {
			return found, false, nil
		}
	}
}

// page reads messages of a channel, or of a thread in it, and says where the next page begins.
func (p *Projector) page(ctx context.Context, channel, thread, oldest, cursor string) (messages []slack.Message, next string, err error) {
	const most = 200
	if thread != "" {
		messages, _, next, err = p.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: channel, Timestamp: thread, Oldest: oldest, Cursor: cursor, Limit: most, IncludeAllMetadata: true,
		})
		return messages, next, err
	}
	history, err := p.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: channel, Oldest: oldest, Cursor: cursor, Limit: most, IncludeAllMetadata: true,
	})
	if err != nil {
		return nil, "", err
	}
	return history.Messages, history.ResponseMetaData.NextCursor, nil
}

// sameMessage says whether two messages show the same run, and, for replies, the same servers, or are the same notice.
func sameMessage(a, b slack.SlackMetadata) bool {
	return a.EventType == b.EventType && identity(a) == identity(b)
}

// identity is compared as JSON: what Slack returns went through it, and numbers came back as float64.
func identity(m slack.SlackMetadata) string {
	text, err := json.Marshal([]any{m.EventPayload["run"], m.EventPayload["servers"], m.EventPayload["message"]})
	if err != nil {
		return "" // unreachable: it came from JSON, or from drover's own rendering
	}
	return string(text)
}
