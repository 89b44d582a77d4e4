package bot_test

import (
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"drover/bot/slacksim"
	"drover/store"
)

func TestCancelByItsButton(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "hold web1")
	card := o.begun(1)

	o.click("U0VIEWER", card, "run.cancel")
	o.says(o.whispered("U0VIEWER", 0).Text, "You may not cancel #1")
	if run := o.runs()[0]; run.CancelBy != "" {
		t.Fatalf("%s cancels the run", run.CancelBy)
	}

	o.slack.Fail("chat.update", slacksim.Fault{Status: 503}) // the card goes on showing its button
	o.click("U0ADMIN", card, "run.cancel")
	o.awaitRun(1, func(r store.Run) bool { return r.State.Final() })
	o.click("U0OPERATOR", card, "run.cancel")
	o.says(o.whispered("U0OPERATOR", 0).Text, "There is nothing to cancel any more: #1 was cancelled by <@U0ADMIN>, <!date^")
	o.slack.ClearFaults()
	o.shows(ops, 1, store.Cancelled)
	if run := o.runs()[0]; run.CancelBy != o.actor("U0ADMIN") || run.Targets[0].State != store.TargetCancelled {
		t.Errorf("the run is cancelled by %q with %s", run.CancelBy, run.Targets[0].State)
	}
}

func TestRetryByItsButton(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "wreck web1 db1")
	card := o.shows(ops, 1, store.Failed)

	o.click("U0VIEWER", card, "run.retry")
	o.says(o.whispered("U0VIEWER", 0).Text, "it needs the role operator")
	o.click("U0OUTSIDER", card, "run.retry")
	o.says(o.whispered("U0OUTSIDER", 0).Text, "You have no role in drover")

	o.slack.Fail("chat.update", slacksim.Fault{Status: 503}) // the card goes on showing its button
	o.click("U0ADMIN", card, "run.retry")
	o.click("U0OPERATOR", card, "run.retry")
	o.says(o.whispered("U0OPERATOR", 0).Text, "#1 was retried already. To repeat it once more, retry #2: it was asked for by <@U0ADMIN>, <!date^")
	o.slack.ClearFaults()
	o.shows(ops, 2, store.Failed)
	runs := o.runs()
	if len(runs) != 2 || runs[0].RequestedBy != o.actor("U0ADMIN") || runs[0].Origin != store.Button || *runs[0].RetryOf != runs[1].ID {
		t.Errorf("the runs are %+v", runs)
	}
	o.await("the card without its button", func() bool {
		again, _ := o.slack.Message(ops, card.TS)
		return metadataOf(again).Payload.Version == o.runs()[1].Version
	})
	if _, err := o.slack.Click(t.Context(), "U0OPERATOR", ops, card.TS, "run.retry"); err == nil {
		t.Error("the button is still there")
	}
}

// One click that Slack delivers twice is one retry, and the person reads nothing about a second.
func TestADuplicateClickMakesOneRetry(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "wreck web1")
	o.click("U0OPERATOR", o.shows(ops, 1, store.Failed), "run.retry")
	_, err := o.slack.Duplicate(t.Context())
	o.must(err)
	o.shows(ops, 2, store.Failed)
	o.says(o.slash("U0OPERATOR", ops, "history"), "#2")
	if n := len(o.runs()); n != 2 {
		t.Errorf("%d runs, want 2", n)
	}
	if private := o.slack.Ephemerals("U0OPERATOR"); len(private) != 1 {
		t.Errorf("%d private answers, want only the history", len(private))
	}
}

// One click that Slack delivers twice is one Cancel, and the person reads nothing about a second.
func TestADuplicateClickCancelsOnce(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "hold web1")
	o.click("U0OPERATOR", o.begun(1), "run.cancel")
	_, err := o.slack.Duplicate(t.Context())
	o.must(err)
	o.shows(ops, 1, store.Cancelled)
	o.says(o.slash("U0OPERATOR", ops, "history"), "#1")
	if private := o.slack.Ephemerals("U0OPERATOR"); len(private) != 1 {
		t.Errorf("%d private answers, want only the history: %q", len(private), private[0].Text)
	}
}

