package store_test

import (
	"strings"
	"testing"

	"drover/store"
)

// What is asked all the time must not take longer because drover has run for years.
func TestWhatIsPolledDoesNotReadAllThatEverRan(t *testing.T) {
	f := newFarm(t)
	for _, query := range store.Polled {
		rows, err := f.db.Query("EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...)
		ok(t, err)
		for rows.Next() {
			var id, parent, unused int
			var detail string
			ok(t, rows.Scan(&id, &parent, &unused, &detail))
			if strings.Contains(detail, "SCAN") && !strings.Contains(detail, "occurrences_open") {
				t.Errorf("%s\nreads a whole table: %s", query, detail)
			}
		}
		ok(t, rows.Close())
	}
}
