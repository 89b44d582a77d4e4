package store_test

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"drover/store"
)

func TestTheLastEntriesAboutSomething(t *testing.T) {
	f := newFarm(t, "web1", "web_1", "webx1", "db1")
	ok(t, f.SetDisabled(t.Context(), "T1/U2", "web_1", "broken"))
	run, lease := f.started() // on all four
	for _, target := range run.Targets {
		f.begin(lease, target.ID)
		f.succeed(lease, target)
	}
	want(t, true)(f.FinishRun(t.Context(), lease))
	other := f.request()
	other.Servers = f.servers[:1]
	f.create(other)
	ok(t, f.Grant(t.Context(), alice, store.Binding{Subject: "T1/U2", Role: store.Viewer, ActionGlob: "*", Effect: store.Allow}))
	for name, c := range map[string]struct {
		filter store.AuditFilter
		want   []string
	}{
		"server": {store.AuditFilter{Server: "web_1"}, []string{
			"run.succeeded run/1", "target.succeeded run/1", "target.dispatched run/1", "run.started run/1", "run.requested run/1",
			"server.disabled server/web_1", "server.added server/web_1",
		}},
		"person": {store.AuditFilter{Person: "T1/U2"}, []string{"user.granted user/T1/U2", "server.disabled server/web_1"}},
		"run":    {store.AuditFilter{Run: 2}, []string{"run.requested run/2"}},
		"nobody": {store.AuditFilter{Person: "T1/U9"}, nil},
	} {
		var got []string
		for _, e := range get[[]store.AuditEntry](t)(f.AuditTail(t.Context(), c.filter, 50)) {
			got = append(got, e.Event+" "+e.Subject)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	last := get[[]store.AuditEntry](t)(f.AuditTail(t.Context(), store.AuditFilter{}, 2))
	if len(last) != 2 || last[0].Event != "user.granted" || last[1].Event != "run.requested" {
		t.Errorf("the last two are %+v", last)
	}
}

func TestTheFirstEntrySinceATime(t *testing.T) {
	s, c := chronicle(t) // six entries, then a day goes by
	yesterday := store.Time{Time: c.Now().Add(-24 * time.Hour)}
	write(t, s, 1)
	for want, from := range map[int64]store.Time{1: yesterday, 7: yesterday.Add(time.Second), 0: yesterday.Add(25 * time.Hour)} {
		if got := get[int64](t)(s.FirstAuditEntry(t.Context(), from)); got != want {
			t.Errorf("the first since %s is %d, want %d", from, got, want)
		}
	}
}

// walk reads the whole log and returns the numbers of its entries.
func walk(t *testing.T, s *store.Store, from int64) (seqs []int64) {
	t.Helper()
	for e, err := range s.AuditEntries(t.Context(), from) {
		ok(t, err)
		seqs = append(seqs, e.Seq)
	}
	return seqs
}

func TestAWalkReadsEachEntryOnce(t *testing.T) {
	s := open(t)
	for _, total := range []int{0, 1, 1999, 2000, 2001, 4000} {
		ok(t, s.Chronicle(t.Context(), total-len(walk(t, s, 0))))
		got := walk(t, s, 0)
		for i, seq := range got {
			if seq != int64(i+1) {
				t.Fatalf("of %d, entry %d is number %d", total, i+1, seq)
			}
		}
		if len(got) != total {
			t.Errorf("%d entries, want %d", len(got), total)
		}
	}
	if got := walk(t, s, 3999); !slices.Equal(got, []int64{3999, 4000}) {
		t.Errorf("from 3999: %v", got)
	}
}

// A long log is verified in little memory, however long it is.
func TestVerifyingHoldsNoMoreThanAPage(t *testing.T) {
	const entries, most = 60_000, 8 << 20
	s := open(t)
	ok(t, s.Chronicle(t.Context(), entries))
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	ctx, cancel := context.WithCancel(t.Context())
	peak := make(chan uint64)
	go func() {
		var highest uint64
		for ctx.Err() == nil {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			highest = max(highest, m.HeapAlloc)
			runtime.Gosched()
		}
		peak <- highest
	}()
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	if n := whole(t, s); n != entries {
		t.Errorf("%d entries", n)
	}
	cancel()
	if highest := <-peak; highest > before.HeapAlloc+most {
		t.Errorf("verifying %d entries held %d bytes more than before", entries, highest-before.HeapAlloc)
	}
}

func BenchmarkVerifyAudit(b *testing.B) {
	s := open(b)
	ok(b, s.Chronicle(b.Context(), 100_000))
	for b.Loop() {
		whole(b, s)
	}
	b.ReportMetric(float64(b.N)*100_000/b.Elapsed().Seconds(), "entries/s")
}

// What an entry costs does not grow with the log.
func BenchmarkAppendAudit(b *testing.B) {
	for _, before := range []int{0, 200_000} {
		b.Run(fmt.Sprintf("after=%d", before), func(b *testing.B) {
			s := open(b)
			ok(b, s.Chronicle(b.Context(), before))
			b.ResetTimer()
			ok(b, s.Chronicle(b.Context(), b.N))
		})
	}
}