// The value of a button comes from the client. A run's id that was copied onto another message is worth nothing.
func TestAClickOnAnotherMessageIsRefused(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "hold web1")
	o.begun(1)
	first := o.runs()[0]
	o.slash("U0OPERATOR", ops, "peek db1")
	second := o.shows(ops, 2, store.Succeeded)

	for i, forge := range []func() slacksim.Message{
		func() slacksim.Message { return o.forged("", first.ID) },
		func() slacksim.Message { return o.forged(second.TS, first.ID) }, // a button of another run on drover's own card
		func() slacksim.Message { return o.forged(second.TS, "") },
	} {
		o.click("U0OPERATOR", forge(), "run.cancel")
		o.says(o.whispered("U0OPERATOR", i).Text, "This button is not one that drover put here")
	}
	if run := o.runs()[1]; run.CancelBy != "" {
		t.Errorf("the run is cancelled by %s", run.CancelBy)
	}
}

// forged puts a Cancel button for a run on a new message, or on one that is there.
func (o *office) forged(ts, runID string) slacksim.Message {
	o.Helper()
	button := slack.NewButtonBlockElement("run.cancel", runID, slack.NewTextBlockObject(slack.PlainTextType, "Cancel", false, false))
	options := []slack.MsgOption{slack.MsgOptionText("x", false), slack.MsgOptionBlocks(slack.NewActionBlock("", button))}
	var err error
	if ts == "" {
		_, ts, err = o.api.PostMessageContext(o.Context(), ops, options...)
	} else {
		_, ts, _, err = o.api.UpdateMessageContext(o.Context(), ops, ts, options...)
	}
	o.must(err)
	m, _ := o.slack.Message(ops, ts)
	return m
}

func TestAnUnknownButtonIsSaidToBeUnknown(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "peek web1")
	card := o.shows(ops, 1, store.Succeeded)
	button := slack.NewButtonBlockElement("run.dance", o.runs()[0].ID, slack.NewTextBlockObject(slack.PlainTextType, "Dance", false, false))
	_, _, _, err := o.api.UpdateMessageContext(t.Context(), ops, card.TS, slack.MsgOptionText("x", false), slack.MsgOptionBlocks(slack.NewActionBlock("", button)))
	o.must(err)
	o.click("U0OPERATOR", card, "run.dance")
	o.says(o.whispered("U0OPERATOR", 0).Text, "does not know that button")
}

func TestContinueByItsButton(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "poke web1 db1 canary=1")
	card := o.shows(ops, 1, store.Paused)
	o.says(shown(card), "The canary `db1` succeeded. Look at it, then continue with `web1`, or stop.", "First db1; the other one after Continue.")
	o.await("the canary's reply", func() bool { return len(o.replies(card)) == 1 })

	o.click("U0VIEWER", card, "run.continue")
	o.says(o.whispered("U0VIEWER", 0).Text, "You may not continue #1")
	o.click("U0OUTSIDER", card, "run.continue")
	o.says(o.whispered("U0OUTSIDER", 0).Text, "You may not continue #1")
	if run := o.runs()[0]; run.State != store.Paused {
		t.Fatalf("the run is %s", run.State)
	}

	o.slack.Fail("chat.update", slacksim.Fault{Status: 503}) // the card goes on showing its buttons
	o.click("U0ADMIN", card, "run.continue")
	o.awaitRun(1, func(r store.Run) bool { return r.State.Final() })
	_, err := o.slack.Duplicate(t.Context()) // Slack delivers it once more: nobody reads of a second
	o.must(err)
	o.click("U0OPERATOR", card, "run.continue")
	o.says(o.whispered("U0OPERATOR", 0).Text, "#1 was continued already, by <@U0ADMIN>, <!date^")
	if private := o.slack.Ephemerals("U0ADMIN"); len(private) > 0 {
		t.Errorf("the admin is told %q", private[0].Text)
	}
	o.slack.ClearFaults()
	card = o.shows(ops, 1, store.Succeeded)
	o.says(shown(card), "continued by <@U0ADMIN>")
	if strings.Contains(shown(card), "run.continue") {
		t.Error("the button is still there")
	}
}

func TestStopByItsButton(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "poke web1 db1 canary=1")
	o.click("U0OPERATOR", o.shows(ops, 1, store.Paused), "run.cancel")
	o.shows(ops, 1, store.Cancelled)
	if n := o.fleet["web1"].Sessions(); n > 0 {
		t.Errorf("%d commands on the server that waited", n)
	}
}
