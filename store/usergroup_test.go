package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

func TestAUsergroupIsWhatSlackSaidLast(t *testing.T) {
	s := open(t)
	_, err := s.Usergroup(t.Context(), "S1")
	wantErr(t, err, store.ErrNotFound)
	asked := s.Now()
	at := func(d time.Duration) store.Time { return asked.Add(d) }
	for i, step := range []struct {
		said store.Usergroup
		want store.Usergroup
	}{
		{
			store.Usergroup{Name: "ops", State: store.GroupKnown, CheckedAt: at(0 * time.Second), Members: []string{"U1", "U2", "U1"}},
			store.Usergroup{Name: "ops", State: store.GroupKnown, CheckedAt: at(0 * time.Second), Members: []string{"U1", "U2"}},
		},
		{ // asked before, answered after: it is older
			store.Usergroup{State: store.GroupKnown, CheckedAt: at(-time.Second), Members: []string{"U9"}},
			store.Usergroup{Name: "ops", State: store.GroupKnown, CheckedAt: at(0 * time.Second), Members: []string{"U1", "U2"}},
		},
		{ // what is not known takes nothing of what was
			store.Usergroup{State: store.GroupUnknown, CheckedAt: at(1 * time.Second)},
			store.Usergroup{Name: "ops", State: store.GroupUnknown, CheckedAt: at(1 * time.Second), Members: []string{"U1", "U2"}},
		},
		{
			store.Usergroup{Name: "team", State: store.GroupKnown, CheckedAt: at(2 * time.Second), Members: []string{"U3"}},
			store.Usergroup{Name: "team", State: store.GroupKnown, CheckedAt: at(2 * time.Second), Members: []string{"U3"}},
		},
		{
			store.Usergroup{State: store.GroupGone, CheckedAt: at(3 * time.Second)},
			store.Usergroup{Name: "team", State: store.GroupGone, CheckedAt: at(3 * time.Second), Members: []string{"U3"}},
		},
		{
			store.Usergroup{State: store.GroupKnown, CheckedAt: at(4 * time.Second)},
			store.Usergroup{Name: "team", State: store.GroupKnown, CheckedAt: at(4 * time.Second), Members: []string{}},
		},
	} {
		step.said.ID, step.want.ID = "S1", "S1"
		ok(t, s.SaveUsergroup(t.Context(), step.said))
		if diff := cmp.Diff(step.want, get[store.Usergroup](t)(again(t, s).Usergroup(t.Context(), "S1"))); diff != "" {
			t.Errorf("step %d (-want +got)\n%s", i, diff)
		}
	}
}

// Who is in a usergroup decides what they may do: every change is an entry, and no question without one.
func TestAChangeOfAUsergroupIsAudited(t *testing.T) {
	s := open(t)
	for i, said := range []store.Usergroup{
		{State: store.GroupKnown, Members: []string{"U1", "U2"}}, {State: store.GroupKnown, Members: []string{"U2", "U1"}},
		{State: store.GroupKnown, Members: []string{"U2", "U3"}}, {State: store.GroupUnknown}, {State: store.GroupUnknown},
	} {
		said.ID, said.CheckedAt = "S1", s.Now().Add(time.Duration(i)*time.Second)
		ok(t, s.SaveUsergroup(t.Context(), said))
	}
	var payloads []string
	ok(t, raw(t, s).Select(&payloads, "SELECT payload FROM audit WHERE event = 'usergroup.changed' AND subject = 'user/group:S1' ORDER BY seq"))
	want := []string{
		`{"added":["U1","U2"],"removed":[],"state":"known"}`, `{"added":["U3"],"removed":["U1"],"state":"known"}`, `{"added":[],"removed":[],"state":"unknown"}`,
	}
	if diff := cmp.Diff(want, payloads); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestMemberships(t *testing.T) {
	s := open(t)
	for id, g := range map[string]store.Usergroup{
		"S1": {State: store.GroupKnown, Members: []string{"U1"}}, "S2": {State: store.GroupKnown, Members: []string{"U2"}}, "S3": {State: store.GroupUnknown},
	} {
		g.ID, g.CheckedAt = id, s.Now()
		ok(t, s.SaveUsergroup(t.Context(), g))
	}
	want := map[string]store.Membership{
		"S1": {GroupID: "S1", State: store.GroupKnown, Member: true}, "S2": {GroupID: "S2", State: store.GroupKnown}, "S3": {GroupID: "S3", State: store.GroupUnknown},
	}
	got := map[string]store.Membership{}
	for _, m := range get[[]store.Membership](t)(s.Memberships(t.Context(), "U1")) {
		got[m.GroupID] = m
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
