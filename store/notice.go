package store

import (
	"context"
	"fmt"
)

// Notice is something that people are told once, such as that a lock has ended. It is recorded in the transaction of
// what it tells of.
type Notice struct {
	Owner   string // what it is about: "lock/<id>"
	Key     string // tells apart several notices about the same
	Channel string // where it goes: a channel's or a user's id; "": DROVER_CHANNEL
	Text    string // what it says, in Slack's mrkdwn, with everything that people typed escaped
}

// notify records a notice. One that was recorded before, or that has nowhere to go, is none.
func (t *tx) notify(ctx context.Context, n Notice) error {
	channel := n.Channel
	if channel == "" {
		var err error
		if channel, err = setting(ctx, t, SettingChannel); err != nil {
			return err
		}
	}
	if channel == "" {
		return nil
	}
	id, err := newID()
	if err != nil {
		return err
	}
	_, err = t.NamedExecContext(ctx, `INSERT INTO messages (id, owner, kind, key, channel, text, wanted_version, created_at)
		VALUES (:id, :owner, :kind, :key, :channel, :text, 1, :created_at) ON CONFLICT (owner, kind, key) DO NOTHING`, Message{
		ID: id, Owner: n.Owner, Kind: MessageNotice, Key: n.Key, Channel: channel, Text: n.Text, CreatedAt: t.now,
	})
	if err != nil {
		return fmt.Errorf("record a notice about %s: %w", n.Owner, err)
	}
	return nil
}
