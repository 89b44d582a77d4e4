package slacksim_test

import (
	"context"
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"drover/bot/slacksim"
)

// connect runs slack-go's own Socket Mode client until the test ends.
func connect(t *testing.T, s *slacksim.Server) (*slack.Client, *socketmode.Client) {
	t.Helper()
	api := slack.New(s.BotToken(), slack.OptionAPIURL(s.APIURL()), slack.OptionAppLevelToken(s.AppToken()))
	client := socketmode.New(api)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = client.RunContext(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
	waitFor(t, client, socketmode.EventTypeHello)
	return api, client
}

// waitFor reads slack-go's events until one of a type comes.
func waitFor(t *testing.T, client *socketmode.Client, kind socketmode.EventType) socketmode.Event {
	t.Helper()
	ctx := soon(t)
	for {
		select {
		case e := <-client.Events:
			switch e.Type {
			case kind:
				return e
			case socketmode.EventTypeErrorBadMessage, socketmode.EventTypeConnectionError:
				t.Fatalf("slack-go reports %s: %+v", e.Type, e.Data)
			}
		case <-ctx.Done():
			t.Fatalf("no %s event", kind)
		}
	}
}

func TestSlackGoSlashCommandPostUpdate(t *testing.T) {
	s := start(t)
	api, client := connect(t, s)

	result := slash(t, s, `update @bob #ops web1.example.com "a & b"`)
	e := waitFor(t, client, socketmode.EventTypeSlashCommand)
	cmd := e.Data.(slack.SlashCommand)
	want := `update <@U2BOB|bob> <#C1OPS|ops> <http://web1.example.com|web1.example.com> "a &amp; b"`
	if cmd.Text != want || cmd.UserID != "U1ANN" || cmd.ChannelID != "C1OPS" || cmd.TeamID != "T01DROVER" || cmd.APIAppID != s.AppID() {
		t.Errorf("got %+v", cmd)
	}
	client.Ack(*e.Request, map[string]any{"text": "on it"})
	r := <-result
	if r.Error != "" || r.Message == nil || r.Message.Text != "on it" || r.Message.To != "U1ANN" {
		t.Errorf("response %+v", r)
	}

	section := slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", "*running*", false, false), nil, nil)
	button := slack.NewButtonBlockElement("run.cancel", "id", slack.NewTextBlockObject("plain_text", "Cancel", true, false))
	_, ts, err := api.PostMessage("C1OPS", slack.MsgOptionText("running", false),
		slack.MsgOptionBlocks(section, slack.NewActionBlock("", button)),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "drover_run", EventPayload: map[string]any{"run": 42}}))
	must(t, err)
	_, _, _, err = api.UpdateMessage("C1OPS", ts, slack.MsgOptionText("done", false))
	must(t, err)
	m, _ := s.Message("C1OPS", ts)
	if m.Text != "done" || m.Blocks != nil || m.Version != 2 || len(m.Metadata) == 0 {
		t.Errorf("after chat.update: %+v", m)
	}
	history, err := api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C1OPS", IncludeAllMetadata: true})
	must(t, err)
	if len(history.Messages) != 1 || history.Messages[0].Metadata.EventType != "drover_run" {
		t.Errorf("history %+v", history.Messages)
	}
}

func TestSlackGoClickOpensModalAndSubmits(t *testing.T) {
	s := start(t)
	api, client := connect(t, s)
	button := slack.NewButtonBlockElement("run.deny", "42", slack.NewTextBlockObject("plain_text", "Deny", true, false))
	_, ts, err := api.PostMessage("C1OPS", slack.MsgOptionText("approve?", false), slack.MsgOptionBlocks(slack.NewActionBlock("b1", button)))
	must(t, err)

	go func() {
		if _, err := s.Click(soon(t), "U1ANN", "C1OPS", ts, "run.deny"); err != nil {
			t.Error(err)
		}
	}()
	e := waitFor(t, client, socketmode.EventTypeInteractive)
	click := e.Data.(slack.InteractionCallback)
	action := click.ActionCallback.BlockActions[0]
	if action.ActionID != "run.deny" || action.Value != "42" || action.BlockID != "b1" || click.Message.Timestamp != ts {
		t.Errorf("click %+v", click)
	}
	client.Ack(*e.Request)
	input := slack.NewPlainTextInputBlockElement(nil, "reason")
	_, err = api.OpenView(click.TriggerID, slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: "run.deny", Title: slack.NewTextBlockObject("plain_text", "Deny", false, false),
		Submit: slack.NewTextBlockObject("plain_text", "Deny", false, false),
		Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewInputBlock("why", slack.NewTextBlockObject("plain_text", "Why", false, false), nil, input)}},
	})
	must(t, err)

	modal, _ := s.Modal("U1ANN")
	done := make(chan slacksim.Response, 1)
	go func() {
		r, err := s.Submit(soon(t), "U1ANN", modal.ID, map[string][]string{"reason": {"not now"}})
		if err != nil {
			t.Error(err)
		}
		done <- r
	}()
	e = waitFor(t, client, socketmode.EventTypeInteractive)
	sub := e.Data.(slack.InteractionCallback)
	if got := sub.View.State.Values["why"]["reason"].Value; got != "not now" || sub.View.CallbackID != "run.deny" {
		t.Errorf("submitted %q in %+v", got, sub.View)
	}
	client.Ack(*e.Request, slack.NewErrorsViewSubmissionResponse(map[string]string{"why": "longer, please"}))
	if r := <-done; r.FieldErrors["why"] != "longer, please" {
		t.Errorf("response %+v", r)
	}
	if _, open := s.Modal("U1ANN"); !open {
		t.Error("the modal closed in spite of the errors")
	}
}

