package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/slack-go/slack"

	"drover/bot/slacksim"
	"drover/executor"
	"drover/store"
)

// openCourt is an office with an action that needs approval, and two people who may give it. Neither has another role.
func openCourt(t *testing.T) *office {
	t.Helper()
	o := furnish(t)
	o.must(o.store.AddAction(t.Context(), store.Drover, "raze", `{name: raze, approvals: 1, run: {linux: [raze, --force]}}`))
	o.must(o.store.AddAction(t.Context(), store.Drover, "raze-twice", `{name: raze-twice, approvals: 2, run: {linux: [raze]}}`))
	o.hire("U0BOB", store.Approver)
	o.hire("U0CAROL", store.Approver)
	o.open()
	return o
}

// modal waits until somebody has a modal before them.
func (o *office) modal(user string) slacksim.View {
	o.Helper()
	o.await("a modal for "+user, func() bool { _, open := o.slack.Modal(user); return open })
	view, _ := o.slack.Modal(user)
	return view
}

func (o *office) revoke(id string, role store.Role) {
	o.Helper()
	_, err := o.store.Revoke(o.Context(), store.Drover, store.Revocation{Subject: o.actor(id), Role: role})
	o.must(err)
}

func (o *office) audit(subject string) []store.AuditEntry {
	o.Helper()
	db, err := sqlx.Open("sqlite3", "file:"+o.store.Path()+"?mode=ro")
	o.must(err)
	defer db.Close()
	entries := []store.AuditEntry{}
	o.must(db.Select(&entries, "SELECT * FROM audit WHERE subject = ? ORDER BY seq", subject))
	return entries
}

func (o *office) send(user string, view slacksim.View, values map[string][]string) slacksim.Response {
	o.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := o.slack.Submit(ctx, user, view.ID, values)
	o.must(err)
	return response
}

// Whoever has stolen the bot token can put anything into a modal that is open, and what it is about with it. Rights are
// those for the run that it then is about, and a run that is none is said to be none.
func TestAForgedModalDeniesNothing(t *testing.T) {
	o := openCourt(t)
	o.grant("U0BOB", store.Operator)
	o.slash("U0BOB", ops, "raze db1")
	o.slash("U0OPERATOR", ops, "raze web1")
	own, waits := o.runs()[1], o.runs()[0]
	o.click("U0BOB", o.shows(ops, 2, store.AwaitingApproval), "run.deny")
	view := o.modal("U0BOB")
	for metadata, says := range map[string]string{
		"": "for no run that drover knows", "nonsense": "for no run that drover knows", "home/": "for no run that drover knows", "home/home/" + waits.ID: "for no run that drover knows",
		"'; DROP TABLE runs; --": "for no run that drover knows", own.ID: "whoever asks for a run needs somebody else", "home/" + own.ID: "whoever asks for a run needs somebody else",
	} {
		o.forgeModal(view, view.CallbackID, metadata)
		response := o.send("U0BOB", view, map[string][]string{"reason": {"no"}})
		o.says(response.FieldErrors["reason"], says)
	}
	o.forgeModal(view, "run.dance", waits.ID)
	o.send("U0BOB", view, map[string][]string{"reason": {"no"}})
	o.says(string(o.modal("U0BOB").Blocks), "does not know that form. Nothing was done.")
	for _, run := range o.runs() {
		if run.State != store.AwaitingApproval {
			t.Errorf("#%d is %s", run.Number, run.State)
		}
	}
	if n := o.refusals("slack/modal")[o.actor("U0BOB")]; n != 5 {
		t.Errorf("%d forged forms are audited, want 5", n)
	}
}

// forgeModal makes another form of one that somebody has before them.
func (o *office) forgeModal(view slacksim.View, callback, metadata string) {
	o.Helper()
	var blocks slack.Blocks
	o.must(json.Unmarshal(view.Blocks, &blocks))
	vote := slack.NewTextBlockObject(slack.PlainTextType, "Vote", false, false)
	_, err := o.api.UpdateViewContext(o.Context(), slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callback, PrivateMetadata: metadata, Blocks: blocks, Title: vote, Submit: vote,
	}, "", "", view.ID)
	o.must(err)
}

// refusals are the wrong clicks in the audit log, by who it was.
func (o *office) refusals(subject string) map[store.Actor]int {
	o.Helper()
	counts := map[store.Actor]int{}
	for _, e := range o.audit(subject) {
		if e.Event == "request.refused" {
			counts[e.Actor]++
		}
	}
	return counts
}

