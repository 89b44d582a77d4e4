package store

import (
	"context"
	"fmt"
)

// Receive notes a delivery of Slack's that makes no run, and says whether it had been delivered before.
func (s *Store) Receive(ctx context.Context, key string) (duplicate bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		duplicate, err = t.receive(ctx, key)
		return err
	})
	return duplicate, err
}

func (t *tx) receive(ctx context.Context, key string) (duplicate bool, err error) {
	if key == "" {
		return false, nil
	}
	fresh, err := t.change(ctx, "INSERT INTO inbox (key, received_at) VALUES (?, ?) ON CONFLICT DO NOTHING", key, t.now)
	if err != nil {
		return false, fmt.Errorf("note a delivery: %w", err)
	}
	return !fresh, nil
}