func TestSlackGoUpload(t *testing.T) {
	s := start(t)
	api := slack.New(s.BotToken(), slack.OptionAPIURL(s.APIURL()))
	ts := post(t, s, map[string]string{"channel": "C1OPS", "text": "card"})
	content := strings.Repeat("line\n", 1000)
	f, err := api.UploadFile(slack.UploadFileParameters{
		Filename: "out.txt", Title: "Output", Content: content, FileSize: len(content), Channel: "C1OPS", ThreadTimestamp: ts,
	})
	must(t, err)
	if data, ok := s.File(f.ID); !ok || string(data) != content {
		t.Errorf("stored %d bytes, %v", len(data), ok)
	}
	thread := s.Thread("C1OPS", ts)
	if len(thread) != 2 || len(thread[1].Files) != 1 || thread[1].Files[0].Title != "Output" {
		t.Errorf("thread %+v", thread)
	}
}

func TestSlackGoEvents(t *testing.T) {
	s := start(t)
	_, client := connect(t, s)
	dm, err := s.OpenDM("U1ANN")
	must(t, err)

	next := func() any {
		t.Helper()
		e := waitFor(t, client, socketmode.EventTypeEventsAPI)
		client.Ack(*e.Request)
		return e.Data.(slackevents.EventsAPIEvent).InnerEvent.Data
	}
	ts, err := s.PostMessage("U1ANN", "C1OPS", "", "@drover ping web1")
	must(t, err)
	mention := next().(*slackevents.AppMentionEvent)
	if mention.TimeStamp != ts || mention.Text != "<@"+s.BotUserID()+"> ping web1" || mention.User != "U1ANN" || mention.Channel != "C1OPS" {
		t.Errorf("app_mention %+v", mention)
	}
	_, err = s.PostMessage("U1ANN", dm, "", "ping web1")
	must(t, err)
	if m := next().(*slackevents.MessageEvent); m.ChannelType != "im" || m.Text != "ping web1" || m.Channel != dm {
		t.Errorf("message.im %+v", m)
	}
	must(t, s.OpenHome("U1ANN"))
	if h := next().(*slackevents.AppHomeOpenedEvent); h.Tab != "home" || h.User != "U1ANN" {
		t.Errorf("app_home_opened %+v", h)
	}
	must(t, s.UpdateUser(slacksim.User{ID: "U2BOB", Name: "bob", Deleted: true}))
	if u := next().(*slackevents.UserChangeEvent); !u.User.Deleted || u.User.ID != "U2BOB" {
		t.Errorf("user_change %+v", u)
	}
	must(t, s.SetUserGroup(slacksim.UserGroup{ID: "S1OPS", Handle: "ops", Members: []string{"U1ANN"}}))
	must(t, s.SetUserGroup(slacksim.UserGroup{ID: "S1OPS", Handle: "ops", Members: []string{"U2BOB"}}))
	if g := next().(*slackevents.SubteamUpdatedEvent); g.Subteam.ID != "S1OPS" {
		t.Errorf("subteam_updated %+v", g)
	}
	if g := next().(*slackevents.SubteamMembersChangedEvent); len(g.AddedUsers) != 1 || len(g.RemovedUsers) != 1 {
		t.Errorf("subteam_members_changed %+v", g)
	}
}

func TestSlackGoReconnectsOnDisconnect(t *testing.T) {
	s := start(t)
	_, client := connect(t, s)
	for _, misfortune := range []func(){
		func() { s.Disconnect("warning") }, func() { s.Disconnect("refresh_requested") },
		func() { s.Disconnect("link_disabled") }, s.DropConnections,
	} {
		misfortune()
		waitFor(t, client, socketmode.EventTypeHello)
	}
	result := slash(t, s, "help")
	client.Ack(*waitFor(t, client, socketmode.EventTypeSlashCommand).Request)
	if r := <-result; r.Error != "" || r.Payload != nil {
		t.Errorf("response %+v", r)
	}
}
