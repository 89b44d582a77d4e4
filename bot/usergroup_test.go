package bot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"drover/bot/slacksim"
	"drover/executor"
	"drover/store"
)

// openOfficeWith is an office in which the usergroup S0TEAM has a binding before anybody works.
func openOfficeWith(t *testing.T, effect store.Effect, members ...string) *office {
	t.Helper()
	o := furnish(t)
	o.team(false, members...)
	o.must(o.store.Grant(t.Context(), store.Drover, store.Binding{Subject: "group:S0TEAM", Role: store.Operator, ActionGlob: "*", Effect: effect}))
	o.open()
	return o
}

// team says who is in the usergroup S0TEAM, or that it is no more.
func (o *office) team(disabled bool, members ...string) {
	o.Helper()
	o.must(o.slack.SetUserGroup(slacksim.UserGroup{ID: "S0TEAM", Handle: "team", Members: members, Disabled: disabled}))
}

// knows waits until drover knows of the usergroup what it should.
func (o *office) knows(state store.GroupState, members ...string) {
	o.Helper()
	o.awaitStore(func() error {
		g, err := o.store.Usergroup(o.Context(), "S0TEAM")
		if err == nil && (g.State != state || !slices.Equal(g.Members, members)) {
			err = &executor.Refusal{Text: string(g.State)}
		}
		return err
	})
}

func TestAUsergroupGivesWhatItsMembersMayDo(t *testing.T) {
	o := openOfficeWith(t, store.Allow, "U0VIEWER")
	if answer := o.slash("U0VIEWER", ops, "poke web1"); answer != "" {
		t.Fatalf("a member is told %q", answer)
	}
	o.says(o.slash("U0OUTSIDER", ops, "poke web1"), "You have no role")

	o.team(false, "U0OUTSIDER") // an event tells
	o.knows(store.GroupKnown, "U0OUTSIDER")
	o.says(o.slash("U0VIEWER", ops, "poke web1"), "needs the role operator")
	if answer := o.slash("U0OUTSIDER", ops, "poke web1"); answer != "" {
		t.Fatalf("a new member is told %q", answer)
	}

	o.team(true, "U0OUTSIDER") // disabled, as good as deleted
	o.knows(store.GroupGone, "U0OUTSIDER")
	o.says(o.slash("U0OUTSIDER", ops, "poke web1"), "You have no role")
}

func TestTheDeniesOfALostUsergroupStay(t *testing.T) {
	o := openOfficeWith(t, store.Deny, "U0OPERATOR")
	o.says(o.slash("U0OPERATOR", ops, "poke web1"), "a deny binding forbids it")
	o.team(true, "U0OPERATOR")
	o.knows(store.GroupGone, "U0OPERATOR")
	o.says(o.slash("U0OPERATOR", ops, "poke web1"), "a deny binding forbids it")
	o.nothingRan()
}

// When drover hears that a usergroup has changed and cannot learn how, it gives nothing, and denies everybody.
func TestAChangeThatCannotBeLearned(t *testing.T) {
	for name, fault := range map[string]slacksim.Fault{
		"503": {Status: 503}, "error": {Error: "internal_error"}, "no scope": {Error: "missing_scope"}, "no answer": {LoseAnswer: true},
	} {
		t.Run(name, func(t *testing.T) {
			o := openOfficeWith(t, store.Allow, "U0VIEWER")
			o.slack.Fail("usergroups.users.list", fault)
			o.team(false, "U0VIEWER", "U0OUTSIDER")
			o.knows(store.GroupUnknown, "U0VIEWER")
			o.says(o.slash("U0VIEWER", ops, "poke web1"), "needs the role operator")
			o.must(o.store.Grant(t.Context(), store.Drover, store.Binding{
				Subject: "group:S0TEAM", Role: store.Operator, ActionGlob: "*", Tag: "db", Effect: store.Deny,
			}))
			o.says(o.slash("U0OPERATOR", ops, "poke db1"), "drover cannot tell who is in it")
			o.slack.ClearFaults()
			o.must(o.bot.RefreshNow(t.Context()))
			if answer := o.slash("U0VIEWER", ops, "poke web1"); answer != "" {
				t.Errorf("a member is told %q", answer)
			}
			if answer := o.slash("U0OPERATOR", ops, "poke db1"); answer != "" {
				t.Errorf("who is not in it is told %q", answer)
			}
		})
	}
}

