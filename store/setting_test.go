package store_test

import "testing"

func TestASettingIsAuditedWhenItChanges(t *testing.T) {
	s := open(t)
	if got := get[string](t)(s.Setting(t.Context(), "channel")); got != "" {
		t.Errorf("a setting that was never set is %q", got)
	}
	for _, value := range []string{"", "C1", "C1", "C2", "C2", ""} {
		ok(t, s.SetSetting(t.Context(), alice, "channel", value))
		if got := get[string](t)(again(t, s).Setting(t.Context(), "channel")); got != value {
			t.Errorf("it is %q, want %q", got, value)
		}
	}
	if n := whole(t, s); n != 3 {
		t.Errorf("three changes made %d audit entries", n)
	}
}
