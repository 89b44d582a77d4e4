-- +goose Up

-- The command outlives its connection: what became of it can be asked for later.
ALTER TABLE targets ADD COLUMN detached INTEGER NOT NULL DEFAULT 0 CHECK (detached IN (0, 1));

-- When to ask next. NULL: there is nothing to ask for, or no longer.
ALTER TABLE targets ADD COLUMN probe_at INTEGER CHECK (probe_at IS NULL OR state IN ('interrupted', 'timed_out'));

-- How often it was asked for. It is the prober's epoch too: who has an older one writes nothing.
ALTER TABLE targets ADD COLUMN probes INTEGER NOT NULL DEFAULT 0;

CREATE INDEX targets_probe ON targets (probe_at) WHERE probe_at IS NOT NULL;

-- What may go on without drover has its server to itself until its end is proven.
DROP INDEX targets_one_change;
CREATE UNIQUE INDEX targets_one_change ON targets (server_id)
    WHERE changes = TRUE AND (state IN ('dispatching', 'running') OR probe_at IS NOT NULL);
