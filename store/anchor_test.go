package store_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"drover/store"
)

func tell(a store.Anchor) string { return "anchor " + a.Occasion }

// chronicle is a store whose log has entries from yesterday, so that today has something to anchor.
func chronicle(t testing.TB) (*store.Store, *clock) {
	t.Helper()
	c := newClock()
	s := openAt(t, filepath.Join(t.TempDir(), "drover.db"), store.Options{Now: c.Now})
	ok(t, s.SetSetting(t.Context(), store.Drover, store.SettingChannel, "C1"))
	write(t, s, 5)
	c.advance(24 * time.Hour)
	return s, c
}

// write adds entries to the log.
func write(t testing.TB, s *store.Store, n int) {
	t.Helper()
	for range n {
		ok(t, s.AuditRefusal(t.Context(), alice, "action/restart", "no"))
	}
}

// lines are the occasions of the anchors in the file, as they stand there.
func lines(t testing.TB, s *store.Store) []string {
	t.Helper()
	text, err := os.ReadFile(s.AnchorFile())
	ok(t, err)
	var list []string
	for line := range strings.Lines(string(text)) {
		_, rest, _ := strings.Cut(line, `"occasion":"`)
		occasion, _, _ := strings.Cut(strings.TrimSpace(rest), `"`)
		list = append(list, occasion)
	}
	return list
}

func notices(t testing.TB, s *store.Store) []string {
	t.Helper()
	var list []string
	for _, m := range get[[]store.Message](t)(s.Behind(t.Context())) {
		list = append(list, m.Key)
	}
	return list
}

func TestADayIsAnchoredOnceAcrossRestarts(t *testing.T) {
	s, c := chronicle(t)
	for _, day := range []string{"2026-03-02", "2026-03-03"} {
		for i := range 3 {
			s := again(t, s)
			want(t, i == 0)(s.AnchorDue(t.Context()))
			want(t, i == 0)(s.AnchorDay(t.Context(), tell))
			ok(t, s.FileAnchors(t.Context()))
			write(t, s, 2)
			c.advance(time.Hour)
		}
		if got := lines(t, s); got[len(got)-1] != day {
			t.Errorf("filed: %v", got)
		}
		c.advance(24 * time.Hour)
	}
	if got, told := lines(t, s), notices(t, s); len(got) != 2 || !slices.Equal(got, told) {
		t.Errorf("filed: %v, told: %v", got, told)
	}
	if v := get[store.Verdict](t)(s.VerifyAudit(t.Context())); v.Fault != nil || v.Anchors != 2 || len(v.Notes) > 0 {
		t.Errorf("found %+v", v)
	}
	info, err := os.Stat(s.AnchorFile())
	ok(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, want 0600", info.Mode().Perm())
	}
}

// A log that began today has nothing to anchor: the first start of drover tells nobody of it.
func TestTheFirstDayIsNotAnchored(t *testing.T) {
	s := open(t)
	want(t, false)(s.AnchorDue(t.Context()))
	write(t, s, 3)
	want(t, false)(s.AnchorDue(t.Context()))
}

func TestAStopIsAnchoredOnceForEachEnd(t *testing.T) {
	s, _ := chronicle(t)
	want(t, true)(s.AnchorStop(t.Context(), tell))
	want(t, false)(s.AnchorStop(t.Context(), tell))
	write(t, s, 1)
	want(t, true)(s.AnchorStop(t.Context(), tell))
	ok(t, s.FileAnchors(t.Context()))
	if got := lines(t, s); !slices.Equal(got, []string{"stop/6", "stop/7"}) {
		t.Errorf("filed: %v", got)
	}
	empty := open(t)
	want(t, false)(empty.AnchorStop(t.Context(), tell))
}

func TestRaceAnchor(t *testing.T) {
	s, c := chronicle(t)
	other := again(t, s)
	for range fewRounds {
		var made atomic.Int32
		race(eight(s, other, func(s *store.Store) {
			won, err := s.AnchorDay(t.Context(), tell)
			check(t, err)
			if won {
				made.Add(1)
			}
			check(t, s.FileAnchors(t.Context()))
		})...)
		if made.Load() != 1 {
			t.Fatalf("a day was anchored %d times", made.Load())
		}
		write(t, s, 1)
		c.advance(24 * time.Hour)
	}
	got := lines(t, s)
	if distinct := slices.Compact(slices.Sorted(slices.Values(got))); len(got) != fewRounds || len(distinct) != fewRounds || len(notices(t, s)) != fewRounds {
		t.Errorf("%d days are in the file in %d lines, and told by %d notices; want %d of each", len(distinct), len(got), len(notices(t, s)), fewRounds)
	}
}

