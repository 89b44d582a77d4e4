package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"drover/bot/slacksim"
	"drover/store"
)

// home opens somebody's Home and waits until it says something.
func (o *office) home(user, says string) slacksim.View {
	o.Helper()
	o.must(o.slack.OpenHome(user))
	return o.homeSays(user, says)
}

func (o *office) homeSays(user, says string) slacksim.View {
	o.Helper()
	o.await("a Home with "+says, func() bool { view, ok := o.slack.Home(user); return ok && strings.Contains(onHome(view), says) })
	view, _ := o.slack.Home(user)
	return view
}

func onHome(view slacksim.View) string {
	return shown(slacksim.Message{Blocks: view.Blocks})
}

func (o *office) clickHome(user string, view slacksim.View, button, value string) {
	o.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := o.slack.ClickView(ctx, user, view.ID, button, slacksim.Pick{Value: value})
	o.must(err)
	if response.Error != "" {
		o.Fatalf("Slack tells %s: %s", user, response.Error)
	}
}

func TestTheHomeShowsWhatWaitsForMe(t *testing.T) {
	o := openCourt(t)
	o.grant("U0OPERATOR", store.Breakglass)
	o.home("U0BOB", "Nothing waits for you.")
	o.slash("U0OPERATOR", ops, "raze web1 because one")
	o.slash("U0OPERATOR", ops, "raze db1 because two")
	o.slash("U0OPERATOR", ops, "raze-twice web1 because three")
	o.slash("U0OPERATOR", ops, "raze db1 urgent=true because four")
	o.shows(ops, 4, store.Succeeded)
	runs := o.runs() // the newest first
	first, second, third, urgent := runs[3], runs[2], runs[1], runs[0]

	view := o.home("U0BOB", "*4 waiting for you*")
	o.says(onHome(view), "<@U0OPERATOR> asks because one", "raze --force", "run.approve", "asks because three", ":rotating_light: *Break-glass*", "run.review")
	others := o.home("U0OPERATOR", "Waiting for others")
	o.says(onHome(others), "*Nothing waits for you.*", "#1 raze web1", "#3 raze-twice web1", ":rotating_light: #4 raze db1")
	if strings.Contains(onHome(others), "run.approve") {
		t.Error("the requester's Home has the button")
	}
	o.says(onHome(o.home("U0OUTSIDER", "You have no role")), "You have no role")

	// What is decided there is gone from there; a click that is too late is answered there.
	o.clickHome("U0BOB", view, "run.approve", first.ID)
	o.shows(ops, 1, store.Succeeded)
	view = o.homeSays("U0BOB", "*3 waiting for you*")
	o.clickHome("U0BOB", view, "run.approve", third.ID)
	view = o.homeSays("U0BOB", "*2 waiting for you*")
	o.says(onHome(view), "*Waiting for others*", "#3 raze-twice web1", "1 of 2")
	o.clickHome("U0BOB", view, "run.review", urgent.ID)
	view = o.homeSays("U0BOB", "*1 waiting for you*")
	o.says(o.slash("U0CAROL", ops, "deny 2 because no"), "#2 is denied")
	o.clickHome("U0BOB", view, "run.approve", second.ID)
	view = o.homeSays("U0BOB", "#2 was denied by <@U0CAROL>")
	o.says(onHome(view), "*Nothing waits for you.*")
	if n := o.razed.Load(); n != 2 {
		t.Errorf("%d commands, want those of #1 and #4", n)
	}
}

func TestDenyFromTheHome(t *testing.T) {
	o := openCourt(t)
	o.slash("U0OPERATOR", ops, "raze web1")
	o.shows(ops, 1, store.AwaitingApproval)
	view := o.home("U0BOB", "*1 waiting for you*")
	o.clickHome("U0BOB", view, "run.deny", o.runs()[0].ID)
	o.send("U0BOB", o.modal("U0BOB"), map[string][]string{"reason": {"not now"}})
	o.homeSays("U0BOB", "*Nothing waits for you.*")
	o.says(shown(o.shows(ops, 1, store.Denied)), "not now", "denied by <@U0BOB>")
}

