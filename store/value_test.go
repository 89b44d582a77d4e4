package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"drover/store"
)

func TestTimesKeepTheirMicroseconds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		us := rapid.Int64Range(-1<<50, 1<<52).Draw(t, "us")
		zone := time.FixedZone("", rapid.IntRange(-50000, 50000).Draw(t, "zone"))
		kept := store.Time{Time: time.UnixMicro(us).In(zone)}
		stored, err := kept.Value()
		if err != nil || stored != us {
			t.Fatalf("stored as %v: %v", stored, err)
		}
		var got store.Time
		if err := got.Scan(stored); err != nil || !got.Equal(kept.Time) || got.Location() != time.UTC {
			t.Fatalf("%v came back as %v: %v", kept, got, err)
		}
	})
}

func TestTheClockIsCutToWhatIsStored(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("", 3600))
	s := openAt(t, t.TempDir()+"/drover.db", store.Options{Now: func() time.Time { return now }})
	if got, want := s.Now().Time, time.Date(2026, 3, 1, 11, 0, 0, 123456000, time.UTC); got != want {
		t.Errorf("it is %v, want %v", got, want)
	}
}

func TestNamesAndValuesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kept := store.Strings(rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "map"))
		stored, err := kept.Value()
		if err != nil {
			t.Fatal(err)
		}
		var got store.Strings
		if err := got.Scan(stored); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(kept, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

func TestWhatIsNeitherTimeNorMapIsRefused(t *testing.T) {
	for _, stored := range []any{nil, "2026-03-01", 1.5, []byte("{}")} {
		if err := new(store.Time).Scan(stored); err == nil {
			t.Errorf("%#v was read as a time", stored)
		}
	}
	for _, stored := range []any{nil, int64(1), "{", "[]"} {
		if err := new(store.Strings).Scan(stored); err == nil {
			t.Errorf("%#v was read as names and values", stored)
		}
	}
}