// A moment of trouble of Slack's takes nothing from anybody, as long as nothing is known to have changed.
func TestARefreshThatFailsChangesNothing(t *testing.T) {
	o := openOfficeWith(t, store.Allow, "U0VIEWER")
	o.slack.Fail("usergroups.users.list", slacksim.Fault{Error: "internal_error"})
	if err := o.bot.RefreshNow(t.Context()); err == nil || err.Error() != "ask about S0TEAM: internal_error" {
		t.Errorf("the error is %v", err)
	}
	o.knows(store.GroupKnown, "U0VIEWER")
	o.slack.ClearFaults()
	o.slack.Fail("usergroups.users.list", slacksim.Fault{Error: "missing_scope"}) // for good, until somebody does something
	o.must(o.bot.RefreshNow(t.Context()))
	o.knows(store.GroupUnknown, "U0VIEWER")
	o.says(o.log.text(), "cannot tell who is in a usergroup", "drover manifest")
}

func TestWhatWasKnownBeforeTheStartIsAskedAnew(t *testing.T) {
	for _, told := range []bool{true, false} {
		o := furnish(t)
		o.team(false, "U0OUTSIDER")
		o.must(o.store.Grant(t.Context(), store.Drover, store.Binding{Subject: "group:S0TEAM", Role: store.Operator, ActionGlob: "*", Effect: store.Allow}))
		o.must(o.store.SaveUsergroup(t.Context(), store.Usergroup{
			ID: "S0TEAM", State: store.GroupKnown, CheckedAt: o.store.Now().Add(-time.Hour), Members: []string{"U0VIEWER"},
		}))
		if !told {
			o.slack.Fail("usergroups.users.list", slacksim.Fault{Status: 503})
		}
		o.open()
		o.says(o.slash("U0VIEWER", ops, "poke web1"), "needs the role operator")
		if answer := o.slash("U0OUTSIDER", ops, "poke web1"); (answer == "") != told {
			t.Errorf("who is in it by now is told %q", answer)
		}
	}
}

// A usergroup that is new in a binding is asked about at once, whoever made the binding.
func TestANewUsergroupIsMet(t *testing.T) {
	o := openOffice(t)
	o.background(o.bot.Refresh)
	o.team(false, "U0OUTSIDER")
	o.must(o.store.Grant(t.Context(), store.Drover, store.Binding{Subject: "group:S0TEAM", Role: store.Viewer, ActionGlob: "*", Effect: store.Allow}))
	o.knows(store.GroupKnown, "U0OUTSIDER")
	o.must(o.store.Grant(t.Context(), store.Drover, store.Binding{Subject: "group:S0NONE", Role: store.Operator, ActionGlob: "*", Effect: store.Deny}))
	o.awaitStore(func() error { // Slack does not know it, and drover never did: it could be anybody
		g, err := o.store.Usergroup(t.Context(), "S0NONE")
		if err == nil && g.State != store.GroupUnknown {
			t.Errorf("a usergroup that never was is %s", g.State)
		}
		return err
	})
}

func TestAnotherUsergroupCostsNoQuestion(t *testing.T) {
	o := openOfficeWith(t, store.Allow, "U0VIEWER")
	before := len(o.slack.Calls("usergroups.users.list"))
	for _, members := range [][]string{nil, {"U0VIEWER"}, {"U0OPERATOR"}} {
		o.must(o.slack.SetUserGroup(slacksim.UserGroup{ID: "S0CHESS", Handle: "chess", Members: members}))
	}
	o.team(false, "U0OPERATOR") // comes after them
	o.knows(store.GroupKnown, "U0OPERATOR")
	for _, call := range o.slack.Calls("usergroups.users.list")[before:] {
		if call.Args["usergroup"] != "S0TEAM" {
			t.Errorf("Slack was asked about %s", call.Args["usergroup"])
		}
	}
}

