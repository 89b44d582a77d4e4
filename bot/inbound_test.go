package bot_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"drover/bot/slacksim"
	"drover/executor"
	"drover/store"
)

func TestASlashCommandMakesARun(t *testing.T) {
	o := openOffice(t)
	if answer := o.slash("U0OPERATOR", ops, "poke web1 db1 word=hello because “patch day” <!channel>"); answer != "" {
		t.Fatalf("the answer is %q", answer)
	}
	card := o.shows(ops, 1, store.Succeeded)
	o.says(shown(card), "poke", "<@U0OPERATOR>", "word=hello", "patch day")
	run := o.awaitRun(1, func(store.Run) bool { return true })
	if run.Reason != `"patch day" @channel` || run.Origin != store.Slash || run.RequestedBy != o.actor("U0OPERATOR") {
		t.Errorf("the run is %+v", run)
	}
	if got := run.Targets[0].Stdout + run.Targets[1].Stdout; strings.Count(got, "hello") != 2 {
		t.Errorf("the servers printed %q", got)
	}
}

// A reason is for the card and the audit log; nobody reads a novel there.
func TestALongReasonIsCut(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "peek web1 because "+strings.Repeat("é", 600))
	if reason := []rune(o.awaitRun(1, func(store.Run) bool { return true }).Reason); len(reason) != 500 || reason[499] != '…' {
		t.Errorf("the reason has %d characters", len(reason))
	}
}

func TestWhoMayNotIsToldInPrivate(t *testing.T) {
	o := openOffice(t)
	o.must(o.slack.AddChannel(slacksim.Channel{ID: "C0SHARED", Name: "shared", ExtShared: true, Members: []string{"U0OPERATOR", o.slack.BotUserID()}}))
	for id, u := range map[string]slacksim.User{
		"U0GUEST": {Restricted: true}, "U0SINGLE": {UltraRestricted: true}, "U0BOT": {Bot: true}, "U0GONE": {}, "U0STRANGER": {Stranger: true},
		"W0OTHER": {TeamID: "T0OTHER"},
	} {
		u.ID, u.Name = id, strings.ToLower(id)
		o.must(o.slack.AddUser(u))
		o.must(o.slack.Join(ops, id))
		o.grant(id, store.Admin) // a binding helps none of them
	}
	o.must(o.slack.AddUser(slacksim.User{ID: "U0LIMITED", Name: "limited"}))
	o.must(o.slack.Join(ops, "U0LIMITED"))
	o.must(o.store.Grant(t.Context(), store.Drover, store.Binding{
		Subject: o.actor("U0LIMITED"), Role: store.Operator, ActionGlob: "*", Tag: "web", Effect: store.Allow,
	}))
	for _, c := range []struct{ user, channel, text, want string }{
		{"U0OUTSIDER", ops, "poke web1", "You have no role in drover"},
		{"U0OUTSIDER", ops, "frobnicate secret1", "You have no role in drover"},
		{"U0OUTSIDER", ops, "list", "You have no role in drover"},
		{"U0OUTSIDER", ops, "help", "`drover user grant U0OUTSIDER viewer`"},
		{"U0OUTSIDER", ops, "show web1", "You have no role in drover"},
		{"U0OUTSIDER", ops, "cancel 1", "You have no role in drover"},
		{"U0VIEWER", ops, "poke web1", "it needs the role operator"},
		{"U0LIMITED", ops, "poke web1 db1", "You may not run `poke` on db1: it needs the role operator"},
		{"U0OPERATOR", "C0SHARED", "poke web1", "shared with another organisation"},
		{"U0GUEST", ops, "poke web1", "guests"},
		{"U0SINGLE", ops, "poke web1", "guests"},
		{"U0STRANGER", ops, "poke web1", "other organisations"},
		{"W0OTHER", ops, "poke web1", "other organisations"},
		{"U0BOT", ops, "poke web1", "bots"},
	} {
		answer := o.slash(c.user, c.channel, c.text)
		o.says(answer, ":no_entry_sign:", c.want)
		if strings.Contains(answer, "secret1") || strings.Contains(answer, "Did you mean") {
			t.Errorf("%s learns %q", c.user, answer)
		}
	}
	o.nothingRan()
	if posts := o.slack.Calls("chat.postMessage"); len(posts) > 0 {
		t.Errorf("%d messages were posted for all to see", len(posts))
	}
}

