package slacksim_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"drover/bot/slacksim/pagetest"
)

const keyDown = kb.ArrowDown

func focus(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Evaluate[bool](`document.querySelector(`+pagetest.Quote(selector)+`).focus() || true`)(ctx, t)
		return err
	})
}

// ackSlash answers the next slash command, in private.
func ackSlash(t *testing.T, client *socketmode.Client, text string) slack.SlashCommand {
	t.Helper()
	e := waitFor(t, client, socketmode.EventTypeSlashCommand)
	client.Ack(*e.Request, map[string]any{"text": text})
	return e.Data.(slack.SlashCommand)
}

// interaction answers the next interaction with a payload.
func interaction(t *testing.T, client *socketmode.Client, payload ...any) slack.InteractionCallback {
	t.Helper()
	e := waitFor(t, client, socketmode.EventTypeInteractive)
	client.Ack(*e.Request, payload...)
	return e.Data.(slack.InteractionCallback)
}

func testPageThread(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	p := open(t, b, s)
	ts := post(t, s, args{"channel": "C1OPS", "text": "the card"})
	p.reads(article(ts), "the card")
	p.is(`document.querySelectorAll('.thread-line').length`, "0")
	post(t, s, args{"channel": "C1OPS", "text": "reply one", "thread_ts": ts})
	p.reads(article(ts)+" .thread-line", "1 reply")
	p.is(`document.querySelectorAll('#timeline .message').length`, "1")
	p.click(article(ts) + " .thread-line")
	p.reads("#thread", "reply one")
	post(t, s, args{"channel": "C1OPS", "text": "reply two", "thread_ts": ts})
	p.reads("#thread", "reply two")
	p.reads(article(ts)+" .thread-line", "2 replies")
	call(t, s, "chat.postEphemeral", args{"channel": "C1OPS", "user": "U1ANN", "text": "in private", "thread_ts": ts})
	p.reads("#thread .ephemeral", "in private")
	p.is(`document.activeElement.id`, "thread-composer")
	p.press("my own\r")
	p.reads("#thread .message:last-child", "my own")
	if thread := s.Thread("C1OPS", ts); len(thread) != 4 || thread[3].User != "U1ANN" {
		t.Errorf("the thread is %+v", thread)
	}
	p.press("/server help\r")
	p.reads("#thread .ephemeral:last-child, #timeline .ephemeral:last-child", "not supported in threads")
	p.press(kb.Escape)
	p.until(`document.querySelector('#thread').hidden && document.activeElement.matches('.thread-line')`)
}

func testPageButtons(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	_, client := connect(t, s)
	p := open(t, b, s)
	ts := post(t, s, args{"channel": "C1OPS", "text": "card", "blocks": `[{"type":"actions","block_id":"acts","elements":[
		{"type":"button","action_id":"plain","value":"1","text":{"type":"plain_text","text":"Plain"}},
		{"type":"button","action_id":"sure","value":"2","style":"danger","text":{"type":"plain_text","text":"Delete"},"confirm":{
			"title":{"type":"plain_text","text":"Really?"},"text":{"type":"mrkdwn","text":"It is *gone* then."},
			"confirm":{"type":"plain_text","text":"Do it"},"deny":{"type":"plain_text","text":"Back"},"style":"danger"}},
		{"type":"button","action_id":"away","url":"https://a.example/","text":{"type":"plain_text","text":"Away"}},
		{"type":"overflow","action_id":"more","options":[{"text":{"type":"plain_text","text":"One"},"value":"v1"},{"text":{"type":"plain_text","text":"Two"},"value":"v2"}]}]}]`})
	p.click(article(ts) + " [data-action=plain]")
	if i := interaction(t, client); i.ActionCallback.BlockActions[0].Value != "1" || i.User.ID != "U1ANN" || i.Message.Timestamp != ts {
		t.Errorf("plain: %+v", i)
	}
	p.until(fmt.Sprintf(`document.querySelector('%s [data-action=plain]').ariaBusy !== 'true'`, article(ts)))
	p.click(article(ts) + " [data-action=sure]")
	p.reads("#confirm", "Really?")
	p.reads("#confirm strong", "gone")
	p.is(`document.activeElement.innerText`, "Back")
	p.press("\r")
	p.until(`!document.querySelector('#confirm').open`)
	p.click(article(ts)+" [data-action=sure]", "#confirm [data-answer=yes]")
	if i := interaction(t, client); i.ActionCallback.BlockActions[0].ActionID != "sure" { // and so not the one that went back
		t.Errorf("sure: %+v", i)
	}
	p.is(fmt.Sprintf(`document.querySelector('%s [data-action=away]').rel`, article(ts)), "noopener noreferrer")
	p.click(article(ts) + " .overflow")
	p.press(kb.ArrowDown, "\r")
	if i := interaction(t, client); i.ActionCallback.BlockActions[0].SelectedOption.Value != "v2" {
		t.Errorf("overflow: %+v", i)
	}
	must(t, s.Close())
	p.click(article(ts) + " [data-action=plain]")
	p.reads("#notices", "does not answer")
}

