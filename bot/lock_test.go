package bot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"drover/bot/slacksim"
	"drover/store"
)

// announced waits for a message in a channel that says something.
func (o *office) announced(channel, part string) string {
	o.Helper()
	has := func(m slacksim.Message) bool { return strings.Contains(m.Text, part) }
	o.await("a message with "+part, func() bool { return slices.ContainsFunc(o.slack.Messages(channel), has) })
	messages := o.slack.Messages(channel)
	return messages[slices.IndexFunc(messages, has)].Text
}

func TestALockInSlack(t *testing.T) {
	o := openOffice(t)
	o.hire("U0SECOND", store.Operator)
	o.says(o.slash("U0OPERATOR", ops, "lock"), "No server is locked")
	o.says(o.slash("U0OPERATOR", ops, "lock DB1 2h because <!channel> *migration* `x`"), ":lock: `db1` is yours until <!date^", "`unlock db1` ends it before")
	o.says(o.announced(ops, ":lock:"), "<@U0OPERATOR> locked `db1` until <!date^", "because @channel *migration*", "Changes of everybody else are refused")

	for _, c := range []struct{ who, text, want string }{
		{"U0SECOND", "poke db1", "db1 is locked by operator until"},
		{"U0SECOND", "poke web1 db1", "Leave it out with `!db1`"},
		{"U0SECOND", "lock db1 1h because me too", "db1 is locked by operator"},
		{"U0SECOND", "unlock db1", "belongs to operator"},
		{"U0VIEWER", "lock db1 1h because me too", "for operators of it"},
		{"U0OUTSIDER", "lock db1 1h because me too", "You have no role"},
		{"U0OUTSIDER", "unlock db1", "You have no role"},
		{"U0SECOND", "lock db1 because me too", "Say at the end how long"},
		{"U0SECOND", "lock web1 2h", "Say why"},
		{"U0SECOND", "unlock", "Say which server"},
		{"U0VIEWER", "lock", ":lock: `db1` locked by <@U0OPERATOR> until <!date^"},
		{"U0VIEWER", "show db1", ":lock: `db1` locked by <@U0OPERATOR>"},
		{"U0VIEWER", "list", "`db1` tag:db :lock:"},
	} {
		o.says(o.slash(c.who, ops, c.text), c.want)
	}
	o.nothingRan()
	o.slash("U0OPERATOR", ops, "poke db1")
	o.shows(ops, 1, store.Succeeded)
	o.slash("U0SECOND", ops, "peek db1")
	o.shows(ops, 2, store.Succeeded)

	o.says(o.slash("U0OPERATOR", ops, "unlock db1"), "Unlocked `db1`")
	o.says(o.announced(ops, ":unlock:"), "The lock of <@U0OPERATOR> on `db1` is over")
	o.says(o.slash("U0OPERATOR", ops, "unlock db1"), "There is no lock on db1")
	o.slash("U0SECOND", ops, "poke db1")
	o.shows(ops, 3, store.Succeeded)
}

func TestALockEndsByItself(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "lock all 2h because migration")
	o.announced(ops, ":lock:")
	o.clock.advance(2 * time.Hour)
	o.says(o.announced(ops, ":unlock:"), "on `db1 web1` is over")
}

// Others have to hear of a lock: what is made where nobody reads along is told in the team's channel.
func TestWhereALockIsTold(t *testing.T) {
	o := openOffice(t)
	dm, err := o.slack.OpenDM("U0OPERATOR")
	o.must(err)
	lock := func(server string) {
		o.Helper()
		_, err := o.slack.PostMessage("U0OPERATOR", dm, "", "lock "+server+" 2h because migration")
		o.must(err)
	}
	lock("db1")
	o.says(o.announced(dm, "locked `db1`"), "migration")
	o.must(o.store.SetSetting(t.Context(), store.Drover, store.SettingChannel, ops))
	lock("web1")
	o.says(o.announced(ops, "locked `web1`"), "migration")
}

// A delivery that comes twice locks once: it does not reach further the second time.
func TestADuplicateLocksOnce(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "lock db1 2h because migration")
	until := func() time.Time {
		locks, err := o.store.Locks(t.Context())
		o.must(err)
		return locks[0].Until.Time
	}
	before := until()
	o.clock.advance(time.Minute)
	_, err := o.slack.Duplicate(t.Context())
	o.must(err)
	if now := until(); !now.Equal(before) {
		t.Errorf("it ends at %s, and did at %s", now, before)
	}
}