func TestAViewerMayLook(t *testing.T) {
	o := openOffice(t)
	if answer := o.slash("U0VIEWER", ops, "peek web1"); answer != "" {
		t.Fatalf("the answer is %q", answer)
	}
	o.shows(ops, 1, store.Succeeded)
}

func TestADuplicateDeliveryMakesOneRun(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "poke web1")
	_, err := o.slack.Duplicate(t.Context())
	o.must(err)
	o.mention("U0OPERATOR", ops, "", "poke web1")
	o.shows(ops, 2, store.Succeeded)
	for attempt := 1; attempt <= 3; attempt++ {
		_, err := o.slack.Redeliver(t.Context(), "", attempt)
		o.must(err)
	}
	if n := len(o.runs()); n != 2 {
		t.Errorf("%d runs, want 2", n)
	}
}

func TestAMention(t *testing.T) {
	o := openOffice(t)
	o.mention("U0OPERATOR", ops, "", "poke web1 because asked")
	first := o.shows(ops, 1, store.Succeeded)

	// In a thread, Slack's own commands do not work: this is the way there.
	o.mention("U0OPERATOR", ops, first.TS, "poke db1")
	o.shows(ops, 2, store.Succeeded)

	asked := o.mention("U0VIEWER", ops, "", "poke web1")
	o.says(o.whispered("U0VIEWER", 0).Text, "it needs the role operator")
	o.mention("U0VIEWER", ops, asked, "poke web1")
	if answer := o.whispered("U0VIEWER", 1); answer.ThreadTS != asked {
		t.Errorf("the answer to a question in the thread %s is in %q", asked, answer.ThreadTS)
	}
	run := o.awaitRun(1, func(store.Run) bool { return true })
	if run.Origin != store.Mention || run.Reason != "asked" {
		t.Errorf("the run is %+v", run)
	}
}

// What an edited message said before was no request, and what it says now is none either.
func TestEditedMessagesAreIgnored(t *testing.T) {
	o := openOffice(t)
	ts, err := o.slack.PostMessage("U0OPERATOR", ops, "", "good morning")
	o.must(err)
	o.must(o.slack.EditMessage("U0OPERATOR", ops, ts, "<@"+o.slack.BotUserID()+"> poke web1"))
	direct := o.dm("U0OPERATOR")
	ts, err = o.slack.PostMessage("U0OPERATOR", direct, "", "list")
	o.must(err)
	o.await("the answer", func() bool { return len(o.slack.Messages(direct)) == 2 })
	o.must(o.slack.EditMessage("U0OPERATOR", direct, ts, "poke web1"))
	o.slash("U0OPERATOR", ops, "peek db1") // whatever was wrongly made would be #1
	run := o.awaitRun(1, func(store.Run) bool { return true })
	if len(o.runs()) != 1 || run.Action != "peek" {
		t.Errorf("the run is %s", run.Action)
	}
}

func TestADirectMessage(t *testing.T) {
	o := openOffice(t)
	direct := o.dm("U0OPERATOR")
	_, err := o.slack.PostMessage("U0OPERATOR", direct, "", "frobnicate web1")
	o.must(err)
	o.await("the answer", func() bool { return len(o.slack.Messages(direct)) == 2 })
	o.says(o.slack.Messages(direct)[1].Text, "There is no action called `frobnicate`")
	_, err = o.slack.PostMessage("U0OPERATOR", direct, "", "poke web1 because asked")
	o.must(err)
	o.shows(direct, 1, store.Succeeded)
	if run := o.awaitRun(1, func(store.Run) bool { return true }); run.Origin != store.DM {
		t.Errorf("the run is from %s", run.Origin)
	}
}

// A private channel without drover cannot take the card; whoever asked there gets it as a direct message.
func TestASlashCommandWhereDroverIsNot(t *testing.T) {
	o := openOffice(t)
	for i, channel := range []string{hidden, outside} {
		if answer := o.slash("U0OPERATOR", channel, "poke web1"); answer != "" {
			t.Fatalf("the answer is %q", answer)
		}
		o.shows(o.dm("U0OPERATOR"), i+1, store.Succeeded)
	}
}

