package executor_test

import (
	"github.com/jmoiron/sqlx"

	"drover/store"
)

// audit reads the entries about a subject, oldest first.
func (w *world) audit(subject string) []store.AuditEntry {
	w.Helper()
	db, err := sqlx.Open("sqlite3", "file:"+w.path+"?mode=ro")
	w.must(err)
	defer db.Close()
	entries := []store.AuditEntry{}
	w.must(db.Select(&entries, "SELECT * FROM audit WHERE subject = ? ORDER BY seq", subject))
	return entries
}

func events(entries []store.AuditEntry) []string {
	var list []string
	for _, e := range entries {
		list = append(list, e.Event)
	}
	return list
}
