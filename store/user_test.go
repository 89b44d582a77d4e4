package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

func TestAUserIsWhatSlackSaidLast(t *testing.T) {
	c := newClock()
	s := openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now})
	_, err := s.User(t.Context(), "T1", "U1")
	wantErr(t, err, store.ErrNotFound)
	u := store.User{TeamID: "T1", SlackID: "U1", Name: "Alice"}
	ok(t, s.SaveUser(t.Context(), u))
	ok(t, s.SaveUser(t.Context(), store.User{TeamID: "T2", SlackID: "U1", Name: "Somebody else"}))
	c.advance(time.Minute)
	u = store.User{TeamID: "T1", SlackID: "U1", Name: "Alice B", Bot: true, Guest: true, Stranger: true, Deactivated: true}
	ok(t, s.SaveUser(t.Context(), u))
	u.CheckedAt = s.Now()
	got := get[store.User](t)(s.User(t.Context(), "T1", "U1"))
	if diff := cmp.Diff(u, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got.Actor() != alice {
		t.Errorf("the actor is %s, want %s", got.Actor(), alice)
	}
	if n := len(get[[]store.User](t)(s.Users(t.Context()))); n != 2 {
		t.Errorf("%d users, want 2: the team is part of the identity", n)
	}
}

func TestALoginBelongsToOneUser(t *testing.T) {
	s := open(t)
	if got := get[store.Actor](t)(s.Linked(t.Context(), "alice")); got != "" {
		t.Errorf("an unknown login belongs to %s", got)
	}
	for _, user := range []store.Actor{alice, "T1/U2"} {
		ok(t, s.LinkLogin(t.Context(), "local:root", "alice", user))
		if got := get[store.Actor](t)(s.Linked(t.Context(), "alice")); got != user {
			t.Errorf("it belongs to %s, want %s", got, user)
		}
	}
}