// The chain alone does not show that its end is gone. Each of the three places that keep anchors does.
func TestACutTailShows(t *testing.T) {
	for name, forget := range map[string]func(t *testing.T, s *store.Store) []store.Anchor{
		"in the database": func(t *testing.T, s *store.Store) []store.Anchor { ok(t, os.Remove(s.AnchorFile())); return nil },
		"in the file":     func(t *testing.T, s *store.Store) []store.Anchor { forgetRows(t, s); return nil },
		"in the channel": func(t *testing.T, s *store.Store) []store.Anchor {
			kept := get[[]store.Anchor](t)(s.Anchors(t.Context()))[0].Head
			ok(t, os.Remove(s.AnchorFile()))
			forgetRows(t, s)
			return []store.Anchor{{Head: store.Head{Seq: kept.Seq, Hash: kept.Hash[:32]}}} // as people copy it
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := chronicle(t)
			db := raw(t, s)
			want(t, true)(s.AnchorDay(t.Context(), tell))
			ok(t, s.FileAnchors(t.Context()))
			write(t, s, 3)
			elsewhere := forget(t, s)
			look := func() store.Verdict { return get[store.Verdict](t)(s.VerifyAudit(t.Context(), elsewhere...)) }
			if v := look(); v.Fault != nil || v.Anchors != 1 {
				t.Fatalf("before: %+v", v)
			}
			_, err := db.Exec("DROP TRIGGER audit_no_delete; DELETE FROM audit WHERE seq > 6")
			ok(t, err)
			if v := look(); v.Fault != nil { // no anchor saw what is gone
				t.Errorf("after the last anchor: %+v", *v.Fault)
			}
			_, err = db.Exec("DELETE FROM audit WHERE seq > 4")
			ok(t, err)
			if v := look(); v.Fault == nil || v.Fault.Seq != 5 || !strings.Contains(v.Fault.What, "the log ends at 4") || v.Entries != 4 {
				t.Errorf("cut off: %+v", v)
			}
			write(t, s, 4) // drover goes on, and signs what it writes
			if v := look(); v.Fault == nil || v.Fault.Seq != 6 || !strings.Contains(v.Fault.What, "another entry in its place") {
				t.Errorf("grown again: %+v", v)
			}
		})
	}
}

func forgetRows(t *testing.T, s *store.Store) {
	t.Helper()
	_, err := raw(t, s).Exec("DELETE FROM anchors")
	ok(t, err)
}

func TestWhatIsWrongWithTheAnchorFileIsNoted(t *testing.T) {
	s, c := chronicle(t)
	want(t, true)(s.AnchorDay(t.Context(), tell))
	ok(t, s.FileAnchors(t.Context()))
	first, err := os.ReadFile(s.AnchorFile())
	ok(t, err)
	note := func(want string) {
		t.Helper()
		v := get[store.Verdict](t)(s.VerifyAudit(t.Context()))
		if v.Fault != nil || len(v.Notes) != 1 || !strings.Contains(v.Notes[0], want) {
			t.Errorf("found %+v, want a note of %q", v, want)
		}
	}
	ok(t, os.WriteFile(s.AnchorFile(), append(slices.Clone(first), `{"occasion":"2026-0`...), 0o600))
	note("line 2")
	// The power went while it was written. It is written again, on a line of its own.
	c.advance(24 * time.Hour)
	want(t, true)(s.AnchorDay(t.Context(), tell))
	ok(t, s.FileAnchors(t.Context()))
	note("line 2")
	if got := lines(t, s); !slices.Equal(got, []string{"2026-03-02", "2026-0", "2026-03-03"}) {
		t.Errorf("filed: %v", got)
	}
	ok(t, os.WriteFile(s.AnchorFile(), first, 0o600))
	note("lacks 1 of the anchors")
}

// An anchor that is in the file and not marked so was written by a process that died in between.
func TestAnAnchorThatIsInTheFileIsNotFiledAgain(t *testing.T) {
	s, _ := chronicle(t)
	want(t, true)(s.AnchorDay(t.Context(), tell))
	ok(t, s.FileAnchors(t.Context()))
	before, err := os.ReadFile(s.AnchorFile())
	ok(t, err)
	_, err = raw(t, s).Exec("UPDATE anchors SET filed = 0")
	ok(t, err)
	ok(t, s.FileAnchors(t.Context()))
	after, err := os.ReadFile(s.AnchorFile())
	ok(t, err)
	if !bytes.Equal(before, after) {
		t.Errorf("filed twice:\n%s", after)
	}
	if !get[[]store.Anchor](t)(s.Anchors(t.Context()))[0].Filed {
		t.Error("it is not marked as filed")
	}
}

