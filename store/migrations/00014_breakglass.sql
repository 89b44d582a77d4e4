-- +goose Up

-- Break-glass: the run began without the approvals that it needed. It stays open until somebody else has looked at it.
ALTER TABLE runs ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0 CHECK (urgent IN (0, 1));
ALTER TABLE runs ADD COLUMN reviewed_by TEXT NOT NULL DEFAULT '' CHECK (reviewed_by = '' OR urgent = TRUE);
ALTER TABLE runs ADD COLUMN reviewed_at INTEGER CHECK ((reviewed_at IS NULL) = (reviewed_by = ''));

-- When to remind of it. NULL: there is nothing open.
ALTER TABLE runs ADD COLUMN remind_at INTEGER CHECK (remind_at IS NULL OR (urgent = TRUE AND reviewed_at IS NULL));

CREATE INDEX runs_unreviewed ON runs (remind_at) WHERE remind_at IS NOT NULL;
