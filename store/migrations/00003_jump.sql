-- +goose Up

-- The server through which this one is reached. NULL: none. A chain never leads back to itself; see jump.go.
ALTER TABLE servers ADD COLUMN jump_id TEXT REFERENCES servers (id);
CREATE INDEX servers_jump ON servers (jump_id);

-- The OpenSSH user certificate of a key. It is public. Empty: none.
ALTER TABLE credentials ADD COLUMN certificate TEXT NOT NULL DEFAULT '';
