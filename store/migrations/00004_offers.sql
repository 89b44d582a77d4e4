-- +goose Up

-- Host keys that somebody was shown in Slack and may trust with one click.
CREATE TABLE offers (
    id           TEXT PRIMARY KEY,         -- the button's value
    server_id    TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    fingerprints TEXT NOT NULL,            -- SHA256:…, with spaces between
    actor        TEXT NOT NULL,            -- who was shown them: nobody else's click counts
    channel      TEXT NOT NULL,
    ts           TEXT NOT NULL DEFAULT '', -- Slack's name for the message; empty: Slack did not tell it
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    taken_at     INTEGER,                  -- the click: it counts once
    CHECK (expires_at > created_at)
) STRICT;
