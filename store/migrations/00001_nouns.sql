-- The nouns of drover. Times are microseconds since 1970 in UTC. IDs are UUIDv7, made in Go.
-- The SQL keeps to what SQLite and PostgreSQL share; booleans are written TRUE and FALSE.
-- +goose Up

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- The two secrets are sealed with the key file; see secret.go. NULL: there is none.
CREATE TABLE credentials (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL CHECK (kind IN ('key', 'password', 'agent', 'certificate')),
    login_secret BLOB,
    sudo_secret  BLOB,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE servers (
    id              TEXT PRIMARY KEY,
    name            TEXT NOT NULL UNIQUE,
    address         TEXT NOT NULL,
    port            INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    platform        TEXT NOT NULL CHECK (platform IN ('linux', 'routeros', 'ios')),
    login_user      TEXT NOT NULL,
    credential_id   TEXT REFERENCES credentials (id),
    note            TEXT NOT NULL DEFAULT '',
    disabled_reason TEXT NOT NULL DEFAULT '',   -- not empty: out of every plan, for this reason
    facts           TEXT NOT NULL DEFAULT '{}', -- JSON, what the last run learned
    facts_at        INTEGER,
    created_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE server_tags (
    server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    tag       TEXT NOT NULL,
    PRIMARY KEY (server_id, tag)
) STRICT;

-- The pins: no connection without one that matches.
CREATE TABLE host_keys (
    server_id   TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    public_key  TEXT NOT NULL, -- as in authorized_keys: type and base64
    fingerprint TEXT NOT NULL, -- SHA256:…
    pinned_by   TEXT NOT NULL,
    pinned_at   INTEGER NOT NULL,
    PRIMARY KEY (server_id, public_key)
) STRICT;

-- What Slack says of a person. Identity is (team_id, slack_id), never the name.
CREATE TABLE users (
    team_id     TEXT NOT NULL,
    slack_id    TEXT NOT NULL,
    name        TEXT NOT NULL,
    bot         INTEGER NOT NULL CHECK (bot IN (0, 1)),
    guest       INTEGER NOT NULL CHECK (guest IN (0, 1)),
    stranger    INTEGER NOT NULL CHECK (stranger IN (0, 1)),
    deactivated INTEGER NOT NULL CHECK (deactivated IN (0, 1)),
    checked_at  INTEGER NOT NULL,
    PRIMARY KEY (team_id, slack_id)
) STRICT;

-- A login on drover's own host that belongs to a Slack user.
CREATE TABLE logins (
    login TEXT PRIMARY KEY,
    actor TEXT NOT NULL
) STRICT;

-- What Slack says of a channel that somebody typed in.
CREATE TABLE channels (
    channel_id TEXT PRIMARY KEY,
    visible    INTEGER NOT NULL CHECK (visible IN (0, 1)), -- drover can read and post there
    shared     INTEGER NOT NULL CHECK (shared IN (0, 1)),  -- with another organisation
    checked_at INTEGER NOT NULL
) STRICT;

CREATE TABLE bindings (
    id          TEXT PRIMARY KEY,
    subject     TEXT NOT NULL, -- T…/U…
    role        TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin', 'approver', 'breakglass')),
    action_glob TEXT NOT NULL DEFAULT '*',
    tag         TEXT NOT NULL DEFAULT '',  -- empty: every server
    effect      TEXT NOT NULL CHECK (effect IN ('allow', 'deny')),
    created_by  TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    UNIQUE (subject, role, action_glob, tag, effect)
) STRICT;

-- Every revision is kept: a run points at the one it ran.
CREATE TABLE actions (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    revision   INTEGER NOT NULL CHECK (revision > 0),
    builtin    INTEGER NOT NULL CHECK (builtin IN (0, 1)),
    yaml       TEXT NOT NULL,
    removed    INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (name, revision)
) STRICT;

CREATE TABLE runs (
    id               TEXT PRIMARY KEY,
    number           INTEGER NOT NULL UNIQUE CHECK (number > 0), -- what people see: #42
    version          INTEGER NOT NULL DEFAULT 1,                  -- grows with every change of the run or its targets
    state            TEXT NOT NULL CHECK (state IN ('awaiting_approval', 'queued', 'running', 'paused',
                         'succeeded', 'failed', 'partial', 'cancelled', 'denied', 'expired', 'interrupted')),
    state_reason     TEXT NOT NULL DEFAULT '',
    action_id        TEXT NOT NULL REFERENCES actions (id),
    action           TEXT NOT NULL,
    changes          INTEGER NOT NULL CHECK (changes IN (0, 1)),
    selector         TEXT NOT NULL,
    params           TEXT NOT NULL, -- JSON
    options          TEXT NOT NULL, -- JSON
    plan             TEXT NOT NULL, -- JSON
    plan_hash        TEXT NOT NULL, -- SHA-256, hex
    reason           TEXT NOT NULL DEFAULT '',
    origin           TEXT NOT NULL CHECK (origin IN ('slash', 'mention', 'dm', 'button', 'modal', 'schedule', 'cli')),
    requested_by     TEXT NOT NULL,
    channel          TEXT NOT NULL DEFAULT '',
    retry_of         TEXT UNIQUE REFERENCES runs (id), -- a run is repeated once; then its repetition is
    owner            TEXT NOT NULL DEFAULT '',
    epoch            INTEGER NOT NULL DEFAULT 0, -- grows with every claim; every later write carries it
    lease_until      INTEGER,
    cancel_by        TEXT NOT NULL DEFAULT '',
    created_at       INTEGER NOT NULL,
    queued_at        INTEGER,
    started_at       INTEGER,
    finished_at      INTEGER,
    CHECK ((finished_at IS NOT NULL) = (state IN ('succeeded', 'failed', 'partial', 'cancelled', 'denied', 'expired', 'interrupted'))),
    CHECK (state <> 'running' OR (owner <> '' AND epoch > 0 AND lease_until IS NOT NULL AND started_at IS NOT NULL)),
    CHECK (state <> 'queued' OR queued_at IS NOT NULL)
) STRICT;

CREATE INDEX runs_open ON runs (state, number)
    WHERE state IN ('awaiting_approval', 'queued', 'running', 'paused');

CREATE TABLE messages (
    id               TEXT PRIMARY KEY,
    owner            TEXT NOT NULL REFERENCES runs (id),
    kind             TEXT NOT NULL CHECK (kind IN ('card', 'reply', 'file')),
    key              TEXT NOT NULL,
    channel          TEXT NOT NULL,
    ts               TEXT NOT NULL DEFAULT '',  -- empty: not known to be posted
    wanted_version   INTEGER NOT NULL,
    rendered_version INTEGER NOT NULL DEFAULT 0,
    rendered_at      INTEGER,
    attempted_at     INTEGER,                   -- set before a post: without ts, the post may have arrived
    attempts         INTEGER NOT NULL DEFAULT 0, -- failed ones in a row
    retry_at         INTEGER NOT NULL DEFAULT 0,
    given_up         TEXT NOT NULL DEFAULT '',  -- why it is not tried again
    created_at       INTEGER NOT NULL,
    UNIQUE (owner, kind, key)
) STRICT;

CREATE INDEX messages_behind ON messages (id)
    WHERE rendered_version < wanted_version AND given_up = '';

CREATE TABLE targets (
    id          TEXT PRIMARY KEY,
    run_id      TEXT NOT NULL REFERENCES runs (id),
    position    INTEGER NOT NULL,
    server_id   TEXT NOT NULL, -- no reference: a server can be removed, its history stays
    server      TEXT NOT NULL,
    changes     INTEGER NOT NULL CHECK (changes IN (0, 1)),
    state       TEXT NOT NULL CHECK (state IN ('pending', 'dispatching', 'running', 'succeeded', 'failed',
                    'unreachable', 'timed_out', 'cancelled', 'skipped', 'interrupted')),
    waits_for   INTEGER NOT NULL DEFAULT 0, -- the number of the run that has the server now
    exit_code   INTEGER,
    error_kind  TEXT NOT NULL DEFAULT '',
    summary     TEXT NOT NULL DEFAULT '',  -- one line, the outcome first
    details     TEXT NOT NULL DEFAULT '',
    stdout      TEXT NOT NULL DEFAULT '',
    stderr      TEXT NOT NULL DEFAULT '',
    facts       TEXT NOT NULL DEFAULT '{}',
    message_id  TEXT REFERENCES messages (id), -- the reply that tells of it
    started_at  INTEGER,
    finished_at INTEGER,
    UNIQUE (run_id, server_id),
    CHECK ((finished_at IS NOT NULL) = (state IN ('succeeded', 'failed', 'unreachable', 'timed_out', 'cancelled', 'skipped', 'interrupted')))
) STRICT;

-- At most one changing target per server is under way.
CREATE UNIQUE INDEX targets_one_change ON targets (server_id)
    WHERE changes = TRUE AND state IN ('dispatching', 'running');

CREATE INDEX targets_message ON targets (message_id);

-- What Slack has delivered already; a redelivery finds its key here.
CREATE TABLE inbox (
    key         TEXT PRIMARY KEY,
    run_id      TEXT REFERENCES runs (id),
    received_at INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    event   TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL, -- JSON, as it was hashed
    prev    TEXT NOT NULL,
    hash    TEXT NOT NULL  -- HMAC-SHA256 over all of the above
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd

-- REPLACE would delete the old entry without asking the trigger above.
-- +goose StatementBegin
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
