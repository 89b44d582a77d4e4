package bot_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"drover/bot/slacksim"
	"drover/executor"
	"drover/store"
)

func TestAnUnknownPersonCostsOneQuestion(t *testing.T) {
	o := openOffice(t)
	o.hire("U0NEW", store.Viewer)
	o.must(o.slack.AddChannel(slacksim.Channel{ID: "C0NEW", Name: "new", Members: []string{"U0NEW", o.slack.BotUserID()}}))
	for range 3 {
		o.slash("U0NEW", "C0NEW", "list")
	}
	if people, channels := len(o.slack.Calls("users.info")), len(o.slack.Calls("conversations.info")); people != 1 || channels != 1 {
		t.Errorf("Slack was asked %d times for the person and %d times for the channel, want 1 and 1", people, channels)
	}
}

// Slack shows an error after 3 s; an answer that does not come within one leaves time to refuse.
func TestASlowAnswerAboutAPersonIsARefusal(t *testing.T) {
	o := openOffice(t)
	o.hire("U0NEW", store.Operator)
	o.slack.Fail("users.info", slacksim.Fault{Times: 1, Delay: 2500 * time.Millisecond})
	response := o.command("U0NEW", ops, "poke web1")
	if response.Error != "" || response.Message == nil {
		t.Fatalf("Slack says %q after %s", response.Error, response.Took)
	}
	o.says(response.Message.Text, "could not ask Slack who you are", "nothing was run")
	if response.Took < 900*time.Millisecond || response.Took > 2*time.Second {
		t.Errorf("the answer took %s, want about 1 s", response.Took)
	}
	o.nothingRan()
	o.slash("U0NEW", ops, "peek web1") // the next attempt asks again
	o.shows(ops, 1, store.Succeeded)
}

func TestWhenSlackCannotTellOfSomebodyNothingRuns(t *testing.T) {
	o := openOffice(t)
	n := 0
	for method, want := range map[string]string{"users.info": "could not ask Slack who you are", "conversations.info": "could not ask Slack about this channel"} {
		for name, fault := range map[string]slacksim.Fault{
			"503": {Status: 503}, "429": {Status: 429, RetryAfter: time.Minute}, "no answer": {LoseAnswer: true}, "error": {Error: "fatal_error"},
		} {
			t.Run(method+" "+name, func(t *testing.T) {
				n++
				person, channel := fmt.Sprint("U0NEW", n), fmt.Sprint("C0NEW", n)
				o.hire(person, store.Operator)
				o.must(o.slack.AddChannel(slacksim.Channel{ID: channel, Name: "new", Members: []string{person, o.slack.BotUserID()}}))
				o.slack.Fail(method, fault)
				defer o.slack.ClearFaults()
				o.says(o.slash(person, channel, "poke web1"), want, "nothing was run")
			})
		}
	}
	o.nothingRan()
}

// drover works without the right to ask about channels, and says in its log what it cannot tell then.
func TestWithoutTheRightToAskAboutChannels(t *testing.T) {
	o := openOffice(t)
	o.must(o.slack.AddChannel(slacksim.Channel{ID: "C0NEW", Name: "new", Members: []string{"U0OPERATOR", o.slack.BotUserID()}}))
	o.slack.Fail("conversations.info", slacksim.Fault{Error: "missing_scope"})
	o.slash("U0OPERATOR", "C0NEW", "poke web1")
	o.shows("C0NEW", 1, store.Succeeded)
	o.says(o.log.text(), "cannot tell whether a channel is shared")
}

// What is known without asking is answered at once, however slow Slack's Web API is: the ack waits for no call.
func TestNothingSlowComesBeforeTheAck(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "peek web1")
	card := o.shows(ops, 1, store.Succeeded)
	forged := o.forged(card.TS, o.runs()[0].ID)
	o.slack.Fail("*", slacksim.Fault{Delay: 1500 * time.Millisecond})
	defer o.slack.ClearFaults()
	for _, text := range []string{"help", "list", "history", "poke web1", "poke nowhere"} {
		if took := o.command("U0OPERATOR", ops, text).Took; took > time.Second {
			t.Errorf("the ack of %q took %s", text, took)
		}
	}
	response, err := o.slack.Click(t.Context(), "U0VIEWER", ops, forged.TS, "run.cancel")
	o.must(err)
	if response.Took > time.Second {
		t.Errorf("the ack of a click took %s", response.Took)
	}
	o.mention("U0OPERATOR", ops, "", "frobnicate")
	took, err := o.slack.Redeliver(t.Context(), "", 1)
	o.must(err)
	if took > time.Second {
		t.Errorf("the ack of a mention took %s", took)
	}
}

