-- +goose Up

-- How the end of the command is proven, beside its exit code: by a restart, or by silence. Empty: not at all.
ALTER TABLE targets ADD COLUMN verify TEXT NOT NULL DEFAULT '' CHECK (verify IN ('', 'rebooted', 'down'));

-- What the server said of itself just before the command was sent, and when that was. On disk before anything is sent.
ALTER TABLE targets ADD COLUMN host_before TEXT NOT NULL DEFAULT '{}'; -- JSON
ALTER TABLE targets ADD COLUMN machine_id TEXT NOT NULL DEFAULT '';    -- of host_before
ALTER TABLE targets ADD COLUMN sent_at INTEGER CHECK (sent_at IS NULL OR verify <> '');

CREATE INDEX targets_sent ON targets (server_id, sent_at) WHERE sent_at IS NOT NULL;

-- drover itself runs there: it is never restarted or switched off from here.
ALTER TABLE servers ADD COLUMN own_host INTEGER NOT NULL DEFAULT 0 CHECK (own_host IN (0, 1));
