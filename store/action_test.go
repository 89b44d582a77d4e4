package store_test

import (
	"testing"

	"drover/store"
)

func checkAction(t *testing.T, s *store.Store, revision int, yaml string, builtin bool) store.Action {
	t.Helper()
	a := get[store.Action](t)(s.ActionNamed(t.Context(), "restart"))
	if a.Revision != revision || a.YAML != yaml || a.Builtin != builtin {
		t.Fatalf("the newest revision is %+v, want %d of %q, built in: %t", a, revision, yaml, builtin)
	}
	return a
}

func TestEveryRevisionOfAnActionIsKept(t *testing.T) {
	s := open(t)
	wantErr(t, s.EditAction(t.Context(), alice, "restart", "x"), store.ErrNotFound)
	wantErr(t, s.RemoveAction(t.Context(), alice, "restart"), store.ErrNotFound)
	ok(t, s.AddAction(t.Context(), alice, "restart", "one"))
	first := checkAction(t, s, 1, "one", false)
	wantErr(t, s.AddAction(t.Context(), alice, "restart", "other"), store.ErrExists)
	ok(t, s.EditAction(t.Context(), "T1/U2", "restart", "two"))
	if second := checkAction(t, s, 2, "two", false); second.CreatedBy != "T1/U2" {
		t.Errorf("revision 2 is by %s", second.CreatedBy)
	}
	ok(t, s.RemoveAction(t.Context(), alice, "restart"))
	_, err := s.ActionNamed(t.Context(), "restart")
	wantErr(t, err, store.ErrNotFound)
	wantErr(t, s.EditAction(t.Context(), alice, "restart", "x"), store.ErrNotFound)
	wantErr(t, s.RemoveAction(t.Context(), alice, "restart"), store.ErrNotFound)
	if list := get[[]store.Action](t)(s.Actions(t.Context())); len(list) > 0 {
		t.Errorf("still listed: %+v", list)
	}
	ok(t, s.AddAction(t.Context(), alice, "restart", "four"))
	checkAction(t, s, 4, "four", false)
	if old := get[store.Action](t)(s.ActionRevision(t.Context(), first.ID)); old.YAML != "one" || old.Revision != 1 {
		t.Errorf("revision 1 is now %+v", old)
	}
	for n, yaml := range []string{"one", "two", "two", "four"} {
		if old := get[store.Action](t)(s.ActionNumbered(t.Context(), "restart", n+1)); old.YAML != yaml || old.Removed != (n == 2) {
			t.Errorf("revision %d is %+v", n+1, old)
		}
	}
	for name, revision := range map[string]int{"restart": 5, "other": 1} {
		_, err = s.ActionNumbered(t.Context(), name, revision)
		wantErr(t, err, store.ErrNotFound)
	}
	_, err = s.ActionRevision(t.Context(), "x")
	wantErr(t, err, store.ErrNotFound)
}

func TestActionsAreListedByName(t *testing.T) {
	s := open(t)
	for _, name := range []string{"update", "reboot"} {
		ok(t, s.AddAction(t.Context(), alice, name, name))
		ok(t, s.EditAction(t.Context(), alice, name, name+" 2"))
	}
	list := get[[]store.Action](t)(s.Actions(t.Context()))
	if len(list) != 2 || list[0].YAML != "reboot 2" || list[1].YAML != "update 2" {
		t.Errorf("listed: %+v", list)
	}
}

func TestABuiltinFollowsDroverUntilAnAdminEditsIt(t *testing.T) {
	s := open(t)
	for range 2 {
		ok(t, s.InstallBuiltin(t.Context(), "restart", "one"))
		checkAction(t, s, 1, "one", true)
	}
	ok(t, s.InstallBuiltin(t.Context(), "restart", "two"))
	checkAction(t, s, 2, "two", true)
	ok(t, s.EditAction(t.Context(), alice, "restart", "mine"))
	checkAction(t, s, 3, "mine", false)
	ok(t, s.InstallBuiltin(t.Context(), "restart", "four"))
	checkAction(t, s, 3, "mine", false)
	ok(t, s.RemoveAction(t.Context(), alice, "restart"))
	ok(t, s.InstallBuiltin(t.Context(), "restart", "five"))
	_, err := s.ActionNamed(t.Context(), "restart")
	wantErr(t, err, store.ErrNotFound) // removed by an admin stays removed
}

func TestRaceEdit(t *testing.T) {
	s := open(t)
	other := again(t, s)
	ok(t, s.AddAction(t.Context(), alice, "restart", "x"))
	race(eight(s, other, func(s *store.Store) {
		for range 10 {
			check(t, s.EditAction(t.Context(), alice, "restart", "y"))
		}
	})...)
	checkAction(t, s, 81, "y", false)
}