func TestApproveByItsButton(t *testing.T) {
	o := openCourt(t)
	o.slash("U0OPERATOR", ops, "raze web1 because *the lease* is over")
	card := o.shows(ops, 1, store.AwaitingApproval)
	o.says(shown(card), ":raised_hand: *raze* on `web1` waits for approval · 0 of 1", "<@U0OPERATOR> asks because *the lease* is over.\\n<@U0BOB> <@U0CAROL>: approve or deny until <!date",
		"raze --force", "run.approve", "run.deny", "run.cancel", "Approve #1?")

	for user, why := range map[string]string{
		"U0OPERATOR": "whoever asks for a run needs somebody else to approve it", "U0VIEWER": "it needs the role approver",
		"U0ADMIN": "it needs the role approver", "U0OUTSIDER": "You have no role",
	} {
		o.click(user, card, "run.approve")
		o.says(o.whispered(user, 0).Text, why)
		o.click(user, card, "run.deny")
		o.says(o.whispered(user, 1).Text, why)
		if _, open := o.slack.Modal(user); open {
			t.Errorf("%s is asked why", user)
		}
		if n := o.refusals("run/1")[o.actor(user)]; n != 2 {
			t.Errorf("%d wrong clicks of %s are audited, want 2", n, user)
		}
	}
	if run := o.runs()[0]; run.State != store.AwaitingApproval || o.razed.Load() > 0 {
		t.Fatalf("it is %s after %d commands", run.State, o.razed.Load())
	}

	o.slack.Fail("chat.update", slacksim.Fault{Status: 503}) // the card goes on showing its buttons
	o.click("U0BOB", card, "run.approve")
	o.awaitRun(1, func(r store.Run) bool { return r.State.Final() })
	o.click("U0CAROL", card, "run.approve")
	o.says(o.whispered("U0CAROL", 0).Text, "There is nothing to decide any more: #1 was approved by <@U0BOB>, <!date")
	o.click("U0CAROL", card, "run.deny")
	o.says(o.whispered("U0CAROL", 1).Text, "#1 was approved by <@U0BOB>")
	if n := o.refusals("run/1")[o.actor("U0CAROL")]; n != 2 {
		t.Errorf("%d late clicks are audited, want 2", n)
	}
	o.slack.ClearFaults()
	card = o.shows(ops, 1, store.Succeeded)
	o.says(shown(card), "approved by <@U0BOB>")
	for _, gone := range []string{"run.approve", "run.deny", "run.cancel"} {
		if strings.Contains(shown(card), gone) {
			t.Errorf("the card still has %s", gone)
		}
	}
	if n := o.razed.Load(); n != 1 {
		t.Errorf("%d commands", n)
	}
}

func TestDenyAsksWhy(t *testing.T) {
	o := openCourt(t)
	o.slash("U0OPERATOR", ops, "raze web1")
	card := o.shows(ops, 1, store.AwaitingApproval)
	o.click("U0BOB", card, "run.deny")
	view := o.modal("U0BOB")
	if view.CallbackID != "run.deny" || !strings.Contains(string(view.Blocks), "raze web1") {
		t.Errorf("the modal %s shows %s", view.CallbackID, view.Blocks)
	}
	response := o.send("U0BOB", view, map[string][]string{"reason": {" \n "}})
	if why := response.FieldErrors["reason"]; !strings.Contains(why, "Say why") {
		t.Fatalf("at the field: %q", why)
	}
	o.click("U0CAROL", card, "run.deny")
	late := o.modal("U0CAROL")

	o.send("U0BOB", view, map[string][]string{"reason": {"the backup\nis *running* <!channel>"}})
	card = o.shows(ops, 1, store.Denied)
	o.says(shown(card), ":no_entry_sign: *raze* on `web1` *was not run*: the backup is *running* &lt;!channel&gt;", "denied by <@U0BOB>")
	if strings.Contains(shown(card), "run.approve") {
		t.Error("the card still has its buttons")
	}
	response = o.send("U0CAROL", late, map[string][]string{"reason": {"me too"}})
	if why := response.FieldErrors["reason"]; !strings.Contains(why, "#1 was denied by u0bob at ") || strings.ContainsAny(why, "<>`") {
		t.Errorf("at the field of the late one: %q", why)
	}
	if n := o.razed.Load(); n > 0 {
		t.Errorf("%d commands", n)
	}
}

