-- +goose Up

-- What runs by itself, when, and as whom. Lengths of time are microseconds, too. A change of what it does makes a new
-- revision, which belongs to whoever made it.
CREATE TABLE schedules (
    id               TEXT PRIMARY KEY,
    name             TEXT NOT NULL,
    revision         INTEGER NOT NULL CHECK (revision > 0),
    owner            TEXT NOT NULL,            -- whose rights its runs have
    cron             TEXT NOT NULL,
    nth              TEXT NOT NULL,
    timezone         TEXT NOT NULL,
    duration         INTEGER NOT NULL CHECK (duration > 0),
    cutoff           INTEGER NOT NULL CHECK (cutoff >= 0 AND cutoff < duration),
    valid_from       INTEGER,
    valid_until      INTEGER,
    action           TEXT NOT NULL,
    params           TEXT NOT NULL,            -- JSON
    selector         TEXT NOT NULL,
    options          TEXT NOT NULL,            -- JSON
    reboot           TEXT NOT NULL CHECK (reboot IN ('never', 'if-required')),
    notify_before    INTEGER NOT NULL CHECK (notify_before >= 0),
    missed           TEXT NOT NULL CHECK (missed IN ('if-open', 'skip', 'ask')),
    channel          TEXT NOT NULL,            -- empty: DROVER_CHANNEL
    considered_until INTEGER NOT NULL,         -- every opening up to then has its occurrence
    paused_at        INTEGER,
    paused_by        TEXT NOT NULL DEFAULT '',
    paused_reason    TEXT NOT NULL DEFAULT '',
    paused_until     INTEGER,                  -- NULL: until somebody resumes it
    created_at       INTEGER NOT NULL,
    edited_at        INTEGER NOT NULL,
    removed_at       INTEGER,
    CHECK ((paused_at IS NULL) = (paused_by = '')),
    CHECK (paused_until IS NULL OR paused_at IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX schedules_name ON schedules (name) WHERE removed_at IS NULL;

-- One opening of a schedule's window: recorded once, however many processes look.
CREATE TABLE occurrences (
    schedule_id TEXT NOT NULL REFERENCES schedules (id),
    starts_at   INTEGER NOT NULL,              -- when the window opens
    id          TEXT NOT NULL UNIQUE,          -- the buttons' value
    version     INTEGER NOT NULL DEFAULT 1,    -- grows with every change
    revision    INTEGER NOT NULL,              -- of the schedule
    begins_at   INTEGER NOT NULL,              -- when its run is to begin
    cutoff_at   INTEGER NOT NULL,              -- from then on nothing begins
    ends_at     INTEGER NOT NULL,
    channel     TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('announced', 'asked', 'running', 'rebooting', 'done', 'skipped', 'missed', 'refused')),
    reason      TEXT NOT NULL DEFAULT '',      -- why it was not run
    decided_by  TEXT NOT NULL DEFAULT '',      -- who skipped it, delayed it or ran it at once
    created_at  INTEGER NOT NULL,
    began_at    INTEGER,
    finished_at INTEGER,
    PRIMARY KEY (schedule_id, starts_at),
    CHECK ((finished_at IS NOT NULL) = (state IN ('done', 'skipped', 'missed', 'refused'))),
    CHECK (state NOT IN ('running', 'rebooting', 'done') OR began_at IS NOT NULL)
) STRICT;

CREATE INDEX occurrences_open ON occurrences (begins_at) WHERE finished_at IS NULL;

-- A schedule never overlaps itself.
CREATE UNIQUE INDEX occurrences_one_running ON occurrences (schedule_id) WHERE state IN ('running', 'rebooting');

-- The occurrence that a run is for, and the cutoff of its window: from then on nothing of the run begins.
ALTER TABLE runs ADD COLUMN occurrence_id TEXT REFERENCES occurrences (id);
ALTER TABLE runs ADD COLUMN begin_by INTEGER;
CREATE INDEX runs_begin_by ON runs (begin_by) WHERE begin_by IS NOT NULL AND finished_at IS NULL;
CREATE INDEX runs_occurrence ON runs (occurrence_id) WHERE occurrence_id IS NOT NULL;

-- The zone in which a person reads times, as Slack tells it.
ALTER TABLE users ADD COLUMN timezone TEXT NOT NULL DEFAULT '';
