-- +goose Up

-- Whoever locked a server keeps everybody else's changes off it. A server has one lock.
CREATE TABLE locks (
    server_id  TEXT PRIMARY KEY REFERENCES servers (id) ON DELETE CASCADE,
    id         TEXT NOT NULL, -- the same for all servers that were locked with one another
    owner      TEXT NOT NULL, -- of two ids of one person it is the one in Slack
    reason     TEXT NOT NULL,
    channel    TEXT NOT NULL, -- where it was made: its end is told there; empty: DROVER_CHANNEL
    created_at INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    CHECK (until > created_at)
) STRICT;