// Slack gives three seconds to open a modal. Who comes too late is told the other way.
func TestAModalThatDoesNotOpen(t *testing.T) {
	o := openCourt(t)
	o.slash("U0OPERATOR", ops, "raze web1")
	card := o.shows(ops, 1, store.AwaitingApproval)
	o.slack.Fail("views.open", slacksim.Fault{Times: 1, Error: "expired_trigger_id"})
	o.click("U0BOB", card, "run.deny")
	o.says(o.whispered("U0BOB", 0).Text, "Slack did not open the form. Type `deny 1 because …` instead.")
}

// Rights are those of the click, and of the modal's end.
func TestWhoLostTheGrantInTheModalDeniesNothing(t *testing.T) {
	o := openCourt(t)
	o.slash("U0OPERATOR", ops, "raze web1")
	o.click("U0BOB", o.shows(ops, 1, store.AwaitingApproval), "run.deny")
	view := o.modal("U0BOB")
	o.revoke("U0BOB", store.Approver)
	response := o.send("U0BOB", view, map[string][]string{"reason": {"no"}})
	if why := response.FieldErrors["reason"]; !strings.Contains(why, "You have no role") {
		t.Errorf("at the field: %q", why)
	}
	if run := o.runs()[0]; run.State != store.AwaitingApproval {
		t.Errorf("it is %s", run.State)
	}
}

func TestApprovalsAsWords(t *testing.T) {
	o := openCourt(t)
	o.says(o.slash("U0BOB", ops, "pending"), "Nothing waits for approval or review.")
	o.slash("U0OPERATOR", ops, "raze-twice web1 because <b>")
	o.slash("U0OPERATOR", ops, "raze db1")
	o.shows(ops, 2, store.AwaitingApproval)
	o.says(o.slash("U0BOB", ops, "pending"), "*Waits for you*", "• #1 raze-twice web1 · <@U0OPERATOR> · 0 of 2 · until <!date", "because &lt;b&gt;", "• #2 raze db1")
	o.says(o.slash("U0OPERATOR", ops, "pending"), "*Waits for others*\n• #1")
	o.says(o.slash("U0OUTSIDER", ops, "pending"), "You have no role")
	o.says(o.slash("U0VIEWER", ops, "show 1"), "waits for approval · 0 of 2", "<@U0OPERATOR> asks because &lt;b&gt;", "2 of you approve, or one of you denies")
	o.says(o.slash("U0BOB", ops, "help"), "`approve 42`", "`deny 42 because …`")
	if help := o.slash("U0BOB", ops, "help"); strings.Contains(help, "`history`") {
		t.Errorf("the help of who is only an approver shows what they may not do:\n%s", help)
	}
	if help := o.slash("U0VIEWER", ops, "help"); strings.Contains(help, "`approve 42`") {
		t.Errorf("a viewer's help shows it:\n%s", help)
	}

	o.says(o.slash("U0BOB", ops, "approve 1"), "You have approved #1. It has 1 of 2 approvals.")
	o.says(o.slash("U0BOB", ops, "approve #1"), "You have said yes to #1, and it waits for others: it was approved by <@U0BOB>")
	o.says(o.slash("U0BOB", ops, "pending"), "*Waits for you*: `approve 42` or `deny 42 because …`\n• #2", "*Waits for others*\n• #1 raze-twice web1 · <@U0OPERATOR> · 1 of 2")
	o.says(o.slash("U0CAROL", ops, "approve 1"), ":white_check_mark: #1 is approved, and begins.")
	o.says(o.slash("U0CAROL", ops, "deny 2"), "Say why: `deny 2 because …`. Nothing was done.")
	o.says(o.slash("U0CAROL", ops, "deny 2 because it is noon"), ":no_entry_sign: #2 is denied. Nothing was run.")
	o.says(o.slash("U0BOB", ops, "approve 2"), "#2 was denied by <@U0CAROL>")
	for text, want := range map[string]string{
		"approve": "Say which run by its number", "approve web1": "Say which run by its number", "approve 1 2": "Say which run", "deny because no": "Say which run",
		"approve 99": "There is no run #99", "deny 99 because no": "There is no run #99",
	} {
		o.says(o.slash("U0BOB", ops, text), want)
	}
	o.says(o.slash("U0OPERATOR", ops, "approve 1"), "whoever asks for a run needs somebody else")
	o.says(shown(o.shows(ops, 1, store.Succeeded)), "approved by <@U0BOB> <@U0CAROL>")
	o.says(shown(o.shows(ops, 2, store.Denied)), "it is noon", "denied by <@U0CAROL>")
}