// Events tell of changes of people, and only of people whom drover knows. What comes late is asked for anew.
func TestAPersonChanges(t *testing.T) {
	o := openOffice(t)
	o.must(o.slack.UpdateUser(slacksim.User{ID: "U0OPERATOR", Name: "operator", Restricted: true}))
	o.must(o.slack.AddUser(slacksim.User{ID: "U0NEW", Name: "new"}))
	o.must(o.slack.UpdateUser(slacksim.User{ID: "U0NEW", Name: "new one"}))
	o.must(o.slack.UpdateUser(slacksim.User{ID: "U0VIEWER", Name: "viewer", Deleted: true}))
	user := func(id string, is func(store.User) bool) {
		o.Helper()
		o.awaitStore(func() error {
			u, err := o.store.User(t.Context(), o.slack.Team().ID, id)
			if err == nil && !is(u) {
				err = &executor.Refusal{Text: "not yet"}
			}
			return err
		})
	}
	user("U0VIEWER", func(u store.User) bool { return u.Deactivated })
	user("U0OPERATOR", func(u store.User) bool { return u.Guest })
	o.says(o.slash("U0OPERATOR", ops, "poke web1"), "guests")
	if _, err := o.store.User(t.Context(), o.slack.Team().ID, "U0NEW"); err == nil {
		t.Error("somebody whom drover has not met is kept")
	}

	o.must(o.slack.UpdateUser(slacksim.User{ID: "U0OPERATOR", Name: "operator"}))
	user("U0OPERATOR", func(u store.User) bool { return !u.Guest })
	asked := len(o.slack.Calls("users.info"))
	o.clock.advance(10 * time.Minute)
	_, err := o.slack.Redeliver(t.Context(), "", 3)
	o.must(err)
	o.await("a question", func() bool { return len(o.slack.Calls("users.info")) > asked })
}

// In an Enterprise Grid everybody of the organisation may come by; members of this workspace are its own.
func TestEnterpriseGrid(t *testing.T) {
	o := furnishIn(t, slacksim.Team{Enterprise: "E0ORG"})
	for id, u := range map[string]slacksim.User{
		"W0MEMBER": {TeamID: "E0ORG", Teams: []string{"T0OTHER", o.slack.Team().ID}}, "W0ELSEWHERE": {TeamID: "E0ORG", Teams: []string{"T0OTHER"}},
		"U0SISTER": {TeamID: "T0OTHER", Teams: []string{"T0OTHER", o.slack.Team().ID}}, "U0PARTNER": {TeamID: "T0PARTNER"},
		"U0GUEST": {TeamID: "E0ORG", Teams: []string{o.slack.Team().ID}, Restricted: true}, "U0CONNECT": {TeamID: "E0PARTNER", Stranger: true},
	} {
		u.ID, u.Name = id, id
		o.must(o.slack.AddUser(u))
		o.must(o.slack.Join(ops, id))
		o.grant(id, store.Viewer)
	}
	o.open()
	const yes = ""
	for _, c := range []struct{ who, bySlash, byMention string }{
		{"W0MEMBER", yes, yes},
		{"W0ELSEWHERE", "other organisations", "other organisations"},
		{"U0SISTER", yes, yes},
		{"U0PARTNER", "other organisations", "other organisations"},
		{"U0GUEST", "guests", "guests"},
		{"U0CONNECT", "other organisations", "other organisations"},
	} {
		if answer := o.slash(c.who, ops, "list"); c.bySlash == yes {
			o.says(answer, "2 servers")
		} else {
			o.says(answer, c.bySlash)
		}
		before := len(o.slack.Ephemerals(c.who))
		o.mention(c.who, ops, "", "list")
		if answer := o.whispered(c.who, before).Text; c.byMention == yes {
			o.says(answer, "2 servers")
		} else {
			o.says(answer, c.byMention)
		}
	}
}

func TestWithoutAnEnterpriseNobodyIsOfOne(t *testing.T) {
	o := openOffice(t) // in no Enterprise Grid: an empty id is nobody's
	o.must(o.slack.AddUser(slacksim.User{ID: "U0NOWHERE", Name: "nowhere", TeamID: "E0ORG"}))
	o.must(o.slack.Join(ops, "U0NOWHERE"))
	o.grant("U0NOWHERE", store.Admin)
	before := len(o.slack.Ephemerals("U0NOWHERE"))
	o.mention("U0NOWHERE", ops, "", "list")
	o.says(o.whispered("U0NOWHERE", before).Text, "another Slack workspace")
}

// What is not known is asked for again soon, without waiting for the next round through everybody.
func TestAnUnknownUsergroupIsAskedAboutAgain(t *testing.T) {
	o := openOfficeWith(t, store.Allow, "U0VIEWER")
	o.slack.Fail("usergroups.users.list", slacksim.Fault{Error: "missing_scope"})
	o.background(o.bot.Refresh)
	o.knows(store.GroupUnknown, "U0VIEWER")
	o.slack.ClearFaults()
	o.clock.advance(2 * time.Minute)
	o.must(o.store.SetSetting(t.Context(), store.Drover, "run-expiry", "5m")) // anything that wakes it
	o.knows(store.GroupKnown, "U0VIEWER")
	if n := strings.Count(o.log.text(), "cannot tell who is in a usergroup"); n != 1 {
		t.Errorf("the log says it %d times", n)
	}
}
