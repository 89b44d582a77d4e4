-- +goose Up

-- What the server looked like while its run waited for approval: one line for those who decide, and when that was.
ALTER TABLE targets ADD COLUMN look TEXT NOT NULL DEFAULT '';
ALTER TABLE targets ADD COLUMN looked_at INTEGER;

-- When to look. NULL: it was looked at, or need not be.
ALTER TABLE targets ADD COLUMN look_at INTEGER;

CREATE INDEX targets_look ON targets (look_at) WHERE look_at IS NOT NULL;
