-- +goose Up

-- The turn of a server within its run: a batch begins when those before it are over. 0 is the canary, after which the
-- run waits for Continue; the others count from 1.
ALTER TABLE targets ADD COLUMN batch INTEGER NOT NULL DEFAULT 1 CHECK (batch >= 0);

-- How many servers may fail before nothing new begins. NULL: any number. Of a canary none may.
ALTER TABLE runs ADD COLUMN max_failures INTEGER CHECK (max_failures >= 0);

-- Until when the run waits, or waited, for Continue, and who let it go on, when.
ALTER TABLE runs ADD COLUMN paused_until INTEGER CHECK (state <> 'paused' OR paused_until IS NOT NULL);
ALTER TABLE runs ADD COLUMN continued_by TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN continued_at INTEGER CHECK ((continued_at IS NULL) = (continued_by = ''));

-- What counts against the limit.
CREATE INDEX targets_failed ON targets (run_id)
    WHERE state IN ('failed', 'unreachable', 'timed_out', 'interrupted');
