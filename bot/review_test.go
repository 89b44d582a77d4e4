package bot_test

import (
	"strings"
	"testing"
	"time"

	"drover/bot/slacksim"
	"drover/executor"
	"drover/store"
)

// reviewIn waits for a message that asks for a review, or that says it is reviewed.
func (o *office) reviewIn(channel, says string) (found slacksim.Message) {
	o.Helper()
	o.await("a review in "+channel, func() bool {
		for _, m := range o.slack.Messages(channel) {
			if metadataOf(m).Type != "drover_run" && strings.Contains(shown(m), says) {
				found = m
				return true
			}
		}
		return false
	})
	o.awaitStore(func() error {
		_, err := o.store.MessageOwner(o.Context(), channel, found.TS)
		return err
	})
	return found
}

func TestBreakGlassIsLoud(t *testing.T) {
	o := openCourt(t)
	o.grant("U0OPERATOR", store.Breakglass)
	o.says(o.slash("U0OPERATOR", ops, "help"), "`urgent=true`")
	o.says(o.slash("U0OPERATOR", ops, "raze web1 urgent=true"), "`urgent=true` needs a reason")
	if o.refusals("action/raze")[o.actor("U0OPERATOR")] != 1 {
		t.Error("the request without a reason is not audited")
	}
	o.says(o.slash("U0ADMIN", ops, "raze web1 urgent=true because now"), "it needs the role breakglass")

	o.slash("U0OPERATOR", ops, "raze web1 urgent=true because the site is <down>")
	card := o.shows(ops, 1, store.Succeeded)
	o.says(shown(card), "*raze* on `web1` *succeeded*", ":rotating_light: *Break-glass*: nobody approved it. It stays open")
	loud := o.reviewIn(ops, "run.review")
	o.says(shown(loud), ":rotating_light: *Break-glass*: <@U0OPERATOR> runs *raze* on `web1` without waiting for anybody, because the site is &lt;down&gt;.",
		"#1 stays open until somebody else has looked at it", "Break-glass #1: raze web1")
	direct := o.reviewIn(o.dm("U0ADMIN"), "run.review")
	o.says(shown(direct), "*Break-glass*: <@U0OPERATOR> runs *raze*")
	o.says(o.slash("U0ADMIN", ops, "pending"), "*Waits for your review*", "• :rotating_light: #1 raze web1 · <@U0OPERATOR>", "because the site is &lt;down&gt;")
	o.says(o.slash("U0VIEWER", ops, "pending"), "*Waits for others*\n• :rotating_light: #1")

	for user, why := range map[string]string{"U0OPERATOR": "You ran #1 yourself", "U0VIEWER": "You may not review #1: that is for admins"} {
		before := len(o.slack.Ephemerals(user))
		o.click(user, loud, "run.review")
		o.says(o.whispered(user, before).Text, why)
	}
	o.click("U0ADMIN", direct, "run.review")
	for _, channel := range []string{ops, o.dm("U0ADMIN")} {
		reviewed := o.reviewIn(channel, "was reviewed by <@U0ADMIN>")
		if strings.Contains(shown(reviewed), "run.review") {
			t.Errorf("in %s it still has its button", channel)
		}
	}
	o.await("the card", func() bool {
		m, _ := o.slack.Message(ops, card.TS)
		return strings.Contains(shown(m), "reviewed by <@U0ADMIN>")
	})
	o.says(o.slash("U0ADMIN", ops, "pending"), "Nothing waits for approval or review.")
	if n := o.razed.Load(); n != 1 {
		t.Errorf("%d commands", n)
	}
}

func TestAnOpenBreakGlassIsRemindedOfDaily(t *testing.T) {
	o := openCourt(t)
	o.grant("U0OPERATOR", store.Breakglass)
	o.slash("U0OPERATOR", ops, "raze web1 urgent=true because now")
	first := o.reviewIn(ops, "run.review")
	o.clock.advance(24*time.Hour + time.Second)
	reminder := o.reviewIn(ops, ":bell: Still open since")
	o.click("U0BOB", reminder, "run.review") // could have approved it
	o.await("the end of both", func() bool {
		a, _ := o.slack.Message(ops, first.TS)
		b, _ := o.slack.Message(ops, reminder.TS)
		return strings.Contains(shown(a), "was reviewed by <@U0BOB>") && strings.Contains(shown(b), "was reviewed by <@U0BOB>")
	})
}

