-- +goose Up

-- Where the audit log ended at some moments. Each is told to a file and to the channel too: whoever cuts off the log's
-- end can cut off rows as well.
CREATE TABLE anchors (
    occasion TEXT PRIMARY KEY, -- a day (2026-03-01), or a stop of drover at an entry (stop/1234)
    seq      INTEGER NOT NULL CHECK (seq > 0),
    hash     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    filed    INTEGER NOT NULL DEFAULT 0 CHECK (filed IN (0, 1)) -- it is in the file
) STRICT;

-- To show the last entries about somebody or something.
CREATE INDEX audit_subject ON audit (subject);
CREATE INDEX audit_actor ON audit (actor);
