package bot_test

import (
	"strings"
	"testing"
	"time"

	"drover/bot/slacksim"
	"drover/store"
)

func TestAnAdminSaysWhoMayDoWhat(t *testing.T) {
	o := openOffice(t)
	o.must(o.slack.SetUserGroup(slacksim.UserGroup{ID: "S0TEAM", Handle: "team", Members: []string{"U0VIEWER", "U0OUTSIDER"}}))
	for _, c := range []struct {
		text string
		want []string
	}{
		{"user grant @outsider operator tag:web", []string{"<@U0OUTSIDER> may look, and run what changes servers, on servers with `tag:web`."}},
		{"user grant <@U0OUTSIDER> Operator Deny tag:db until=2099-12-31", []string{
			"may neither run what changes servers nor change drover's configuration, on servers with `tag:db`, whatever else they are given, until <!date^",
		}},
		{"user grant @team viewer for=8h", []string{"<!subteam^S0TEAM> may look, and run what only looks, until <!date^", "In it now: <@U0VIEWER> <@U0OUTSIDER>"}},
		{"user grant <!subteam^S0TEAM|@nonsense> approver", []string{"<!subteam^S0TEAM> may approve the runs of others."}},
		{"user grant W0NEWCOMER viewer tag:nope action=restrt-*", []string{"Slack knows nobody with the id W0NEWCOMER"}},
		{"user grant U0VIEWER breakglass tag:nope action=restrt-*", []string{"No server has the tag nope yet.", "No action is called like restrt-* yet."}},
		{"user list", []string{
			"• <@U0OUTSIDER> `operator tag:web` · by <@U0ADMIN> <!date^", "`operator tag:db deny`, until <!date^", "• <!subteam^S0TEAM> `approver` · by <@U0ADMIN>",
		}},
		{"user revoke @outsider operator deny", []string{"Taken from <@U0OUTSIDER>:\n• `operator tag:db deny`"}},
		{"user revoke @outsider operator deny", []string{"outsider has no such binding of role operator"}},
		{"user", []string{"*Who may do what*"}},
		{"user grant @outsider", []string{"Write `user grant @somebody operator tag:web`"}},
		{"user frobnicate @outsider operator", []string{"Write `user grant @somebody operator tag:web`"}},
		{"user grant @outsider god", []string{"`god` is not a role"}},
		{"user grant @outsider operator --tag web", []string{"`--tag` says nothing here"}},
		{"user revoke @admin admin", []string{"leave drover without an admin"}},
	} {
		o.says(o.slash("U0ADMIN", ops, c.text), c.want...)
	}
	o.slash("U0OUTSIDER", ops, "poke web1")
	o.shows(ops, 1, store.Succeeded)
	if posts := o.slack.Calls("chat.postMessage"); len(posts) != 1 && strings.Contains(posts[0].Args["text"], "subteam") {
		t.Errorf("a usergroup is told: %+v", posts)
	}
}

// Anybody can be called anything: what is not an id is nobody, and what Slack links is whom it links.
func TestNamesAreNotIdentity(t *testing.T) {
	o := openOffice(t)
	o.must(o.slack.AddUser(slacksim.User{ID: "U0EVIL", Name: "U0VIEWER"})) // calls themselves by somebody's id
	o.must(o.slack.AddUser(slacksim.User{ID: "U0OTHER", Name: "group:S0TEAM"}))
	o.says(o.slash("U0ADMIN", ops, "user grant @u0viewer operator"), "<@U0EVIL> may look") // Slack made a link to whoever is called so
	o.says(o.slash("U0ADMIN", ops, "user grant <@U0EVIL|viewer> admin"), "<@U0EVIL> may")
	for _, who := range []string{"@nobody", "viewer", "@viewers", "<@U0VIEWER", "&lt;@U0VIEWER&gt;x", "u0viewer", "group:team"} {
		o.says(o.slash("U0ADMIN", ops, "user grant "+who+" operator"), "drover goes by ids, not by names")
	}
	bindings, err := o.store.Bindings(t.Context(), o.actor("U0VIEWER"))
	o.must(err)
	if len(bindings) != 1 {
		t.Errorf("the viewer has %+v", bindings)
	}
}