// Slack may deliver hours late. What was wanted then may be wrong now, and the person learns that nothing was run.
func TestAnOldEventIsRefusedWithAnAnswer(t *testing.T) {
	o := furnish(t)
	o.must(o.bot.Connect(t.Context()))
	o.mention("U0OPERATOR", ops, "", "poke web1") // nobody listens yet
	o.clock.advance(61 * time.Second)
	o.listen(o.bot)
	_, err := o.slack.Redeliver(t.Context(), "", 3)
	o.must(err)
	o.says(o.whispered("U0OPERATOR", 0).Text, " late", "nothing was run")
	o.nothingRan()
}

// Slack delivers again what was not acked in time. If that comes late, the run made by the first delivery still stands:
// to say now that nothing was run would be wrong.
func TestALateRedeliveryOfAHandledEventIsSilent(t *testing.T) {
	o := openOffice(t)
	o.mention("U0OPERATOR", ops, "", "poke web1")
	o.shows(ops, 1, store.Succeeded)
	o.clock.advance(5 * time.Minute)
	_, err := o.slack.Redeliver(t.Context(), "", 3)
	o.must(err)
	o.mention("U0OPERATOR", ops, "", "frobnicate")
	o.says(o.whispered("U0OPERATOR", 0).Text, "There is no action called `frobnicate`")
	if n := len(o.slack.Ephemerals("U0OPERATOR")); n != 1 {
		t.Errorf("%d private answers, want 1", n)
	}
}

// Whoever becomes a guest or is deactivated is refused from that moment on, without Slack being asked.
func TestUserChangesCountAtOnce(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "peek web1")
	asked := len(o.slack.Calls("users.info"))

	o.must(o.slack.UpdateUser(slacksim.User{ID: "U0OPERATOR", Name: "operator", Restricted: true}))
	o.awaitUser("U0OPERATOR", func(u store.User) bool { return u.Guest })
	o.says(o.slash("U0OPERATOR", ops, "poke web1"), "guests")

	// Slack lets nobody type who is deactivated, so only what was under way can still ask.
	o.must(o.slack.UpdateUser(slacksim.User{ID: "U0OPERATOR", Name: "operator", Deleted: true}))
	o.awaitUser("U0OPERATOR", func(u store.User) bool { return u.Deactivated })
	_, err := o.engine.Submit(t.Context(), executor.Request{Actor: o.actor("U0OPERATOR"), Action: "poke", Selector: []string{"web1"}, Origin: store.Slash})
	if err == nil || !strings.Contains(err.Error(), "deactivated") {
		t.Errorf("a request of somebody deactivated gets %v", err)
	}
	if n := len(o.runs()); n != 1 {
		t.Errorf("%d runs, want 1", n)
	}
	if now := len(o.slack.Calls("users.info")); now != asked {
		t.Errorf("Slack was asked %d times more", now-asked)
	}
}

// awaitUser waits until drover knows somebody as wanted.
func (o *office) awaitUser(id string, wanted func(store.User) bool) {
	o.Helper()
	o.awaitStore(func() error {
		user, err := o.store.User(context.Background(), o.slack.Team().ID, id)
		if err == nil && !wanted(user) {
			err = fmt.Errorf("drover knows %s as %+v", id, user)
		}
		return err
	})
}

// Whoever sees an answer of 20 KiB or more sees nothing: Slack drops such an ack without a word.
func TestALongAnswerArrives(t *testing.T) {
	o := openOffice(t)
	for i := range 120 {
		name := fmt.Sprintf("action-%03d", i)
		o.must(o.store.AddAction(t.Context(), store.Drover, name, "{name: "+name+", role: viewer, description: '"+strings.Repeat("&", 200)+"', run: {linux: [x]}}"))
	}
	for _, verb := range []string{"help", "actions"} {
		response := o.command("U0OPERATOR", ops, verb)
		if response.Message == nil || !strings.Contains(shown(*response.Message), "action-000") || !strings.Contains(shown(*response.Message), "more") {
			t.Errorf("%s: Slack shows %+v (%s)", verb, response.Message, response.Error)
		}
	}
}
