-- +goose Up

-- A binding may end by itself. NULL: it does not.
ALTER TABLE bindings ADD COLUMN until INTEGER;

-- When its end was recorded. That it counts for nothing is decided by until, not by this.
ALTER TABLE bindings ADD COLUMN expired_at INTEGER CHECK (expired_at IS NULL OR until IS NOT NULL);

-- What Slack says of a usergroup that a binding is about. Without a row nothing is known of it.
CREATE TABLE usergroups (
    group_id   TEXT PRIMARY KEY,
    name       TEXT NOT NULL DEFAULT '',
    state      TEXT NOT NULL CHECK (state IN ('known', 'gone', 'unknown')), -- gone: the members are the last ones; unknown: they may be anybody
    checked_at INTEGER NOT NULL
) STRICT;

CREATE TABLE usergroup_members (
    group_id TEXT NOT NULL REFERENCES usergroups (group_id) ON DELETE CASCADE,
    slack_id TEXT NOT NULL,
    PRIMARY KEY (group_id, slack_id)
) STRICT;