func TestOnlyAdminsSayWhoMayDoWhat(t *testing.T) {
	o := openOffice(t)
	o.must(o.store.Grant(t.Context(), store.Drover, store.Binding{Subject: o.actor("U0VIEWER"), Role: store.Admin, ActionGlob: "*", Tag: "web", Effect: store.Allow}))
	asked := len(o.slack.Calls("users.info"))
	for _, who := range []string{"U0OPERATOR", "U0VIEWER", "U0OUTSIDER"} {
		for _, text := range []string{"user grant U0STRANGE operator", "user revoke U0ADMIN admin", "user list", "user"} {
			o.says(o.slash(who, ops, text), "You may not say who may do what")
		}
	}
	if now := len(o.slack.Calls("users.info")); now != asked {
		t.Error("Slack was asked on their behalf")
	}
	o.mention("U0OPERATOR", ops, "", "user grant U0OPERATOR admin")
	o.says(o.whispered("U0OPERATOR", 3+1).Text, "You may not say who may do what")
}

// A usergroup that drover cannot see into would give nothing and deny everybody: that is said before anything changes.
func TestAUsergroupThatCannotBeSeen(t *testing.T) {
	for name, c := range map[string]struct {
		fault slacksim.Fault
		says  string
	}{
		"no scope":   {slacksim.Fault{Error: "missing_scope"}, "lacks the scope usergroups:read"},
		"no such":    {slacksim.Fault{Error: "no_such_subteam"}, "Slack has it no more"},
		"no plan":    {slacksim.Fault{Error: "plan_upgrade_required"}, "cannot see who is in this usergroup"},
		"503":        {slacksim.Fault{Status: 503}, "could not ask Slack who is in this usergroup"},
		"slow Slack": {slacksim.Fault{Delay: 2500 * time.Millisecond}, "could not ask Slack who is in this usergroup"},
	} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t)
			o.must(o.slack.SetUserGroup(slacksim.UserGroup{ID: "S0TEAM", Handle: "team"}))
			o.slack.Fail("usergroups.users.list", c.fault)
			for _, text := range []string{"user grant @team operator", "user grant @team operator deny"} {
				o.says(o.slash("U0ADMIN", ops, text), c.says, "nothing was changed")
			}
			if bindings, err := o.store.Bindings(t.Context(), "group:S0TEAM"); err != nil || len(bindings) > 0 {
				t.Errorf("it was given %+v (%v)", bindings, err)
			}
		})
	}
}

func TestCanInSlack(t *testing.T) {
	o := openOffice(t)
	o.must(o.store.Grant(t.Context(), o.actor("U0ADMIN"), store.Binding{
		Subject: o.actor("U0OPERATOR"), Role: store.Operator, ActionGlob: "*", Tag: "db", Effect: store.Deny,
	}))
	o.slash("U0ADMIN", ops, "lock web1 2h because migration")
	o.must(o.slack.AddUser(slacksim.User{ID: "U0GUEST", Name: "guest", Restricted: true}))
	o.must(o.slack.SetUserGroup(slacksim.UserGroup{ID: "S0TEAM", Handle: "team", Members: []string{"U0VIEWER"}}))
	o.slash("U0ADMIN", ops, "user grant @team operator action=poke")
	for _, c := range []struct {
		who, text string
		want      []string
	}{
		{"U0VIEWER", "can @operator poke all", []string{
			"May <@U0OPERATOR> run `poke`?", ":no_entry_sign: `db1` no, a deny binding on `tag:db` forbids it: `operator tag:db deny` · by <@U0ADMIN> <!date^",
			":lock: `web1` yes, but locked: `operator` · by drover", ":lock: `web1` locked by <@U0ADMIN>",
		}},
		{"U0VIEWER", "can <@U0VIEWER> peek web1", []string{":white_check_mark: `web1` yes: `viewer`"}},
		{"U0VIEWER", "can @viewer reboot web1", []string{"no: it needs the role operator", "It also needs a colleague's approval"}},
		{"U0OPERATOR", "can @guest peek web1", []string{":no_entry_sign: `web1` no: drover takes no requests from guests"}},
		{"U0OPERATOR", "can @outsider peek web1", []string{"no: it needs the role viewer"}},
		{"U0OPERATOR", "can @viewer poke db1", []string{"yes: <!subteam^S0TEAM> `operator action=poke` · by <@U0ADMIN>"}},
		{"U0OPERATOR", "can U0NONE peek web1", []string{"Slack knows nobody with the id U0NONE"}},
		{"U0OPERATOR", "can @operator peek", []string{"Say who, what and where"}},
		{"U0OPERATOR", "can peek web1 db1", []string{"drover goes by ids"}},
		{"U0OUTSIDER", "can @outsider peek web1", []string{"You have no role"}},
	} {
		o.says(o.slash(c.who, ops, c.text), c.want...)
	}
	o.nothingRan()
}
