package store

import (
	"context"
	"fmt"
)

// Channel is what Slack says of a channel that somebody typed in.
type Channel struct {
	ID        string `db:"channel_id"`
	Visible   bool   `db:"visible"` // drover can read and post there
	Shared    bool   `db:"shared"`  // with another organisation
	Direct    bool   `db:"direct"`  // a direct message: nobody but the person reads it
	CheckedAt Time   `db:"checked_at"`
}

// SaveChannel keeps what Slack said just now.
func (s *Store) SaveChannel(ctx context.Context, channel Channel) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		channel.CheckedAt = t.now
		_, err := t.NamedExecContext(ctx, `INSERT INTO channels (channel_id, visible, shared, direct, checked_at)
			VALUES (:channel_id, :visible, :shared, :direct, :checked_at)
			ON CONFLICT (channel_id) DO UPDATE SET visible = excluded.visible, shared = excluded.shared, direct = excluded.direct, checked_at = excluded.checked_at`, channel)
		if err != nil {
			return fmt.Errorf("save channel %s: %w", channel.ID, err)
		}
		return nil
	})
}

// Channel returns what is known of a channel, or ErrNotFound.
func (s *Store) Channel(ctx context.Context, id string) (Channel, error) {
	var c Channel
	if err := s.read.GetContext(ctx, &c, "SELECT * FROM channels WHERE channel_id = ?", id); err != nil {
		return c, fmt.Errorf("channel %s: %w", id, found(err))
	}
	return c, nil
}

// Channels lists every channel that drover has met.
func (s *Store) Channels(ctx context.Context) ([]Channel, error) {
	list := []Channel{}
	if err := s.read.SelectContext(ctx, &list, "SELECT * FROM channels ORDER BY channel_id"); err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	return list, nil
}
