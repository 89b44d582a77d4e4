package store

import (
	"context"
	"fmt"
)

// Freeze keeps every change off servers until a time, whoever asks.
type Freeze struct {
	ID        string `db:"id"         json:"id"`
	Selector  string `db:"selector"   json:"selector"` // as it was typed
	Reason    string `db:"reason"     json:"reason"`
	Channel   string `db:"channel"    json:"-"` // where it was made; "": DROVER_CHANNEL
	CreatedBy Actor  `db:"created_by" json:"created_by"`
	CreatedAt Time   `db:"created_at" json:"created_at"`
	Until     Time   `db:"until"      json:"until"`
}

// FreezeWord is a part of what a freeze stands for: all, tag:… or a server's name.
type FreezeWord struct {
	Word     string `db:"word"`
	Excluded bool   `db:"excluded"`
}

// FreezeWords puts a freeze into words for the channel: that it was made, or is over.
type FreezeWords func(Freeze) string

// Frozen is a server that a freeze is about.
type Frozen struct {
	Freeze
	ServerID string `db:"server_id"`
	Server   string `db:"server"`
}

// freezes says, of a server by the names of its columns, whether a freeze f is about it.
func freezes(serverID, name string) string {
	means := fmt.Sprintf(`(w.word = 'all' OR w.word = %s OR w.word IN (SELECT 'tag:' || tag FROM server_tags WHERE server_tags.server_id = %s))`, name, serverID)
	return `f.id IN (SELECT freeze_id FROM freeze_words w WHERE w.excluded = FALSE AND ` + means + `)
		AND f.id NOT IN (SELECT freeze_id FROM freeze_words w WHERE w.excluded = TRUE AND ` + means + `)`
}

// notFrozen is the condition that a target may begin: no freeze is about its server. What breaks the glass passes.
func notFrozen() string {
	return ` AND NOT (changes = TRUE AND EXISTS (SELECT 1 FROM freezes f JOIN runs ON runs.id = targets.run_id
		WHERE f.until > ? AND runs.urgent = FALSE AND ` + freezes("targets.server_id", "targets.server") + `))`
}

// Freezes lists the freezes that hold now, the oldest first.
func (s *Store) Freezes(ctx context.Context) ([]Freeze, error) {
	list := []Freeze{}
	if err := s.read.SelectContext(ctx, &list, "SELECT * FROM freezes WHERE until > ? ORDER BY id", s.Now()); err != nil {
		return nil, fmt.Errorf("list freezes: %w", err)
	}
	return list, nil
}

// FrozenServers lists the servers that freezes are about now, those of one freeze side by side.
func (s *Store) FrozenServers(ctx context.Context) ([]Frozen, error) {
	list := []Frozen{}
	err := s.read.SelectContext(ctx, &list, `SELECT f.*, servers.id AS server_id, servers.name AS server FROM freezes f, servers
		WHERE f.until > ? AND `+freezes("servers.id", "servers.name")+` ORDER BY f.id, servers.name`, s.Now())
	if err != nil {
		return nil, fmt.Errorf("list what is frozen: %w", err)
	}
	return list, nil
}

// AddFreeze makes a freeze, and tells the channel.
func (s *Store) AddFreeze(ctx context.Context, actor Actor, f Freeze, words []FreezeWord, made FreezeWords) (_ Freeze, err error) {
	if f.ID, err = newID(); err != nil {
		return f, err
	}
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		f.CreatedBy, f.CreatedAt = actor, t.now
		_, err := t.NamedExecContext(ctx, `INSERT INTO freezes (id, selector, reason, channel, created_by, created_at, until)
			VALUES (:id, :selector, :reason, :channel, :created_by, :created_at, :until)`, f)
		if err != nil {
			return fmt.Errorf("freeze %s: %w", f.Selector, err)
		}
		for _, w := range words {
			_, err := t.ExecContext(ctx, "INSERT INTO freeze_words (freeze_id, word, excluded) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", f.ID, w.Word, w.Excluded)
			if err != nil {
				return fmt.Errorf("freeze %s: %w", f.Selector, err)
			}
		}
		if err := t.audit(ctx, actor, "freeze.made", f.subject(), detail{"selector": f.Selector, "reason": f.Reason, "until": f.Until}); err != nil {
			return err
		}
		return t.notify(ctx, Notice{Owner: "freeze/" + f.ID, Key: "made", Channel: f.Channel, Text: made(f)})
	})
	return f, err
}

func (f Freeze) subject() string { return "freeze/" + f.Selector }

// EndFreeze ends a freeze before its time. It returns false when it is over already. Its end is told where it was made.
func (s *Store) EndFreeze(ctx context.Context, actor Actor, f Freeze, ended FreezeWords) (done bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		done, err = t.endFreeze(ctx, actor, f, "freeze.ended", ended)
		return err
	})
	return done, err
}

func (t *tx) endFreeze(ctx context.Context, actor Actor, f Freeze, event string, ended FreezeWords) (bool, error) {
	done, err := t.change(ctx, "DELETE FROM freezes WHERE id = ?", f.ID)
	if err != nil {
		return false, fmt.Errorf("end the freeze of %s: %w", f.Selector, err)
	}
	if !done {
		return false, nil
	}
	if err := t.audit(ctx, actor, event, f.subject(), detail{"selector": f.Selector, "reason": f.Reason}); err != nil {
		return false, err
	}
	return true, t.notify(ctx, Notice{Owner: "freeze/" + f.ID, Key: "ended", Channel: f.Channel, Text: ended(f)})
}

// ExpireFreezes ends the freezes whose time is over: they have held nothing since. It is told where they were made.
func (s *Store) ExpireFreezes(ctx context.Context, ended FreezeWords) error {
	var due []Freeze
	if err := s.read.SelectContext(ctx, &due, "SELECT * FROM freezes WHERE until <= ?", s.Now()); err != nil || len(due) == 0 {
		return err
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		for _, f := range due {
			if _, err := t.endFreeze(ctx, Drover, f, "freeze.expired", ended); err != nil {
				return err
			}
		}
		return nil
	})
}
