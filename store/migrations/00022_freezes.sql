-- +goose Up

-- While a freeze holds, nothing is changed on its servers, whoever asks.
CREATE TABLE freezes (
    id         TEXT PRIMARY KEY,
    selector   TEXT NOT NULL, -- as it was typed
    reason     TEXT NOT NULL,
    channel    TEXT NOT NULL, -- where it was made: its end is told there; empty: DROVER_CHANNEL
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    CHECK (until > created_at)
) STRICT;

-- What a selector stands for: all, tag:… or a server's name. The first two take in servers that are added later.
CREATE TABLE freeze_words (
    freeze_id TEXT NOT NULL REFERENCES freezes (id) ON DELETE CASCADE,
    word      TEXT NOT NULL,
    excluded  INTEGER NOT NULL CHECK (excluded IN (0, 1)),
    PRIMARY KEY (freeze_id, word, excluded)
) STRICT;
