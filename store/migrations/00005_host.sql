-- +goose Up

-- What the server said of itself when it last began a command: its system, distribution, kernel, machine id and boot. JSON.
ALTER TABLE servers ADD COLUMN host TEXT NOT NULL DEFAULT '{}';
ALTER TABLE servers ADD COLUMN host_at INTEGER;
