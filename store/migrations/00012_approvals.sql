-- +goose Up

-- How many colleagues must agree before the run may begin, as it was when it was asked for.
ALTER TABLE runs ADD COLUMN approvals_needed INTEGER NOT NULL DEFAULT 0
    CHECK (approvals_needed >= 0 AND (approvals_needed > 0 OR state <> 'awaiting_approval'));

-- Until when they may agree. NULL: it never waited for anybody.
ALTER TABLE runs ADD COLUMN approve_by INTEGER CHECK (approve_by IS NOT NULL OR state <> 'awaiting_approval');

-- What each of them decided. A yes can become a no while the run waits, never the other way.
CREATE TABLE approvals (
    run_id   TEXT NOT NULL REFERENCES runs (id),
    actor    TEXT NOT NULL, -- T…/U…
    decision TEXT NOT NULL CHECK (decision IN ('approved', 'denied')),
    reason   TEXT NOT NULL DEFAULT '',
    at       INTEGER NOT NULL,
    PRIMARY KEY (run_id, actor)
) STRICT;

-- A direct message: nobody but the person reads it.
ALTER TABLE channels ADD COLUMN direct INTEGER NOT NULL DEFAULT 0 CHECK (direct IN (0, 1));
