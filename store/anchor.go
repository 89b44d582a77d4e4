package store

import (
	"context"
	"fmt"
)

// Anchor says where the audit log ended at a moment. The chain alone does not show that its last entries were cut off;
// an anchor that is kept elsewhere does.
type Anchor struct {
	Occasion string `db:"occasion" json:"occasion"` // a day, 2026-03-01, or a stop of drover, stop/1234
	Head
	At    Time `db:"at" json:"at"`
	Filed bool `db:"filed" json:"-"` // it was written to the file
}

// dayOf is the day in UTC that a daily anchor is named after.
func dayOf(t Time) string { return t.UTC().Format("2006-01-02") }

// AnchorDue says whether today (UTC) has no anchor yet. A log that began today has nothing to anchor.
func (s *Store) AnchorDue(ctx context.Context) (bool, error) {
	today := dayOf(s.Now())
	var made int
	if err := s.read.GetContext(ctx, &made, "SELECT count(*) FROM anchors WHERE occasion = ?", today); err != nil {
		return false, fmt.Errorf("look for today's anchor: %w", err)
	}
	if made > 0 {
		return false, nil
	}
	var first []Time
	if err := s.read.SelectContext(ctx, &first, "SELECT at FROM audit ORDER BY seq LIMIT 1"); err != nil {
		return false, fmt.Errorf("look for the first audit entry: %w", err)
	}
	return len(first) > 0 && dayOf(first[0]) < today, nil
}

// AnchorDay anchors the audit log for today, once, by whichever process comes first, and has it told to the channel.
func (s *Store) AnchorDay(ctx context.Context, tell func(Anchor) string) (made bool, err error) {
	today := dayOf(s.Now())
	return s.anchor(ctx, func(Head) string { return today }, tell)
}

// AnchorStop anchors the audit log because drover stops, unless nothing was added since it last stopped.
func (s *Store) AnchorStop(ctx context.Context, tell func(Anchor) string) (made bool, err error) {
	return s.anchor(ctx, func(head Head) string { return fmt.Sprintf("stop/%d", head.Seq) }, tell)
}

// anchor records the head of the log as it is in this transaction, once for each occasion, and what the channel is told.
func (s *Store) anchor(ctx context.Context, occasion func(Head) string, tell func(Anchor) string) (made bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		a := Anchor{At: t.now}
		if a.Head, err = t.auditHead(ctx); err != nil || a.Seq == 0 {
			return err
		}
		a.Occasion = occasion(a.Head)
		made, err = t.change(ctx, "INSERT INTO anchors (occasion, seq, hash, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
			a.Occasion, a.Seq, a.Hash, a.At)
		if err != nil || !made {
			return err
		}
		return t.notify(ctx, Notice{Owner: "audit", Key: a.Occasion, Text: tell(a)})
	})
	if err != nil {
		return false, fmt.Errorf("anchor the audit log: %w", err)
	}
	return made, nil
}

// Anchors lists the anchors that the database remembers, oldest first.
func (s *Store) Anchors(ctx context.Context) ([]Anchor, error) {
	list := []Anchor{}
	if err := s.read.SelectContext(ctx, &list, "SELECT * FROM anchors ORDER BY at, seq"); err != nil {
		return nil, fmt.Errorf("list the anchors of the audit log: %w", err)
	}
	return list, nil
}
