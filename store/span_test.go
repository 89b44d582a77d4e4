package store_test

import (
	"testing"
	"time"

	"drover/store"
)

func TestSpan(t *testing.T) {
	for text, want := range map[string]struct {
		span  time.Duration
		shown string
	}{
		"90s":      {90 * time.Second, "1m30s"},
		"10m":      {10 * time.Minute, "10m"},
		"10m0s":    {10 * time.Minute, "10m"},
		"1h30m":    {90 * time.Minute, "1h30m"},
		"60m":      {time.Hour, "1h"},
		"1h0m5s":   {time.Hour + 5*time.Second, "1h0m5s"},
		"24h":      {24 * time.Hour, "1d"},
		"7d":       {7 * 24 * time.Hour, "7d"},
		"1d12h":    {36 * time.Hour, "1d12h"},
		"10d0h10m": {240*time.Hour + 10*time.Minute, "10d10m"},
		"500ms":    {500 * time.Millisecond, "500ms"},
		"0s":       {0, "0s"},
	} {
		got, err := store.ParseSpan(text)
		if err != nil || time.Duration(got) != want.span || got.String() != want.shown {
			t.Errorf("%q is %d, shown as %q (%v), want %d, %q", text, got, got, err, want.span, want.shown)
		}
		if again, err := store.ParseSpan(got.String()); err != nil || again != got {
			t.Errorf("%q does not read back: %d (%v)", got, again, err)
		}
	}
	for _, text := range []string{"", "-1h", "1d-1h", "d", "1dd", "10", "soon", "1.5d", "99999d9999999h", "999999d", "1w", " 1h"} {
		if got, err := store.ParseSpan(text); err == nil {
			t.Errorf("%q is taken for %s", text, got)
		}
	}
}
