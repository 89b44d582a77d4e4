package bot

import (
	"context"
	"errors"
	"time"

	"github.com/slack-go/slack"

	"drover/store"
)

// renderNotice posts what the row says, once: a notice that is posted is never edited. It may be an anchor of the audit log,
// and whoever changes the row must not change that too.
func (p *Projector) renderNotice(ctx context.Context, m store.Message) (time.Duration, error) {
	if redirected, err := p.toPerson(ctx, m); err != nil || redirected {
		return time.Millisecond, err
	}
	return p.send(ctx, m, "", content{
		text: clip(m.Text, 300), blocks: []slack.Block{section(m.Text)}, metadata: messageMetadata(m),
	}, m.WantedVersion, true)
}

// toPerson sends a message whose channel is a person's id to the direct message with them.
func (p *Projector) toPerson(ctx context.Context, m store.Message) (redirected bool, err error) {
	if m.TS != "" {
		return false, nil
	}
	team, err := p.store.Setting(ctx, store.SettingTeam)
	if err != nil {
		return false, err
	}
	if _, err := p.store.User(ctx, team, m.Channel); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		return false, err
	}
	direct, err := p.direct(ctx, m.Channel)
	if err != nil {
		return false, err
	}
	return true, p.store.RedirectMessage(ctx, m.ID, direct)
}

// messageMetadata is how a message that belongs to no run is found again.
func messageMetadata(m store.Message) slack.SlackMetadata {
	return slack.SlackMetadata{EventType: noticeEvent, EventPayload: map[string]any{"message": m.ID}}
}
