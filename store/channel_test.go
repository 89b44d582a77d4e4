package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

func TestAChannelIsWhatSlackSaidLast(t *testing.T) {
	c := newClock()
	s := openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now})
	_, err := s.Channel(t.Context(), "C1")
	wantErr(t, err, store.ErrNotFound)
	ok(t, s.SaveChannel(t.Context(), store.Channel{ID: "C1", Visible: true}))
	c.advance(time.Minute)
	want := store.Channel{ID: "C1", Shared: true}
	ok(t, s.SaveChannel(t.Context(), want))
	want.CheckedAt = s.Now()
	if diff := cmp.Diff(want, get[store.Channel](t)(s.Channel(t.Context(), "C1"))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]store.Channel{want}, get[[]store.Channel](t)(s.Channels(t.Context()))); diff != "" {
		t.Errorf("listed (-want +got)\n%s", diff)
	}
}
