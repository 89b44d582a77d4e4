-- +goose Up

-- The size in bytes of the file that holds the whole output, of which stdout and stderr keep a part; see log.go. 0: there is none.
ALTER TABLE targets ADD COLUMN log_size INTEGER NOT NULL DEFAULT 0 CHECK (log_size >= 0);
