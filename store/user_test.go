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
	u = store.User{TeamID: "T1", SlackID: "U1", Name: "Alice\n B\u2028", Bot: true, Guest: true, Stranger: true, Deactivated: true}
	ok(t, s.SaveUser(t.Context(), u))
	u.CheckedAt, u.Name = s.Now(), "Alice B" // in one line
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

// What decides whether drover obeys somebody at all is audited when it changes, and only then.
func TestAChangeOfStandingIsAudited(t *testing.T) {
	c := newClock()
	s := openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now})
	for _, u := range []store.User{{Name: "Alice"}, {Name: "Alice B"}, {Guest: true}, {Guest: true, Name: "A"}, {Deactivated: true}, {}} {
		c.advance(time.Minute)
		u.TeamID, u.SlackID = "T1", "U1"
		ok(t, s.SaveUser(t.Context(), u))
	}
	ok(t, s.SaveUser(t.Context(), store.User{TeamID: "T1", SlackID: "U1", Guest: true, CheckedAt: s.Now().Add(-time.Second)})) // older
	var told []string
	for _, e := range get[[]store.AuditEntry](t)(s.AuditTail(t.Context(), store.AuditFilter{Person: alice}, 10)) {
		told = append([]string{e.Event + " " + e.Payload}, told...)
	}
	if diff := cmp.Diff([]string{
		`user.changed {"bot":false,"deactivated":false,"guest":true,"stranger":false}`,
		`user.changed {"bot":false,"deactivated":true,"guest":false,"stranger":false}`,
		`user.changed {"bot":false,"deactivated":false,"guest":false,"stranger":false}`,
	}, told); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
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

// They are those on whose rights something rests that goes on by itself, and nobody else.
func TestResponsible(t *testing.T) {
	f := newFarm(t, "web1")
	for _, id := range []string{"U1", "U2", "U3", "U4", "U5", "U9"} {
		ok(t, f.SaveUser(t.Context(), store.User{TeamID: "T1", SlackID: id}))
	}
	responsible := func(when string, ids ...string) {
		t.Helper()
		var got []string
		for _, actor := range get[[]store.Actor](t)(f.Responsible(t.Context())) {
			_, id, _ := actor.Slack()
			got = append(got, id)
		}
		if diff := cmp.Diff(ids, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", when, diff)
		}
	}
	ok(t, f.LinkLogin(t.Context(), store.Drover, "root", "T1/U4"))
	responsible("of a login", "U4")
	run := f.create(f.needing(2))
	ok(t, f.Approve(t.Context(), bob, run.ID, "k1"))
	responsible("of a run that waits", "U1", "U2", "U4")
	ok(t, f.DenyApproval(t.Context(), carol, run.ID, "no", "k2"))
	responsible("of a run that is over", "U4")

	schedule := nightly()
	schedule = get[store.Schedule](t)(f.AddSchedule(t.Context(), "T1/U5", schedule))
	n := f.needing(1)
	n.StandingSchedule, n.StandingRevision = &schedule.ID, &schedule.Revision
	ok(t, f.Approve(t.Context(), carol, f.create(n).ID, "k3"))
	responsible("of a schedule", "U3", "U4", "U5")
	ok(t, f.RemoveSchedule(t.Context(), bob, schedule))
	responsible("of a schedule that was removed", "U4")
}
