package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"drover/store"
)

func TestABindingIsGrantedOnce(t *testing.T) {
	s := open(t)
	operator := store.Binding{Subject: "T1/U2", Role: store.Operator, ActionGlob: "restart*", Tag: "web", Effect: store.Allow}
	for range 3 {
		ok(t, s.Grant(t.Context(), alice, operator))
	}
	got := get[[]store.Binding](t)(s.Bindings(t.Context(), "T1/U2"))
	want := operator
	want.CreatedBy = alice
	if diff := cmp.Diff([]store.Binding{want}, got, cmpopts.IgnoreFields(store.Binding{}, "ID", "CreatedAt")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if n := whole(t, s); n != 1 {
		t.Errorf("three grants of one binding made %d audit entries, want 1", n)
	}
	for _, other := range []func(*store.Binding){
		func(b *store.Binding) { b.Role = store.Viewer }, func(b *store.Binding) { b.ActionGlob = "*" },
		func(b *store.Binding) { b.Tag = "" }, func(b *store.Binding) { b.Effect = store.Deny }, func(b *store.Binding) { b.Subject = "T1/U3" },
	} {
		b := operator
		other(&b)
		ok(t, s.Grant(t.Context(), alice, b))
	}
	if n := len(get[[]store.Binding](t)(s.Bindings(t.Context(), ""))); n != 6 {
		t.Errorf("%d bindings, want 6", n)
	}
}

func TestABindingOfAnUnknownRoleIsRefused(t *testing.T) {
	if err := open(t).Grant(t.Context(), alice, store.Binding{Subject: "T1/U2", Role: "god", ActionGlob: "*", Effect: store.Allow}); err == nil {
		t.Error("it was granted")
	}
}

func TestRevokeTakesTheWholeRole(t *testing.T) {
	s := open(t)
	for _, b := range []store.Binding{
		{Subject: "T1/U2", Role: store.Operator, ActionGlob: "*", Effect: store.Allow},
		{Subject: "T1/U2", Role: store.Operator, ActionGlob: "reboot", Effect: store.Deny},
		{Subject: "T1/U2", Role: store.Viewer, ActionGlob: "*", Effect: store.Allow},
		{Subject: "T1/U3", Role: store.Operator, ActionGlob: "*", Effect: store.Allow},
	} {
		ok(t, s.Grant(t.Context(), alice, b))
	}
	taken := get[[]store.Binding](t)(s.Revoke(t.Context(), alice, store.Revocation{Subject: "T1/U2", Role: store.Operator}))
	if len(taken) != 2 || taken[0].Effect != store.Allow || taken[1].ActionGlob != "reboot" {
		t.Errorf("what was taken is %+v", taken)
	}
	_, err := s.Revoke(t.Context(), alice, store.Revocation{Subject: "T1/U2", Role: store.Operator})
	wantErr(t, err, store.ErrNotFound)
	var left []string
	for _, b := range get[[]store.Binding](t)(s.Bindings(t.Context(), "")) {
		left = append(left, string(b.Subject)+" "+string(b.Role))
	}
	if diff := cmp.Diff([]string{"T1/U2 viewer", "T1/U3 operator"}, left); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestABindingEnds(t *testing.T) {
	c := newClock()
	s := openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now})
	end := s.Now().Add(time.Hour)
	b := store.Binding{Subject: "T1/U2", Role: store.Operator, ActionGlob: "*", Effect: store.Allow, Until: &end}
	ok(t, s.Grant(t.Context(), alice, b))
	ok(t, s.ExpireBindings(t.Context()))
	only := func() store.Binding {
		all := get[[]store.Binding](t)(s.Bindings(t.Context(), ""))
		if len(all) != 1 {
			t.Fatalf("%d bindings, want 1", len(all))
		}
		return all[0]
	}
	if got := only(); got.Over(s.Now()) || got.ExpiredAt != nil || !got.Until.Equal(end.Time) {
		t.Errorf("before its end it is %+v", got)
	}
	c.advance(time.Hour)
	for range 3 {
		ok(t, s.ExpireBindings(t.Context()))
	}
	if got := only(); !got.Over(s.Now()) || got.ExpiredAt == nil {
		t.Errorf("at its end it is %+v", got)
	}
	b.Until = nil
	ok(t, s.Grant(t.Context(), "T1/U9", b)) // anew, for good
	if got := only(); got.Over(s.Now()) || got.ExpiredAt != nil || got.Until != nil || got.CreatedBy != "T1/U9" {
		t.Errorf("granted anew it is %+v", got)
	}
	if diff := cmp.Diff([]string{"user.granted", "user.expired", "user.granted"}, auditEvents(t, s)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRevokeTakesOnlyWhatItSays(t *testing.T) {
	glob, tag, none := "reboot", "web", ""
	for name, c := range map[string]struct {
		which store.Revocation
		left  int
	}{
		"a role":             {store.Revocation{}, 0},
		"denies":             {store.Revocation{Effect: store.Deny}, 3},
		"of a tag":           {store.Revocation{Tag: &tag}, 2},
		"without a tag":      {store.Revocation{Tag: &none}, 2},
		"of an action":       {store.Revocation{ActionGlob: &glob}, 2},
		"denies of a tag":    {store.Revocation{Tag: &tag, Effect: store.Deny}, 4},
		"allow of an action": {store.Revocation{ActionGlob: &glob, Effect: store.Allow}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			for _, b := range []store.Binding{
				{ActionGlob: "*", Effect: store.Allow}, {ActionGlob: "*", Tag: "web", Effect: store.Allow}, {ActionGlob: "reboot", Tag: "web", Effect: store.Allow},
				{ActionGlob: "reboot", Effect: store.Deny},
			} {
				b.Subject, b.Role = "T1/U2", store.Operator
				ok(t, s.Grant(t.Context(), alice, b))
			}
			c.which.Subject, c.which.Role = "T1/U2", store.Operator
			_, err := s.Revoke(t.Context(), alice, c.which)
			if c.left == 4 {
				wantErr(t, err, store.ErrNotFound)
			} else {
				ok(t, err)
			}
			if left := len(get[[]store.Binding](t)(s.Bindings(t.Context(), ""))); left != c.left {
				t.Errorf("%d are left, want %d", left, c.left)
			}
		})
	}
}

func TestAGuardUndoesAChange(t *testing.T) {
	s := open(t)
	b := store.Binding{Subject: "T1/U2", Role: store.Operator, ActionGlob: "*", Effect: store.Allow}
	refused := errors.New("no")
	sees := func(n int) store.Guard {
		return func(after []store.Binding) error {
			if len(after) != n {
				t.Errorf("the guard sees %d bindings, want %d", len(after), n)
			}
			return refused
		}
	}
	wantErr(t, s.Grant(t.Context(), alice, b, sees(1)), refused)
	ok(t, s.Grant(t.Context(), alice, b))
	_, err := s.Revoke(t.Context(), alice, store.Revocation{Subject: b.Subject, Role: b.Role}, sees(0))
	wantErr(t, err, refused)
	if n := len(get[[]store.Binding](t)(s.Bindings(t.Context(), ""))); n != 1 {
		t.Errorf("%d bindings, want 1", n)
	}
	if diff := cmp.Diff([]string{"user.granted"}, auditEvents(t, s)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// auditEvents are the events of the whole log, oldest first.
func auditEvents(t *testing.T, s *store.Store) []string {
	t.Helper()
	var events []string
	ok(t, raw(t, s).Select(&events, "SELECT event FROM audit ORDER BY seq"))
	return events
}
