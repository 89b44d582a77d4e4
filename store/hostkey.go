package store

import (
	"context"
	"fmt"
	"slices"
)

// HostKey is a pin: a key that the server must prove to have.
type HostKey struct {
	ServerID    string `db:"server_id"   json:"-"`
	PublicKey   string `db:"public_key"  json:"public_key"` // as in authorized_keys: type and base64
	Fingerprint string `db:"fingerprint" json:"fingerprint"`
	PinnedBy    Actor  `db:"pinned_by"   json:"pinned_by"`
	PinnedAt    Time   `db:"pinned_at"   json:"pinned_at"`
}

// PinHostKeys replaces a server's pins. The same pins once more are no change: who trusted them first stays.
func (s *Store) PinHostKeys(ctx context.Context, actor Actor, name string, pins []HostKey) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		var id string
		if err := t.GetContext(ctx, &id, "SELECT id FROM servers WHERE name = ?", name); err != nil {
			return fmt.Errorf("pin host keys of %s: %w", name, found(err))
		}
		var pinned []string
		if err := t.SelectContext(ctx, &pinned, "SELECT public_key FROM host_keys WHERE server_id = ?", id); err != nil {
			return fmt.Errorf("pin host keys of %s: %w", name, err)
		}
		if sameKeys(pinned, pins) {
			return nil
		}
		if _, err := t.ExecContext(ctx, "DELETE FROM host_keys WHERE server_id = ?", id); err != nil {
			return fmt.Errorf("pin host keys of %s: %w", name, err)
		}
		fingerprints := make([]string, len(pins))
		for i, pin := range pins {
			_, err := t.ExecContext(ctx, "INSERT INTO host_keys (server_id, public_key, fingerprint, pinned_by, pinned_at) VALUES (?, ?, ?, ?, ?)",
				id, pin.PublicKey, pin.Fingerprint, actor, t.now)
			if err != nil {
				return fmt.Errorf("pin host keys of %s: %w", name, err)
			}
			fingerprints[i] = pin.Fingerprint
		}
		return t.audit(ctx, actor, "server.trusted", "server/"+name, detail{"fingerprints": fingerprints})
	})
}

func sameKeys(pinned []string, pins []HostKey) bool {
	keys := make([]string, len(pins))
	for i, pin := range pins {
		keys[i] = pin.PublicKey
	}
	slices.Sort(keys)
	slices.Sort(pinned)
	return slices.Equal(pinned, keys)
}
