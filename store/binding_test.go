package store_test

import (
	"testing"

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
	ok(t, s.Revoke(t.Context(), alice, "T1/U2", store.Operator))
	wantErr(t, s.Revoke(t.Context(), alice, "T1/U2", store.Operator), store.ErrNotFound)
	var left []string
	for _, b := range get[[]store.Binding](t)(s.Bindings(t.Context(), "")) {
		left = append(left, string(b.Subject)+" "+string(b.Role))
	}
	if diff := cmp.Diff([]string{"T1/U2 viewer", "T1/U3 operator"}, left); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
