-- +goose Up

-- The run only looked at what its action would do.
ALTER TABLE runs ADD COLUMN preview INTEGER NOT NULL DEFAULT 0 CHECK (preview IN (0, 1) AND (preview = FALSE OR changes = FALSE));

-- What an action did on a server the last times: how long it took, and when it was.
CREATE INDEX targets_succeeded ON targets (server_id, finished_at) WHERE state = 'succeeded';