// One click that Slack delivers twice is one approval, and the person reads nothing about a second.
func TestADuplicateClickIsOneApproval(t *testing.T) {
	o := openCourt(t)
	o.slash("U0OPERATOR", ops, "raze-twice web1")
	card := o.shows(ops, 1, store.AwaitingApproval)
	for _, user := range []string{"U0BOB", "U0CAROL"} {
		o.click(user, card, "run.approve")
		_, err := o.slack.Duplicate(t.Context())
		o.must(err)
	}
	o.shows(ops, 1, store.Succeeded)
	for _, user := range []string{"U0BOB", "U0CAROL"} {
		if n := len(o.slack.Ephemerals(user)); n > 0 {
			t.Errorf("%s reads: %s", user, o.slack.Ephemerals(user)[0].Text)
		}
	}
	if run := o.runs()[0]; len(run.Approvals) != 2 || o.razed.Load() != 1 {
		t.Errorf("%d approvals, %d commands", len(run.Approvals), o.razed.Load())
	}
}

// The value of a button comes from the client: the id of another run is worth nothing.
func TestAnApprovalOnAnotherMessageIsRefused(t *testing.T) {
	o := openCourt(t)
	o.slash("U0OPERATOR", ops, "raze web1")
	o.shows(ops, 1, store.AwaitingApproval)
	o.slash("U0OPERATOR", ops, "peek db1")
	card := o.shows(ops, 2, store.Succeeded)
	for i, id := range []string{"run.approve", "run.deny"} {
		button := slack.NewButtonBlockElement(id, o.runs()[1].ID, slack.NewTextBlockObject(slack.PlainTextType, "x", false, false))
		_, _, _, err := o.api.UpdateMessageContext(t.Context(), ops, card.TS, slack.MsgOptionText("x", false), slack.MsgOptionBlocks(slack.NewActionBlock("", button)))
		o.must(err)
		o.click("U0BOB", card, id)
		o.says(o.whispered("U0BOB", i).Text, "This button is not one that drover put here")
	}
	if run := o.runs()[1]; run.State != store.AwaitingApproval {
		t.Errorf("it is %s", run.State)
	}
}

// What is asked for where no colleague reads goes to DROVER_CHANNEL, and the person is told.
func TestApprovalIsAskedForInTheOpen(t *testing.T) {
	o := openCourt(t)
	direct := o.dm("U0OPERATOR")
	o.says(o.slash("U0OPERATOR", direct, "raze web1"), "Nobody would see that `raze` waits for approval", "DROVER_CHANNEL")
	o.must(o.store.SetSetting(t.Context(), store.Drover, store.SettingChannel, ops))

	o.says(o.slash("U0OPERATOR", direct, "raze web1"), "#1 waits for approval", "<#"+ops+">")
	o.shows(ops, 1, store.AwaitingApproval)
	_, err := o.slack.PostMessage("U0OPERATOR", direct, "", "raze web1")
	o.must(err)
	o.shows(ops, 2, store.AwaitingApproval)
	o.await("the answer", func() bool { return len(o.slack.Messages(direct)) == 2 })
	o.says(o.slack.Messages(direct)[1].Text, "#2 waits for approval", "<#"+ops+">")
	o.says(o.slash("U0OPERATOR", hidden, "raze web1"), "#3 waits for approval", "<#"+ops+">") // drover is not in there
	o.click("U0BOB", o.shows(ops, 3, store.AwaitingApproval), "run.approve")
	o.shows(ops, 3, store.Succeeded)
	if n := len(o.cards(direct)); n > 0 {
		t.Errorf("%d cards where nobody sees them", n)
	}
}

// A channel that drover was thrown out of meanwhile.
func TestAnApprovalThatCannotBePostedGoesToTheChannel(t *testing.T) {
	o := openCourt(t)
	o.must(o.store.SetSetting(t.Context(), store.Drover, store.SettingChannel, ops))
	o.must(o.store.SaveChannel(t.Context(), store.Channel{ID: outside, Visible: true}))
	o.slash("U0OPERATOR", outside, "raze web1")
	o.click("U0BOB", o.shows(ops, 1, store.AwaitingApproval), "run.approve")
	o.shows(ops, 1, store.Succeeded)
}