// writeDays writes entries and anchors, a day each, as fast as it can, and tells of what is done.
func writeDays(ctx context.Context, path string) error {
	var now atomic.Int64
	s, err := store.Open(ctx, path, store.Options{Now: func() time.Time { return time.UnixMicro(now.Load()) }})
	if err != nil {
		return err
	}
	last, err := s.Setting(ctx, "today")
	if err != nil {
		return err
	}
	day, _ := strconv.Atoi(last)
	for day++; ; day++ {
		now.Store(time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC).UnixMicro())
		if err := s.SetSetting(ctx, alice, "today", strconv.Itoa(day)); err != nil {
			return err
		}
		fmt.Println("wrote", day)
		if _, err := s.AnchorDay(ctx, tell); err != nil {
			return err
		}
		if err := s.FileAnchors(ctx); err != nil {
			return err
		}
		fmt.Println("filed", day)
	}
}

func TestKillLeavesTheAuditLogWholeAndItsAnchorsOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drover.db")
	s := openAt(t, path, store.Options{Now: func() time.Time { return time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC) }})
	ok(t, s.SetSetting(t.Context(), store.Drover, store.SettingChannel, "C1"))
	acked := map[string]int{}
	for round := range 8 {
		writer := spawn(t, childDays, path)
		for range 20 + 3*round {
			step, day := writer.line()
			acked[step], _ = strconv.Atoi(day)
		}
		for _, line := range writer.kill() {
			if step, day, cut := strings.Cut(line, " "); cut {
				acked[step] = max(acked[step], atoi(day))
			}
		}
		ok(t, s.FileAnchors(t.Context())) // as the next start does
		v := get[store.Verdict](t)(s.VerifyAudit(t.Context()))
		if v.Fault != nil || len(v.Notes) > 0 || v.Entries <= int64(acked["wrote"]) {
			t.Fatalf("after entry %d was acked: %+v", acked["wrote"], v)
		}
		filed := lines(t, s)
		if distinct := slices.Compact(slices.Sorted(slices.Values(filed))); len(distinct) != len(filed) || len(filed) < acked["filed"]-round {
			t.Fatalf("%d days were acked as filed; the file has %d lines of %d days", acked["filed"], len(filed), len(distinct))
		}
		if told := notices(t, s); !slices.Equal(told, filed) {
			t.Fatalf("filed: %v\ntold: %v", filed, told)
		}
	}
	tamperWithWhatIsLeft(t, s)
}

func atoi(text string) int { n, _ := strconv.Atoi(text); return n }

// tamperWithWhatIsLeft changes the log of writers that were killed in every way that there is.
func tamperWithWhatIsLeft(t *testing.T, s *store.Store) {
	t.Helper()
	db := raw(t, s)
	_, err := db.Exec("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_no_replace; CREATE TABLE saved AS SELECT * FROM audit")
	ok(t, err)
	for name, test := range map[string]struct {
		tamper string
		broken int64
		says   string
	}{
		"edited":    {"UPDATE audit SET actor = 'T1/U9' WHERE seq = 9", 9, "it was edited"},
		"removed":   {"DELETE FROM audit WHERE seq = 9", 10, "entry 9, before it, was removed"},
		"inserted":  {"UPDATE audit SET seq = -seq WHERE seq > 8; UPDATE audit SET seq = -seq + 1 WHERE seq < 0; INSERT INTO audit SELECT 9, at, actor, event, subject, payload, prev, hash FROM saved WHERE seq = 4", 9, "put here"},
		"reordered": {"UPDATE audit SET seq = 0 WHERE seq = 9; UPDATE audit SET seq = 9 WHERE seq = 10; UPDATE audit SET seq = 10 WHERE seq = 0", 9, "moved"},
		"cut off":   {"DELETE FROM audit WHERE seq > 8", 9, "the log ends at 8"},
	} {
		_, err := db.Exec("DELETE FROM audit; INSERT INTO audit SELECT * FROM saved; " + test.tamper)
		ok(t, err)
		t.Run(name, func(t *testing.T) { broken(t, s, test.broken, test.says) })
	}
}