func testPageChoices(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	_, client := connect(t, s)
	p := open(t, b, s)
	options := `[{"text":{"type":"plain_text","text":"One"},"value":"v1"},{"text":{"type":"plain_text","text":"Two"},"value":"v2"},{"text":{"type":"plain_text","text":"Three"},"value":"v3"}]`
	ts := post(t, s, args{"channel": "C1OPS", "text": "card", "blocks": `[{"type":"actions","elements":[
		{"type":"static_select","action_id":"one","option_groups":[{"label":{"type":"plain_text","text":"Group"},"options":` + options + `}]},
		{"type":"checkboxes","action_id":"many","options":` + options + `,"initial_options":[{"text":{"type":"plain_text","text":"Two"},"value":"v2"}]},
		{"type":"radio_buttons","action_id":"radio","options":` + options + `},
		{"type":"users_select","action_id":"who"},{"type":"channels_select","action_id":"where"},
		{"type":"datepicker","action_id":"day","initial_date":"2026-11-24"}]}]`})
	action := func(act func()) slack.BlockAction {
		t.Helper()
		act()
		return *interaction(t, client).ActionCallback.BlockActions[0]
	}
	choose := func(action, value string) func() {
		return func() {
			p.text(fmt.Sprintf(`(() => { const e = document.querySelector('%s [data-action=%s]'); e.value = '%s'; e.dispatchEvent(new Event('change')); })()`, article(ts), action, value))
		}
	}
	p.reads(article(ts), "Three")
	p.is(fmt.Sprintf(`document.querySelector('%s optgroup').label`, article(ts)), "Group")
	if a := action(choose("one", "v3")); a.SelectedOption.Value != "v3" {
		t.Errorf("select: %+v", a)
	}
	if a := action(func() { p.click(article(ts) + ` [data-action=many] [value=v1]`) }); len(a.SelectedOptions) != 2 {
		t.Errorf("the second checkbox: %+v", a.SelectedOptions)
	}
	action(func() { p.click(article(ts) + ` [data-action=many] [value=v1]`) })
	if a := action(func() { p.click(article(ts) + ` [data-action=many] [value=v2]`) }); len(a.SelectedOptions) != 0 {
		t.Errorf("no checkbox: %+v", a.SelectedOptions)
	}
	if a := action(func() { p.click(article(ts) + ` [data-action=radio] [value=v2]`) }); a.SelectedOption.Value != "v2" {
		t.Errorf("radio: %+v", a)
	}
	if a := action(choose("who", "U2BOB")); a.SelectedUser != "U2BOB" {
		t.Errorf("user: %+v", a)
	}
	if a := action(choose("where", "C1OPS")); a.SelectedChannel != "C1OPS" {
		t.Errorf("channel: %+v", a)
	}
	if a := action(choose("day", "2026-12-01")); a.SelectedDate != "2026-12-01" {
		t.Errorf("date: %+v", a)
	}
	m, _ := s.Message("C1OPS", ts)
	call(t, s, "chat.update", args{"channel": "C1OPS", "ts": ts, "text": "same", "blocks": string(m.Blocks)})
	p.until(fmt.Sprintf(`document.querySelector('%s').dataset.version.startsWith('2 ')`, article(ts)))
	p.is(fmt.Sprintf(`document.querySelector('%s [data-action=one]').value`, article(ts)), "v3") // what was chosen stays
}
