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
	for _, field := range []string{e.Prev, fmt.Sprint(e.Seq), fmt.Sprint(e.At.UnixMicro()), string(e.Actor), e.Event, e.Subject, e.Payload} {
		fmt.Fprintf(mac, "%d:%s", len(field), field)
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// VerifyAudit reads the whole chain and returns the number of entries, or the first entry that was changed, removed,
// inserted or moved. A cut tail does not show in the chain itself.
func (s *Store) VerifyAudit(ctx context.Context) (entries int64, broken *AuditEntry, err error) {
	rows, err := s.read.QueryxContext(ctx, "SELECT * FROM audit ORDER BY seq")
	if err != nil {
		return 0, nil, fmt.Errorf("read the audit log: %w", err)
	}
	defer rows.Close()
	var prev string
	for rows.Next() {
		var e AuditEntry
		if err := rows.StructScan(&e); err != nil {
			return entries, nil, fmt.Errorf("read the audit log: %w", err)
		}
		if e.Seq != entries+1 || e.Prev != prev || !hmac.Equal([]byte(e.Hash), []byte(e.sum(s.keys.audit))) {
			return entries, &e, nil
		}
		entries, prev = e.Seq, e.Hash
	}
	return entries, nil, rows.Err()
}

// AuditRefusal records a request that was turned down. A refusal makes no run.
func (s *Store) AuditRefusal(ctx context.Context, actor Actor, subject, why string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		return t.audit(ctx, actor, "request.refused", subject, detail{"why": why})
	})
}
