-- +goose Up

-- Messages show more than runs: the owner is a run's id, or names what else the message is about. A notice carries its
-- own text. The table is made anew, for SQLite cannot drop a reference; those to it are checked at the commit.
PRAGMA defer_foreign_keys = ON;

CREATE TABLE messages_before AS SELECT * FROM messages;
DROP TABLE messages;

CREATE TABLE messages (
    id               TEXT PRIMARY KEY,
    owner            TEXT NOT NULL, -- a run's id, or what else it is about, such as lock/<id>
    kind             TEXT NOT NULL CHECK (kind IN ('card', 'reply', 'file', 'notice', 'review', 'headsup', 'report')),
    key              TEXT NOT NULL,
    channel          TEXT NOT NULL,
    text             TEXT NOT NULL DEFAULT '',  -- of a notice: what it says
    ts               TEXT NOT NULL DEFAULT '',  -- empty: not known to be posted
    wanted_version   INTEGER NOT NULL,
    rendered_version INTEGER NOT NULL DEFAULT 0,
    rendered_at      INTEGER,
    attempted_at     INTEGER,                   -- set before a post: without ts, the post may have arrived
    attempts         INTEGER NOT NULL DEFAULT 0, -- failed ones in a row
    retry_at         INTEGER NOT NULL DEFAULT 0,
    given_up         TEXT NOT NULL DEFAULT '',  -- why it is not tried again
    created_at       INTEGER NOT NULL,
    UNIQUE (owner, kind, key),
    CHECK (kind <> 'notice' OR text <> '')
) STRICT;

INSERT INTO messages (id, owner, kind, key, channel, ts, wanted_version, rendered_version, rendered_at, attempted_at, attempts,
        retry_at, given_up, created_at)
    SELECT id, owner, kind, key, channel, ts, wanted_version, rendered_version, rendered_at, attempted_at, attempts,
        retry_at, given_up, created_at FROM messages_before;
DROP TABLE messages_before;

CREATE INDEX messages_behind ON messages (id)
    WHERE rendered_version < wanted_version AND given_up = '';
