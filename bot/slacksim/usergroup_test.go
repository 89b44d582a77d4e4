package slacksim_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"drover/bot/slacksim"
)

func TestUserGroups(t *testing.T) {
	s := start(t)
	must(t, s.SetUserGroup(slacksim.UserGroup{ID: "S1OPS", Handle: "ops", Members: []string{"U1ANN", "U2BOB"}}))
	must(t, s.SetUserGroup(slacksim.UserGroup{ID: "S2OLD", Handle: "old", Members: []string{"U1ANN"}, Disabled: true}))
	must(t, s.UpdateUser(slacksim.User{ID: "U2BOB", Name: "bob", Deleted: true}))
	api := slack.New(s.BotToken(), slack.OptionAPIURL(s.APIURL()))

	ids := func(options ...slack.GetUserGroupsOption) (list []string) {
		groups, err := api.GetUserGroupsContext(t.Context(), options...)
		must(t, err)
		for _, g := range groups {
			list = append(list, fmt.Sprintf("%s @%s %v %d deleted=%v", g.ID, g.Handle, g.Users, g.UserCount, g.DateDelete > 0))
		}
		return list
	}
	if diff := cmp.Diff([]string{"S1OPS @ops [] 0 deleted=false"}, ids()); diff != "" {
		t.Errorf("usergroups.list (-want +got)\n%s", diff)
	}
	all := ids(slack.GetUserGroupsOptionIncludeUsers(true), slack.GetUserGroupsOptionIncludeCount(true), slack.GetUserGroupsOptionIncludeDisabled(true))
	if diff := cmp.Diff([]string{"S1OPS @ops [U1ANN] 2 deleted=false", "S2OLD @old [U1ANN] 1 deleted=true"}, all); diff != "" {
		t.Errorf("usergroups.list with all (-want +got)\n%s", diff)
	}

	members, err := api.GetUserGroupMembersContext(t.Context(), "S1OPS")
	must(t, err)
	if !slices.Equal(members, []string{"U1ANN"}) {
		t.Errorf("usergroups.users.list: %v", members)
	}
	if _, err := api.GetUserGroupMembersContext(t.Context(), "S2OLD"); err == nil || err.Error() != "no_such_subteam" {
		t.Errorf("the members of a disabled group: %v", err)
	}
	members, err = api.GetUserGroupMembersContext(t.Context(), "S2OLD", slack.GetUserGroupMembersOptionIncludeDisabled(true))
	if err != nil || !slices.Equal(members, []string{"U1ANN"}) {
		t.Errorf("the members of a disabled group, wanted: %v %v", members, err)
	}
	for _, bad := range []slacksim.UserGroup{{ID: "U1", Handle: "x"}, {ID: "S9"}, {ID: "S9", Handle: "x", Members: []string{"U0NONE"}}} {
		if s.SetUserGroup(bad) == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// Slack lists at most 500 members in the event, and says how many there are.
func TestUserGroupEvents(t *testing.T) {
	s := start(t)
	_, client := connect(t, s)
	var many []string
	for i := range 501 {
		many = append(many, fmt.Sprintf("U9%03d", i))
		must(t, s.AddUser(slacksim.User{ID: many[i], Name: fmt.Sprint("n", i)}))
	}
	must(t, s.SetUserGroup(slacksim.UserGroup{ID: "S1OPS", Handle: "ops"})) // subteam_created, which the manifest does not ask for
	must(t, s.SetUserGroup(slacksim.UserGroup{ID: "S1OPS", Handle: "ops", Members: many}))
	must(t, s.SetUserGroup(slacksim.UserGroup{ID: "S1OPS", Handle: "ops", Members: many, Disabled: true}))
	next := func() any {
		t.Helper()
		e := waitFor(t, client, socketmode.EventTypeEventsAPI)
		client.Ack(*e.Request)
		return e.Data.(slackevents.EventsAPIEvent).InnerEvent.Data
	}
	if g := next().(*slackevents.SubteamUpdatedEvent).Subteam; len(g.Users) != 500 || g.UserCount != 501 || g.DateDelete != 0 {
		t.Errorf("subteam_updated lists %d of %d", len(g.Users), g.UserCount)
	}
	if g := next().(*slackevents.SubteamMembersChangedEvent); len(g.AddedUsers) != 501 || g.AddedUsersCount != 501 || g.RemovedUsersCount != 0 {
		t.Errorf("subteam_members_changed: %d added, said %d", len(g.AddedUsers), g.AddedUsersCount)
	}
	if g := next().(*slackevents.SubteamUpdatedEvent).Subteam; g.DateDelete == 0 {
		t.Error("a disabled group has no date_delete")
	}
}

func TestUserGroupsAreLinked(t *testing.T) {
	s := start(t)
	_, client := connect(t, s)
	must(t, s.SetUserGroup(slacksim.UserGroup{ID: "S1OPS", Handle: "ops-team"}))
	must(t, s.SetUserGroup(slacksim.UserGroup{ID: "S2OLD", Handle: "old", Disabled: true}))
	result := slash(t, s, "user grant @ops-team operator @old")
	e := waitFor(t, client, socketmode.EventTypeSlashCommand)
	client.Ack(*e.Request)
	<-result
	if got, want := e.Data.(slack.SlashCommand).Text, "user grant <!subteam^S1OPS|@ops-team> operator @old"; got != want {
		t.Errorf("a slash command says %q, want %q", got, want)
	}
	_, err := s.PostMessage("U1ANN", "C1OPS", "", "@drover user grant @ops-team operator")
	must(t, err)
	m := waitFor(t, client, socketmode.EventTypeEventsAPI).Data.(slackevents.EventsAPIEvent).InnerEvent.Data.(*slackevents.AppMentionEvent)
	if want := "<@" + s.BotUserID() + "> user grant <!subteam^S1OPS> operator"; m.Text != want {
		t.Errorf("a message says %q, want %q", m.Text, want)
	}
}

// In an Enterprise Grid a person is a member of several workspaces, and their team may be the whole organisation.
func TestEnterprise(t *testing.T) {
	s := start(t, func(c *slacksim.Config) {
		c.Team = slacksim.Team{ID: "T1", Name: "One", Domain: "one", Enterprise: "E1"}
	})
	_, client := connect(t, s)
	must(t, s.AddUser(slacksim.User{ID: "W1EVE", Name: "eve", TeamID: "E1", Teams: []string{"T1", "T2"}}))
	must(t, s.Join("C1OPS", "W1EVE"))
	api := slack.New(s.BotToken(), slack.OptionAPIURL(s.APIURL()))
	self, err := api.AuthTestContext(t.Context())
	must(t, err)
	eve, err := api.GetUserInfoContext(t.Context(), "W1EVE")
	must(t, err)
	if self.EnterpriseID != "E1" || eve.TeamID != "E1" || eve.Enterprise.EnterpriseID != "E1" || !slices.Equal(eve.Enterprise.Teams, []string{"T1", "T2"}) {
		t.Errorf("auth.test says %+v, users.info %+v", self, eve)
	}
	_, err = s.PostMessage("W1EVE", "C1OPS", "", "@drover help")
	must(t, err)
	e := waitFor(t, client, socketmode.EventTypeEventsAPI)
	client.Ack(*e.Request)
	event := e.Data.(slackevents.EventsAPIEvent)
	if m := event.InnerEvent.Data.(*slackevents.AppMentionEvent); m.UserTeam != "E1" || event.TeamID != "T1" {
		t.Errorf("app_mention is of %q in %q", m.UserTeam, event.TeamID)
	}
	result := slash(t, s, "help")
	e = waitFor(t, client, socketmode.EventTypeSlashCommand)
	client.Ack(*e.Request)
	<-result
	if c := e.Data.(slack.SlashCommand); c.TeamID != "T1" || c.EnterpriseID != "E1" || c.IsEnterpriseInstall {
		t.Errorf("the slash command is of %s in %s", c.TeamID, c.EnterpriseID)
	}
}
