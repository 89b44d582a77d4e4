package store

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
)

// Host is what a server said of itself when it began a command. Its zero value is a server that has said nothing; so is
// each field of it.
type Host struct {
	System       string `json:"system,omitempty"`       // "Linux"
	Distribution string `json:"distribution,omitempty"` // os-release's ID: "debian"
	Version      string `json:"version,omitempty"`      // os-release's VERSION_ID: "12"
	Like         string `json:"like,omitempty"`         // os-release's ID_LIKE: "rhel fedora"
	Kernel       string `json:"kernel,omitempty"`       // its release
	MachineID    string `json:"machine_id,omitempty"`
	Boot         string `json:"boot,omitempty"` // another one after each restart
}

// String names the system: "debian 12", or "".
func (h Host) String() string {
	if h.Distribution == "" {
		return h.System
	}
	return strings.TrimSpace(h.Distribution + " " + h.Version)
}

// Value implements driver.Valuer.
func (h Host) Value() (driver.Value, error) {
	text, err := json.Marshal(h)
	return string(text), err
}

// Scan implements sql.Scanner.
func (h *Host) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("read what a server said of itself: %T is not text", src)
	}
	return json.Unmarshal([]byte(text), h)
}

// saveSeen keeps with a server what it said of itself and what an action has learned of it.
func (t *tx) saveSeen(ctx context.Context, serverID string, r Result) error {
	if r.Host != (Host{}) {
		if _, err := t.ExecContext(ctx, "UPDATE servers SET host = ?, host_at = ? WHERE id = ?", r.Host, t.now, serverID); err != nil {
			return fmt.Errorf("keep what a server said of itself: %w", err)
		}
	}
	if len(r.Facts) > 0 {
		if _, err := t.ExecContext(ctx, "UPDATE servers SET facts = ?, facts_at = ? WHERE id = ?", r.Facts, t.now, serverID); err != nil {
			return fmt.Errorf("keep a server's facts: %w", err)
		}
	}
	return nil
}
