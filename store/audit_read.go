package store

import (
	"context"
	"fmt"
	"iter"
	"math"
	"strings"
)

// auditPage is how many entries are read at once: a reader that is slow, or reads a million of them, keeps neither
// memory nor an old state of the database.
const auditPage = 2000

// AuditEntries walks the log from the entry seq on, in order. It ends with the first error.
func (s *Store) AuditEntries(ctx context.Context, seq int64) iter.Seq2[AuditEntry, error] {
	return func(yield func(AuditEntry, error) bool) {
		for {
			var page []AuditEntry
			err := s.read.SelectContext(ctx, &page, "SELECT * FROM audit WHERE seq >= ? ORDER BY seq LIMIT ?", seq, auditPage)
			if err != nil {
				yield(AuditEntry{}, fmt.Errorf("read the audit log: %w", err))
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			if len(page) < auditPage || page[len(page)-1].Seq == math.MaxInt64 {
				return
			}
			seq = page[len(page)-1].Seq + 1
		}
	}
}

// FirstAuditEntry is the number of the first entry that was written at a time or later, or 0 when there is none.
func (s *Store) FirstAuditEntry(ctx context.Context, from Time) (seq int64, err error) {
	err = s.read.GetContext(ctx, &seq, "SELECT coalesce(min(seq), 0) FROM audit WHERE at >= ?", from)
	if err != nil {
		return 0, fmt.Errorf("look for the first audit entry since %s: %w", from, err)
	}
	return seq, nil
}

// AuditFilter chooses entries. The zero value chooses all.
type AuditFilter struct {
	Run    int    // by its number
	Person Actor  // what they did, and what was done to their rights
	Server string // by its name: its configuration, and what runs did there
}

// likeExactly takes the meaning from what LIKE would read as a wildcard.
var likeExactly = strings.NewReplacer("!", "!!", "_", "!_", "%", "!%")

// AuditTail returns the last entries that a filter chooses, at most limit, the newest first.
func (s *Store) AuditTail(ctx context.Context, f AuditFilter, limit int) ([]AuditEntry, error) {
	where, args := "TRUE", []any{}
	switch {
	case f.Run > 0:
		where, args = "subject = ?", append(args, Run{Number: f.Run}.subject())
	case f.Person != "":
		where, args = "(actor = ? OR subject = ?)", append(args, f.Person, "user/"+string(f.Person))
	case f.Server != "":
		// A run's entries about one server name it in their text; what is about the whole run is about the server too.
		where, args = `(subject = ? OR subject IN (SELECT 'run/' || r.number FROM runs r JOIN targets t ON t.run_id = r.id WHERE t.server = ?)
			AND (event NOT LIKE 'target.%' OR payload LIKE ? ESCAPE '!'))`, append(args, "server/"+f.Server, f.Server, `%"`+likeExactly.Replace(f.Server)+`"%`)
	}
	list := []AuditEntry{}
	err := s.read.SelectContext(ctx, &list, "SELECT * FROM audit WHERE "+where+" ORDER BY seq DESC LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	return list, nil
}
