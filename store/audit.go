package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// AuditEntry is one line of the append-only log. Its hash covers the entry and the hash before it.
type AuditEntry struct {
	Seq     int64  `db:"seq"     json:"seq"`
	At      Time   `db:"at"      json:"at"`
	Actor   Actor  `db:"actor"   json:"actor"`
	Event   string `db:"event"   json:"event"`
	Subject string `db:"subject" json:"subject"`
	Payload string `db:"payload" json:"payload"`
	Prev    string `db:"prev"    json:"prev"`
	Hash    string `db:"hash"    json:"hash"`
}

// detail is what an entry says beside who, what and whom. Never a secret.
type detail map[string]any

// audit appends an entry in the transaction of the change that it tells of.
func (t *tx) audit(ctx context.Context, actor Actor, event, subject string, d detail) error {
	if d == nil {
		d = detail{}
	}
	payload, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("audit %s: %w", event, err)
	}
	head, err := t.auditHead(ctx)
	if err != nil {
		return fmt.Errorf("audit %s: %w", event, err)
	}
	e := AuditEntry{Seq: head.Seq + 1, At: t.now, Actor: actor, Event: event, Subject: subject, Payload: string(payload), Prev: head.Hash}
	_, err = t.ExecContext(ctx, "INSERT INTO audit (seq, at, actor, event, subject, payload, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		e.Seq, e.At, e.Actor, e.Event, e.Subject, e.Payload, e.Prev, e.sum(t.keys.audit))
	if err != nil {
		return fmt.Errorf("audit %s: %w", event, err)
	}
	return nil
}

// Head is where the chain ends: the number of its last entry, and its hash. Of an empty log it is zero.
type Head struct {
	Seq  int64  `db:"seq"  json:"seq"`
	Hash string `db:"hash" json:"hash"`
}

// auditHead reads two columns of one row, by the key: the log may be long, and its last entry large.
func (t *tx) auditHead(ctx context.Context) (head Head, err error) {
	err = t.GetContext(ctx, &head, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
	if errors.Is(err, sql.ErrNoRows) {
		return Head{}, nil
	}
	if err != nil {
		return head, fmt.Errorf("read the head of the log: %w", err)
	}
	return head, nil
}

// sum covers each field with its length, so that no two entries share a text.
func (e AuditEntry) sum(key []byte) string {
	mac := hmac.New(sha256.New, key)
	var text []byte
	for _, field := range []string{
		e.Prev, strconv.FormatInt(e.Seq, 10), strconv.FormatInt(e.At.UnixMicro(), 10), string(e.Actor), e.Event, e.Subject, e.Payload,
	} {
		text = strconv.AppendInt(text, int64(len(field)), 10)
		text = append(append(text, ':'), field...)
	}
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil))
}

// AuditRefusal records a request that was turned down. A refusal makes no run.
func (s *Store) AuditRefusal(ctx context.Context, actor Actor, subject, why string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		return t.audit(ctx, actor, "request.refused", subject, detail{"why": why})
	})
}
