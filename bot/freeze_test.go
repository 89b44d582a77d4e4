package bot_test

import (
	"strings"
	"testing"
	"time"

	"drover/store"
)

func TestAFreezeInSlack(t *testing.T) {
	o := openOffice(t)
	o.must(o.store.SetSetting(t.Context(), store.Drover, store.SettingChannel, ops))
	o.must(o.store.SaveUser(t.Context(), store.User{TeamID: o.slack.Team().ID, SlackID: "U0ADMIN", Name: "admin", Timezone: "Asia/Tokyo"}))
	o.says(o.slash("U0VIEWER", ops, "freeze"), "Nothing is frozen")
	o.says(o.slash("U0OPERATOR", ops, "freeze tag:web until 8h because launch"), "You may not freeze servers")
	o.says(o.slash("U0ADMIN", ops, "freeze tag:web because launch"), "Say which servers and until when")
	o.says(o.slash("U0ADMIN", ops, "freeze tag:web until 8h"), "Say why")
	o.says(o.slash("U0ADMIN", ops, "freeze tag:web until Mon 08:00 because launch <!channel>"), "`tag:web` is frozen until", "`unfreeze tag:web`")
	all, err := o.store.Freezes(t.Context())
	o.must(err)
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	o.must(err)
	if at := all[0].Until.In(tokyo); at.Weekday() != time.Monday || at.Format("15:04") != "08:00" {
		t.Errorf("it ends %s: not by the clock of who typed it", at)
	}
	o.await("the notice", func() bool {
		for _, m := range o.slack.Messages(ops) {
			if strings.Contains(m.Text, ":snowflake: <@U0ADMIN> froze `tag:web`") && !strings.Contains(m.Text, "<!channel>") {
				return true
			}
		}
		return false
	})
	o.says(o.slash("U0VIEWER", ops, "freeze"), "*Freezes*", "`tag:web` frozen by <@U0ADMIN>", "because launch")
	o.says(o.slash("U0VIEWER", ops, "list"), "`web1`", ":snowflake:")
	o.says(o.slash("U0VIEWER", ops, "show web1"), ":snowflake: `web1` frozen by <@U0ADMIN>")
	o.says(o.slash("U0OPERATOR", ops, "poke web1"), "web1 is frozen by admin", "`urgent=true because …`")
	o.says(o.slash("U0OPERATOR", ops, "preview poke web1"), ":snowflake: `web1` frozen")
	if answer := o.slash("U0OPERATOR", ops, "peek web1"); answer != "" {
		t.Errorf("looking is answered %q", answer)
	}
	o.says(o.slash("U0OPERATOR", ops, "unfreeze tag:web"), "You may not freeze servers")
	o.says(o.slash("U0ADMIN", ops, "unfreeze web1"), "There is no freeze of that")
	o.says(o.slash("U0ADMIN", ops, "unfreeze tag:web"), "Not frozen any more: `tag:web`")
	if answer := o.slash("U0OPERATOR", ops, "poke web1"); answer != "" {
		t.Errorf("after the freeze it is answered %q", answer)
	}
}
