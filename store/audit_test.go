package store_test

import (
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"drover/store"
)

// whole verifies the audit log and returns the number of its entries.
func whole(t testing.TB, s *store.Store) int64 {
	t.Helper()
	v := get[store.Verdict](t)(s.VerifyAudit(t.Context()))
	if v.Fault != nil {
		t.Errorf("the audit log is broken: %+v", *v.Fault)
	}
	return v.Entries
}

// broken verifies an audit log of which the entry seq is the first that is wrong, and looks at what is said of it.
func broken(t testing.TB, s *store.Store, seq int64, says string) {
	t.Helper()
	fault := get[store.Verdict](t)(s.VerifyAudit(t.Context())).Fault
	if fault == nil || fault.Seq != seq || !strings.Contains(fault.What, says) {
		t.Errorf("found %+v, want entry %d: %q", fault, seq, says)
	}
}

// audited is a store with a few entries in its log, and a raw connection to it.
func audited(t *testing.T) (*store.Store, *sqlx.DB) {
	t.Helper()
	s := open(t)
	for _, value := range []string{"a", "b", "c", "d", "e", "f"} {
		ok(t, s.SetSetting(t.Context(), alice, "letter", value))
	}
	return s, raw(t, s)
}

func TestTheAuditLogIsAppendOnly(t *testing.T) {
	s, db := audited(t)
	for _, statement := range []string{
		"UPDATE audit SET actor = 'T1/U2'", "UPDATE audit SET payload = payload WHERE seq = 1",
		"DELETE FROM audit", "DELETE FROM audit WHERE seq = 6",
		"REPLACE INTO audit SELECT seq, at, 'T1/U2', event, subject, payload, prev, hash FROM audit WHERE seq = 3",
	} {
		if _, err := db.Exec(statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: got error %v, want that the log is append-only", statement, err)
		}
	}
	if n := whole(t, s); n != 6 {
		t.Errorf("verified %d entries, want 6", n)
	}
}

func TestAnEmptyAuditLogIsWhole(t *testing.T) {
	if n := whole(t, open(t)); n != 0 {
		t.Errorf("verified %d entries", n)
	}
}