// Without DROVER_CHANNEL a direct message stays one, and the admins are asked again.
func TestAdminsAreRemindedOfWhatNoChannelShows(t *testing.T) {
	o := openCourt(t)
	o.grant("U0OPERATOR", store.Breakglass)
	o.slash("U0OPERATOR", o.dm("U0OPERATOR"), "raze web1 urgent=true because now")
	o.reviewIn(o.dm("U0ADMIN"), "run.review")
	o.clock.advance(24*time.Hour + time.Second)
	o.click("U0ADMIN", o.reviewIn(o.dm("U0ADMIN"), ":bell: Still open since"), "run.review")
	o.reviewIn(o.dm("U0OPERATOR"), "was reviewed by <@U0ADMIN>")
}

// A team of one may judge what is its own, and everything that shows it says so.
func TestSelfApprovalIsSaidWhereverItCounts(t *testing.T) {
	o := openCourt(t)
	for _, role := range []store.Role{store.Breakglass, store.Approver} {
		o.grant("U0OPERATOR", role)
	}
	o.must(o.store.EditAction(t.Context(), o.actor("U0BOB"), "raze", `{name: raze, approvals: 1, run: {linux: [raze, --all]}}`))
	o.must(o.store.SetSetting(t.Context(), store.Drover, executor.SelfApproval, "on"))
	o.slash("U0OPERATOR", ops, "raze web1")
	card := o.shows(ops, 1, store.AwaitingApproval)
	o.says(shown(card), ":warning: Self-approval is on: whoever asks, or edited the action last, may approve.")
	o.click("U0BOB", card, "run.approve")
	o.says(shown(o.shows(ops, 1, store.Succeeded)), "approved by <@U0BOB> (self-approval: edited `raze` last)")
	o.slash("U0OPERATOR", ops, "raze web1")
	o.click("U0OPERATOR", o.shows(ops, 2, store.AwaitingApproval), "run.approve")
	o.says(shown(o.shows(ops, 2, store.Succeeded)), "approved by <@U0OPERATOR> (self-approval)")

	o.slash("U0OPERATOR", ops, "raze web1 urgent=true because now")
	const open = "stays open until somebody has looked at it. :warning: Self-approval is on: whoever ran it may close it."
	o.says(shown(o.shows(ops, 3, store.Succeeded)), open)
	o.click("U0OPERATOR", o.reviewIn(ops, open), "run.review")
	o.reviewIn(ops, "was reviewed by <@U0OPERATOR> (self-approval)")
}

// What is done in a direct message is said where everybody sees it.
func TestBreakGlassInADirectMessageIsLoudToo(t *testing.T) {
	o := openCourt(t)
	o.grant("U0OPERATOR", store.Breakglass)
	o.must(o.store.SetSetting(t.Context(), store.Drover, store.SettingChannel, ops))
	o.says(o.slash("U0OPERATOR", o.dm("U0OPERATOR"), "raze web1 urgent=true because now"), "#1", "<#"+ops+">")
	o.shows(ops, 1, store.Succeeded)
	o.reviewIn(ops, "run.review")
}

// A channel that drover cannot post in does not make it quiet.
func TestAReviewThatCannotBePostedGoesToTheChannel(t *testing.T) {
	o := openCourt(t)
	o.grant("U0OPERATOR", store.Breakglass)
	o.must(o.store.SetSetting(t.Context(), store.Drover, store.SettingChannel, ops))
	o.must(o.store.SaveChannel(t.Context(), store.Channel{ID: outside, Visible: true}))
	o.slash("U0OPERATOR", outside, "raze web1 urgent=true because now")
	o.reviewIn(ops, "run.review")
}