func TestTheCardOfARunThatNobodyApproved(t *testing.T) {
	o := openCourt(t)
	o.slash("U0OPERATOR", ops, "raze web1")
	o.shows(ops, 1, store.AwaitingApproval)
	o.clock.advance(time.Hour + time.Second)
	card := o.shows(ops, 1, store.Expired)
	o.says(shown(card), "*expired*: it was not approved within 1h", "run.retry")
	if strings.Contains(shown(card), "run.approve") {
		t.Error("the card still has its buttons")
	}
}

// Cancel is for who asked, and works while the run waits.
func TestCancelWhileItWaits(t *testing.T) {
	o := openCourt(t)
	o.slash("U0OPERATOR", ops, "raze web1")
	card := o.shows(ops, 1, store.AwaitingApproval)
	o.click("U0BOB", card, "run.cancel")
	o.says(o.whispered("U0BOB", 0).Text, "You may not cancel #1")
	o.click("U0OPERATOR", card, "run.cancel")
	o.shows(ops, 1, store.Cancelled)
	o.says(o.slash("U0BOB", ops, "approve 1"), "#1 was cancelled by <@U0OPERATOR>")
	if n := o.razed.Load(); n > 0 {
		t.Errorf("%d commands", n)
	}
}

// The void is told to who pressed, and to everybody on the card.
func TestAChangedPlanIsVoid(t *testing.T) {
	o := openCourt(t)
	o.slash("U0OPERATOR", ops, "raze web1")
	card := o.shows(ops, 1, store.AwaitingApproval)
	o.must(o.store.EditAction(t.Context(), store.Drover, "raze", `{name: raze, approvals: 1, run: {linux: [raze, everything]}}`))
	o.click("U0BOB", card, "run.approve")
	o.says(o.whispered("U0BOB", 0).Text, "#1 was not approved, and is void: `raze` was edited since this run was asked for.")
	o.says(shown(o.shows(ops, 1, store.Denied)), "`raze` was edited since this run was asked for")
}

// Many people press at the same moment, by button and by word: it runs once, and everybody hears the same story.
func TestRaceOfApproversInSlack(t *testing.T) {
	o := openCourt(t)
	var users []string
	for i := range 6 {
		users = append(users, fmt.Sprintf("U0JUROR%d", i))
		o.hire(users[i], store.Approver)
	}
	o.slash("U0OPERATOR", ops, "raze web1")
	card := o.shows(ops, 1, store.AwaitingApproval)
	o.slack.Fail("chat.update", slacksim.Fault{Status: 503})
	done := make(chan error)
	for _, user := range users {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			_, err := o.slack.Click(ctx, user, ops, card.TS, "run.approve")
			done <- err
		}()
	}
	for range users {
		o.must(<-done)
	}
	o.awaitRun(1, func(r store.Run) bool { return r.State.Final() })
	winner := o.runs()[0].Approvals[0].Actor
	_, id, _ := winner.Slack()
	for _, user := range users {
		if user != id {
			o.says(o.whispered(user, 0).Text, "#1 was approved by <@"+id+">")
		}
	}
	if n := o.razed.Load(); n != 1 || len(o.runs()[0].Approvals) != 1 {
		t.Errorf("%d commands by %d approvals", n, len(o.runs()[0].Approvals))
	}
}

// Who approves can read all that would run, without a terminal: what the card has no room for is a file in its thread.
func TestALongCommandIsAFileInTheThread(t *testing.T) {
	o := openCourt(t)
	o.slash("U0OPERATOR", ops, "reboot web1 because a new kernel waits")
	card := o.shows(ops, 1, store.AwaitingApproval)
	o.says(shown(card), "more lines: see the file in the thread, or `drover show 1 --plan`")
	o.await("the file", func() bool { return len(o.replies(card)) == 1 })
	reply := o.replies(card)[0]
	content, _ := o.slack.File(reply.Files[0].ID)
	plan, err := executor.PlanOf(o.runs()[0])
	o.must(err)
	if want := "# on web1 as root\n" + plan.Commands()[0].Text + "\n"; string(content) != want {
		t.Errorf("the file has\n%s\nand not what would run:\n%s", content, want)
	}
	o.slash("U0OPERATOR", ops, "raze web1 because it is short")
	short := o.shows(ops, 2, store.AwaitingApproval)
	o.click("U0BOB", short, "run.approve")
	o.shows(ops, 2, store.Succeeded)
	if slices.ContainsFunc(o.replies(short), func(m slacksim.Message) bool { return len(m.Files) > 0 }) {
		t.Error("what the card has room for is in a file, too")
	}
}
