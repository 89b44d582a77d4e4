package executor_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"drover/store"
)

// told are the texts of the notices about the audit log, oldest first.
func (w *world) told() []string {
	w.Helper()
	behind, err := w.store.Behind(w.Context())
	w.must(err)
	var texts []string
	for _, m := range behind {
		if m.Owner == "audit" {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

func TestTheAuditLogIsAnchoredOnceADay(t *testing.T) {
	w := newWorld(t)
	w.must(w.store.SetSetting(t.Context(), store.Drover, store.SettingChannel, "C1"))
	other := w.newEngine(w.open(w.clock), time.Second)
	pass := func() {
		t.Helper()
		w.must(w.engine.AnchorPass(t.Context()))
		w.must(other.AnchorPass(t.Context()))
	}
	pass()
	if texts := w.told(); len(texts) > 0 {
		t.Fatalf("the first day is anchored: %q", texts)
	}
	for day := range 3 {
		w.clock.advance(24 * time.Hour)
		pass()
		pass()
		if texts := w.told(); len(texts) != day+1 || !strings.Contains(texts[day], "entries, unbroken. Anchor `") {
			t.Errorf("after day %d: %q", day+1, texts)
		}
	}
	text, err := os.ReadFile(w.store.AnchorFile())
	w.must(err)
	if n := strings.Count(string(text), "\n"); n != 3 {
		t.Errorf("%d lines are filed:\n%s", n, text)
	}
	// Whoever changes the log is found at the next day, and everybody in the channel hears of it.
	db, err := sqlx.Open("sqlite3", "file:"+w.path+"?_busy_timeout=5000")
	w.must(err)
	defer db.Close()
	_, err = db.Exec("DROP TRIGGER audit_no_update; UPDATE audit SET actor = 'T1/U9' WHERE seq = 3")
	w.must(err)
	w.clock.advance(24 * time.Hour)
	pass()
	if texts := w.told(); !strings.Contains(texts[len(texts)-1], "somebody has changed it. Entry 3 of ") {
		t.Errorf("told: %q", texts[len(texts)-1])
	}
}

func TestAnchorEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	w.clock.advance(24 * time.Hour)
	ctx, cancel := context.WithCancel(context.Background())
	stop := w.background(cancel, func() error { return w.engine.Anchor(ctx) })
	tooLate := time.After(patience)
	for {
		changed := w.store.Changed()
		anchors, err := w.store.Anchors(t.Context())
		w.must(err)
		if len(anchors) == 1 && anchors[0].Filed {
			break
		}
		select {
		case <-changed:
		case <-tooLate:
			t.Fatal("the day is not anchored")
		}
	}
	stop()
	w.must(w.engine.AnchorStop(t.Context()))
}
