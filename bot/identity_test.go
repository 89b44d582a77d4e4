package bot_test

import (
	"strings"
	"testing"

	"drover/bot/slacksim"
	"drover/store"
)

// Whoever is refused is refused whichever way they come, whatever they were given, and each time that is in the log.
func TestIdentityComesFirstOnEveryWay(t *testing.T) {
	for name, c := range map[string]struct {
		user slacksim.User
		says string
	}{
		"guest":                  {slacksim.User{Restricted: true}, "guests or people of other organisations"},
		"guest of one channel":   {slacksim.User{UltraRestricted: true}, "guests or people of other organisations"},
		"stranger":               {slacksim.User{TeamID: "T0PARTNER", Stranger: true}, "Slack workspace"},
		"of another workspace":   {slacksim.User{TeamID: "T0OTHER"}, "Slack workspace"},
		"of another's workspace": {slacksim.User{TeamID: "E0ORG", Teams: []string{"T0OTHER"}}, "Slack workspace"},
		"bot":                    {slacksim.User{Bot: true}, "no requests from bots"},
		"member without a role":  {slacksim.User{}, "You have no role"},
	} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t)
			u := c.user
			u.ID, u.Name = "U0WRONG", "wrong"
			o.must(o.slack.AddUser(u))
			o.must(o.slack.Join(ops, u.ID))
			if name != "member without a role" {
				for _, role := range []store.Role{store.Admin, store.Approver, store.Breakglass} {
					o.grant(u.ID, role)
				}
			}
			o.slash("U0OPERATOR", ops, "hold web1")
			card := o.begun(1)
			says := strings.Replace(c.says, "Slack workspace", "other organisations", 1) // a slash command is of our workspace
			o.says(o.slash(u.ID, ops, "poke web1"), says)
			for i, come := range []func(){
				func() { o.mention(u.ID, ops, "", "poke web1") },
				func() { o.mention(u.ID, ops, "", "cancel 1") },
				func() { o.click(u.ID, card, "run.cancel") },
			} {
				before := len(o.slack.Ephemerals(u.ID))
				come()
				if answer := o.whispered(u.ID, before).Text; !strings.Contains(answer, c.says) && !(i == 2 && strings.Contains(answer, "You may not cancel")) {
					t.Errorf("way %d: %q does not say %q", i, answer, c.says)
				}
			}
			if run := o.awaitRun(1, func(store.Run) bool { return true }); run.CancelBy != "" || len(o.runs()) != 1 {
				t.Errorf("of %d runs the first is cancelled by %q", len(o.runs()), run.CancelBy)
			}
			refused := 0
			entries, err := o.store.AuditTail(o.Context(), store.AuditFilter{}, 1000)
			o.must(err)
			for _, e := range entries {
				if _, id, _ := e.Actor.Slack(); id == u.ID && e.Event == "request.refused" {
					refused++
				}
			}
			if refused != 4 {
				t.Errorf("%d refusals are in the log, want 4", refused)
			}
			close(o.release)
		})
	}
}