// What became of somebody while drover was away counts from their first word on, and so does that Slack cannot tell.
func TestWhoeverChangedWhileDroverWasAwayIsAskedAbout(t *testing.T) {
	for name, c := range map[string]struct {
		fault      slacksim.Fault
		restricted bool
		want       string
	}{
		"guest":     {restricted: true, want: "drover takes no requests from guests"},
		"gone":      {fault: slacksim.Fault{Error: "user_not_found"}, want: "drover takes no requests from deactivated accounts"},
		"invisible": {fault: slacksim.Fault{Error: "user_not_visible"}, want: "drover takes no requests from deactivated accounts"},
		"no answer": {fault: slacksim.Fault{Status: 503}, want: "could not ask Slack who you are"},
	} {
		t.Run(name, func(t *testing.T) {
			o := furnish(t)
			o.must(o.slack.UpdateUser(slacksim.User{ID: "U0OPERATOR", Name: "operator", Restricted: c.restricted}))
			o.restarted()
			o.open()
			if c.fault != (slacksim.Fault{}) {
				o.slack.Fail("users.info", c.fault)
			}
			o.says(o.slash("U0OPERATOR", ops, "poke web1"), c.want)
			o.nothingRan()
		})
	}
}

// Nothing begins by itself before Slack has told of everybody on whose rights it rests.
func TestRunsWaitForWhatSlackSaysOfWhoAsked(t *testing.T) {
	o := furnish(t)
	o.must(o.bot.Connect(t.Context()))
	_, err := o.engine.Submit(t.Context(), executor.Request{Actor: o.actor("U0OPERATOR"), Action: "poke", Selector: []string{"web1"}, Origin: store.Slash, Channel: ops})
	o.must(err)
	o.must(o.slack.UpdateUser(slacksim.User{ID: "U0OPERATOR", Name: "operator", Restricted: true}))
	o.restarted()
	o.must(o.bot.Connect(t.Context()))
	o.slack.Fail("users.info", slacksim.Fault{Times: 1, Error: "fatal_error"})
	o.must(o.bot.MeetAgain(t.Context()))
	o.says(o.log.text(), "runs and schedules of people wait", "ask about U0OPERATOR: fatal_error")
	operator, err := o.store.User(t.Context(), o.slack.Team().ID, "U0OPERATOR")
	o.must(err)
	if n := len(o.slack.Calls("users.info")); n != 2 || !operator.Guest {
		t.Errorf("Slack was asked %d times and drover knows %+v, want 2 times, and about nobody else", n, operator)
	}
}

// A stop does not wait for an answer that does not come.
func TestMeetingEndsWithDrover(t *testing.T) {
	o := furnish(t)
	o.must(o.bot.Connect(t.Context()))
	o.must(o.store.LinkLogin(t.Context(), store.Drover, "root", o.actor("U0ADMIN")))
	o.restarted()
	o.must(o.bot.Connect(t.Context()))
	o.slack.Fail("users.info", slacksim.Fault{Status: 503})
	ctx, cancel := context.WithCancel(t.Context())
	met := make(chan error)
	go func() { met <- o.bot.MeetAgain(ctx) }()
	o.await("a question", func() bool { return len(o.slack.Calls("users.info")) > 0 })
	cancel()
	o.must(<-met)
	if admin, err := o.store.User(context.Background(), o.slack.Team().ID, "U0ADMIN"); err != nil || admin.Known() {
		t.Errorf("drover claims to have met somebody of whom Slack told nothing: %+v %v", admin, err)
	}
}

// Every few minutes Slack is asked about everybody again. One whom Slack does not know any more hides no other.
func TestRefresh(t *testing.T) {
	o := openOffice(t)
	o.must(o.store.SaveUser(t.Context(), store.User{TeamID: o.slack.Team().ID, SlackID: "U00NOBODY"}))
	o.must(o.store.SaveUser(t.Context(), store.User{TeamID: o.slack.Team().ID, SlackID: "U0VIEWER", Guest: true}))
	o.must(o.store.SaveChannel(t.Context(), store.Channel{ID: "C00GONE", Visible: true}))
	o.must(o.store.SaveChannel(t.Context(), store.Channel{ID: ops})) // as if drover had not been in it
	o.slack.Fail("users.info", slacksim.Fault{Times: 1, Status: 429, RetryAfter: time.Second})
	o.must(o.bot.RefreshNow(t.Context()))
	nobody, err := o.store.User(t.Context(), o.slack.Team().ID, "U00NOBODY")
	o.must(err)
	if !nobody.Deactivated {
		t.Error("whom Slack does not know any more is not taken for deactivated")
	}
	viewer, err := o.store.User(t.Context(), o.slack.Team().ID, "U0VIEWER")
	o.must(err)
	channel, err := o.store.Channel(t.Context(), ops)
	o.must(err)
	gone, err := o.store.Channel(t.Context(), "C00GONE")
	o.must(err)
	if viewer.Guest || viewer.Name != "viewer" || !channel.Visible || gone.Visible {
		t.Errorf("after the refresh drover knows %+v, %+v and %+v", viewer, channel, gone)
	}
}