// A click on a Home is authorised like any other.
func TestAHomeOfBeforeIsWorthNothing(t *testing.T) {
	o := openCourt(t)
	o.slash("U0OPERATOR", ops, "raze web1")
	o.shows(ops, 1, store.AwaitingApproval)
	view := o.home("U0BOB", "*1 waiting for you*")
	o.revoke("U0BOB", store.Approver)
	o.clickHome("U0BOB", view, "run.approve", o.runs()[0].ID)
	o.homeSays("U0BOB", "You have no role")
	if run := o.runs()[0]; run.State != store.AwaitingApproval || o.refusals("run/1")[o.actor("U0BOB")] != 1 {
		t.Errorf("it is %s, and %v are audited", run.State, o.refusals("run/1"))
	}
}

// Whoever has stolen the bot token can publish a Home with any button for somebody: it begins and ends nothing that a Home
// does not show.
func TestAForgedHomeBeginsNothing(t *testing.T) {
	o := openCourt(t)
	next := o.nightly("poke web1")
	o.turnTo(next.At.Add(-time.Hour + time.Second).Time)
	tonight := occurrenceOf(o.tells(0, "*nightly* begins"))
	o.slash("U0OPERATOR", ops, "wreck web1")
	o.shows(ops, 1, store.Failed)
	o.slash("U0OPERATOR", ops, "poke web1 db1 canary=1")
	o.shows(ops, 2, store.Paused)
	o.slash("U0OPERATOR", ops, "raze web1")
	o.click("U0BOB", o.shows(ops, 3, store.AwaitingApproval), "run.deny")
	o.send("U0BOB", o.modal("U0BOB"), map[string][]string{"reason": {"no"}})
	o.shows(ops, 3, store.Denied)
	runs := o.runs() // the newest first
	const foreign, late = "This button is not one that drover put here", "#3 does not wait any more"
	for _, c := range []struct{ button, value, says string }{
		{"run.retry", runs[2].ID, foreign}, {"run.cancel", runs[1].ID, foreign}, {"run.continue", runs[1].ID, foreign}, {"run.approve", runs[1].ID, foreign},
		{"run.review", runs[1].ID, foreign}, {"run.dance", runs[0].ID, foreign}, {"schedule.run", tonight, foreign}, {"run.cancel", runs[0].ID, late},
	} {
		o.clickHome("U0ADMIN", o.forgedHome("U0ADMIN", c.button, c.value), c.button, c.value)
		o.homeSays("U0ADMIN", c.says)
	}
	if now := o.runs(); len(now) != 3 || now[1].State != store.Paused {
		t.Errorf("there are %d runs, and #2 is %s", len(now), now[1].State)
	}
	if refused := len(o.refusals("slack/button")); refused != 1 {
		t.Errorf("%d people are audited, want the one who clicked", refused)
	}
}

// forgedHome publishes a Home with one button on it.
func (o *office) forgedHome(user, button, value string) slacksim.View {
	o.Helper()
	block := slack.NewActionBlock("", slack.NewButtonBlockElement(button, value, slack.NewTextBlockObject(slack.PlainTextType, "Refresh", false, false)))
	_, err := o.api.PublishViewContext(o.Context(), slack.PublishViewContextRequest{
		UserID: user, View: slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{block}}},
	})
	o.must(err)
	view, _ := o.slack.Home(user)
	return view
}

// Slack takes 100 blocks.
func TestAHomeWithMoreThanFits(t *testing.T) {
	o := openCourt(t)
	for range 20 {
		o.slash("U0OPERATOR", ops, "raze web1 db1 because of that")
	}
	view := o.home("U0BOB", "*20 waiting for you*")
	o.says(onHome(view), "more: `/server pending` lists them")
}