func TestTheAuditChainShowsEveryTampering(t *testing.T) {
	const columns = "at, actor, event, subject, payload, prev, hash"
	copyOf := func(seq string) string {
		return "INSERT INTO audit (seq, " + columns + ") SELECT " + seq + ", " + columns + " FROM saved WHERE saved.seq = 3"
	}
	const edited = "it was edited"
	tests := map[string]struct {
		tamper string
		broken int64 // the first entry that does not fit
		says   string
	}{
		"time edited":       {"UPDATE audit SET at = at + 1 WHERE seq = 3", 3, edited},
		"actor edited":      {"UPDATE audit SET actor = 'T1/U2' WHERE seq = 3", 3, edited},
		"event edited":      {"UPDATE audit SET event = 'setting.read' WHERE seq = 3", 3, edited},
		"subject edited":    {"UPDATE audit SET subject = 'setting/other' WHERE seq = 3", 3, edited},
		"payload edited":    {"UPDATE audit SET payload = '{}' WHERE seq = 3", 3, edited},
		"payload reworded":  {"UPDATE audit SET payload = payload || ' ' WHERE seq = 3", 3, edited},
		"prev edited":       {"UPDATE audit SET prev = '' WHERE seq = 3", 3, "put here, moved or edited"},
		"hash edited":       {"UPDATE audit SET hash = upper(hash) WHERE seq = 3", 3, edited},
		"fields shifted":    {"UPDATE audit SET event = event || 's', subject = substr(subject, 2) WHERE seq = 3", 3, edited},
		"first removed":     {"DELETE FROM audit WHERE seq = 1", 2, "entry 1, before it, was removed"},
		"one removed":       {"DELETE FROM audit WHERE seq = 3", 4, "entry 3, before it, was removed"},
		"two removed":       {"DELETE FROM audit WHERE seq IN (3, 4)", 5, "entries 3 to 4, before it, were removed"},
		"removed, closed":   {"DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = -seq + 1 WHERE seq > 3; UPDATE audit SET seq = -seq WHERE seq < 0", 3, "put here, moved or edited"},
		"removed, relinked": {"DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = 3, prev = (SELECT hash FROM audit WHERE seq = 2) WHERE seq = 4", 3, edited},
		"copy appended":     {copyOf("7"), 7, "put here, moved or edited"},
		"copy before":       {copyOf("0"), 0, "put before the first entry"},
		"copy far before":   {copyOf("-9223372036854775808"), -9223372036854775808, "put before the first entry"},
		"copy inserted":     {"UPDATE audit SET seq = -seq WHERE seq > 3; UPDATE audit SET seq = -seq + 1 WHERE seq < 0; " + copyOf("4"), 4, "put here, moved or edited"},
		"two swapped":       {"UPDATE audit SET seq = -1 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = -1", 3, "put here, moved or edited"},
		"swapped, relinked": {"UPDATE audit SET seq = -1 WHERE seq = 3; UPDATE audit SET seq = 3, prev = (SELECT prev FROM saved WHERE seq = 3) WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = -1", 3, edited},
		"one replaced":      {"REPLACE INTO audit SELECT seq, at, 'T1/U2', event, subject, payload, prev, hash FROM saved WHERE seq = 3", 3, edited},
		"all emptied":       {"UPDATE audit SET payload = ''", 1, edited},
	}
	s, db := audited(t)
	_, err := db.Exec("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_no_replace; CREATE TABLE saved AS SELECT * FROM audit")
	ok(t, err)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := db.Exec("DELETE FROM audit; INSERT INTO audit SELECT * FROM saved")
			ok(t, err)
			whole(t, s)
			_, err = db.Exec(test.tamper)
			ok(t, err)
			broken(t, s, test.broken, test.says)
		})
	}
}

func TestTheAuditChainNeedsTheKey(t *testing.T) {
	s, db := audited(t)
	_, otherDB := audited(t)
	var forged []store.AuditEntry // a chain that is whole under another key
	ok(t, otherDB.Select(&forged, "SELECT * FROM audit"))
	_, err := db.Exec("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DELETE FROM audit")
	ok(t, err)
	_, err = db.NamedExec("INSERT INTO audit VALUES (:seq, :at, :actor, :event, :subject, :payload, :prev, :hash)", forged)
	ok(t, err)
	broken(t, s, 1, "it was edited")
}

// An entry of another history of the same database, as an old backup holds one, is rightly signed and numbered.
func TestAnEntryOfAnotherHistoryIsFound(t *testing.T) {
	s, db := audited(t)
	_, err := db.Exec("DROP TRIGGER audit_no_delete")
	ok(t, err)
	extend := func(values ...string) {
		for _, value := range values {
			ok(t, s.SetSetting(t.Context(), alice, "letter", value))
		}
	}
	extend("old 7", "old 8")
	_, err = db.Exec("CREATE TABLE saved AS SELECT * FROM audit WHERE seq = 8; DELETE FROM audit WHERE seq > 6")
	ok(t, err)
	extend("new 7", "new 8", "new 9")
	_, err = db.Exec("DELETE FROM audit WHERE seq >= 8; INSERT INTO audit SELECT * FROM saved")
	ok(t, err)
	broken(t, s, 8, "from another copy of the log")
}

func TestARefusalIsAudited(t *testing.T) {
	s := open(t)
	ok(t, s.AuditRefusal(t.Context(), "T1/U9", "action/restart", "not an operator"))
	var e store.AuditEntry
	ok(t, raw(t, s).Get(&e, "SELECT * FROM audit"))
	if e.Actor != "T1/U9" || e.Event != "request.refused" || e.Subject != "action/restart" || e.Payload != `{"why":"not an operator"}` {
		t.Errorf("audited: %+v", e)
	}
}
