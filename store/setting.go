package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// The settings that drover keeps for itself.
const (
	SettingTeam    = "team"    // the Slack team's id, learned from auth.test
	SettingChannel = "channel" // DROVER_CHANNEL of the last serve: where runs without a channel of their own post
)

// Setting returns a setting's value, or "" when it was never set.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	return setting(ctx, s.read, name)
}

func setting(ctx context.Context, db sqlx.QueryerContext, name string) (string, error) {
	var values []string
	if err := sqlx.SelectContext(ctx, db, &values, "SELECT value FROM settings WHERE name = ?", name); err != nil {
		return "", fmt.Errorf("read setting %s: %w", name, err)
	}
	if len(values) == 0 {
		return "", nil
	}
	return values[0], nil
}

// SetSetting keeps a setting.
func (s *Store) SetSetting(ctx context.Context, actor Actor, name, value string) error {
	return s.changeSetting(ctx, actor, name, value, func(ctx context.Context, t *tx) error { return t.setSetting(ctx, name, value) })
}

// ResetSetting forgets a setting: it is as if it had never been set.
func (s *Store) ResetSetting(ctx context.Context, actor Actor, name string) error {
	return s.changeSetting(ctx, actor, name, "", func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, "DELETE FROM settings WHERE name = ?", name)
		return err
	})
}

func (s *Store) changeSetting(ctx context.Context, actor Actor, name, value string, change func(context.Context, *tx) error) error {
	if before, err := s.Setting(ctx, name); err != nil || before == value {
		return err
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		before, err := setting(ctx, t, name)
		if err != nil || before == value {
			return err
		}
		if err := change(ctx, t); err != nil {
			return err
		}
		return t.audit(ctx, actor, "setting.changed", "setting/"+name, detail{"before": before, "value": value})
	})
}

func (t *tx) setSetting(ctx context.Context, name, value string) error {
	_, err := t.ExecContext(ctx, `INSERT INTO settings (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	if err != nil {
		return fmt.Errorf("keep setting %s: %w", name, err)
	}
	return nil
}
