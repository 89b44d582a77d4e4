package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

func TestAnOfferIsTakenOnceInTime(t *testing.T) {
	c := newClock()
	s := openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now})
	ok(t, s.AddServer(t.Context(), alice, server("web1")))
	offer := func() store.Offer {
		o, err := s.CreateOffer(t.Context(), store.Offer{
			ServerID: named(t, s, "web1").ID, Fingerprints: "SHA256:a SHA256:b", Actor: "T1/U1", Channel: "C1",
		}, 10*time.Minute)
		ok(t, err)
		return o
	}
	first := offer()
	ok(t, s.TakeOffer(t.Context(), first.ID))
	wantErr(t, s.TakeOffer(t.Context(), first.ID), store.ErrTooLate)
	late := offer()
	c.advance(10 * time.Minute)
	wantErr(t, s.TakeOffer(t.Context(), late.ID), store.ErrTooLate)
	got, err := s.Offer(t.Context(), late.ID, "T1/U1", "C1", "1.0")
	ok(t, err)
	if diff := cmp.Diff([]string{"SHA256:a", "SHA256:b"}, got.Shown()); diff != "" {
		t.Error(diff)
	}
	c.advance(25 * time.Hour)
	offer() // sweeps
	_, err = s.Offer(t.Context(), late.ID, "T1/U1", "C1", "1.0")
	wantErr(t, err, store.ErrNotFound)
}

// A click counts for the person and on the message that the offer was made for.
func TestAnOfferIsForOnePersonAndMessage(t *testing.T) {
	s := open(t)
	ok(t, s.AddServer(t.Context(), alice, server("web1")))
	o, err := s.CreateOffer(t.Context(), store.Offer{ServerID: named(t, s, "web1").ID, Fingerprints: "SHA256:a", Actor: "T1/U1", Channel: "C1"}, time.Minute)
	ok(t, err)
	look := func(id string, actor store.Actor, channel, ts string, want error) {
		t.Helper()
		if _, err := s.Offer(t.Context(), id, actor, channel, ts); want != nil {
			wantErr(t, err, want)
		} else {
			ok(t, err)
		}
	}
	look(o.ID, "T1/U1", "C1", "1.0", nil) // Slack did not tell the message's name
	ok(t, s.OfferPosted(t.Context(), o.ID, "1.0"))
	ok(t, s.OfferPosted(t.Context(), o.ID, "2.0")) // it has its name
	look(o.ID, "T1/U1", "C1", "1.0", nil)
	look(o.ID, "T1/U1", "C1", "2.0", store.ErrNotFound)
	look(o.ID, "T1/U1", "C1", "", store.ErrNotFound)
	look(o.ID, "T1/U2", "C1", "1.0", store.ErrNotFound)
	look(o.ID, "T2/U1", "C1", "1.0", store.ErrNotFound)
	look(o.ID, "T1/U1", "C2", "1.0", store.ErrNotFound)
	look("", "T1/U1", "C1", "1.0", store.ErrNotFound)
	ok(t, s.RemoveServer(t.Context(), alice, "web1"))
	look(o.ID, "T1/U1", "C1", "1.0", store.ErrNotFound)
}
