package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Offer is a set of host keys that one person was shown in Slack and may trust with one click.
type Offer struct {
	ID           string `db:"id"`
	ServerID     string `db:"server_id"`
	Fingerprints string `db:"fingerprints"` // SHA256:…, with spaces between
	Actor        Actor  `db:"actor"`
	Channel      string `db:"channel"`
	TS           string `db:"ts"` // Slack's name for the message; "": Slack did not tell it
	CreatedAt    Time   `db:"created_at"`
	ExpiresAt    Time   `db:"expires_at"`
	TakenAt      *Time  `db:"taken_at"`
}

// Shown are the fingerprints, one by one.
func (o Offer) Shown() []string { return strings.Fields(o.Fingerprints) }

// offersKept is how long an offer that has expired is remembered, so that a late click is told why it does not count.
const offersKept = 24 * time.Hour

// CreateOffer records what a person is about to be shown. The offer ends by itself after life.
func (s *Store) CreateOffer(ctx context.Context, o Offer, life time.Duration) (Offer, error) {
	id, err := newID()
	if err != nil {
		return o, err
	}
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		o.ID, o.CreatedAt, o.ExpiresAt = id, t.now, t.now.Add(life)
		if _, err := t.ExecContext(ctx, "DELETE FROM offers WHERE expires_at < ?", t.now.Add(-offersKept)); err != nil {
			return fmt.Errorf("forget old offers: %w", err)
		}
		_, err := t.NamedExecContext(ctx, `INSERT INTO offers (id, server_id, fingerprints, actor, channel, ts, created_at, expires_at)
			VALUES (:id, :server_id, :fingerprints, :actor, :channel, :ts, :created_at, :expires_at)`, o)
		if err != nil {
			return fmt.Errorf("record an offer: %w", err)
		}
		return nil
	})
	return o, err
}

// OfferPosted notes Slack's name for the message that shows an offer: no click on another one counts from then on.
func (s *Store) OfferPosted(ctx context.Context, id, ts string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.ExecContext(ctx, "UPDATE offers SET ts = ? WHERE id = ? AND ts = ''", ts, id); err != nil {
			return fmt.Errorf("note where an offer is shown: %w", err)
		}
		return nil
	})
}

// Offer returns the offer that a message shows to a person, or ErrNotFound when drover recorded no such message.
func (s *Store) Offer(ctx context.Context, id string, actor Actor, channel, ts string) (Offer, error) {
	var o Offer
	err := s.read.GetContext(ctx, &o, "SELECT * FROM offers WHERE id = ? AND actor = ? AND channel = ? AND (ts = '' OR ts = ?)", id, actor, channel, ts)
	if err != nil {
		return o, fmt.Errorf("offer of a message: %w", found(err))
	}
	return o, nil
}

// TakeOffer takes an offer, once. It returns ErrTooLate when it was taken already or has expired.
func (s *Store) TakeOffer(ctx context.Context, id string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		taken, err := t.change(ctx, "UPDATE offers SET taken_at = ? WHERE id = ? AND taken_at IS NULL AND expires_at > ?", t.now, id, t.now)
		if err != nil {
			return fmt.Errorf("take an offer: %w", err)
		}
		if !taken {
			return ErrTooLate
		}
		return nil
	})
}
