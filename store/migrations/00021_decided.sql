-- +goose Up

-- When somebody skipped an occurrence, delayed it or ran it at once.
ALTER TABLE occurrences ADD COLUMN decided_at INTEGER CHECK (decided_at IS NULL OR decided_by <> '');
