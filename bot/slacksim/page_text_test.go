package slacksim_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"

	"drover/bot/slacksim"
	"drover/bot/slacksim/pagetest"
)

// nasty is text that would act if anything took it for HTML.
const nasty = `<script>window.pwned=1</script><img src=x onerror="window.pwned=1"><b>bold</b> {{x}} ${x}`

// testPageTextStaysText sends such text by every door there is.
func testPageTextStaysText(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	must(t, s.AddUser(slacksim.User{ID: "U4EVE", Name: nasty}))
	must(t, s.AddChannel(slacksim.Channel{ID: "C4EVE", Name: nasty, Members: []string{"U1ANN", "U4EVE", s.BotUserID()}}))
	p := open(t, b, s)
	text := encoded(t, nasty)
	plainText := `{"type":"plain_text","text":` + text + `}`
	ts := post(t, s, args{"channel": "C1OPS", "text": nasty, "blocks": `[
		{"type":"header","text":` + plainText + `},
		{"type":"section","text":{"type":"mrkdwn","text":` + text + `}},
		{"type":"section","text":{"type":"mrkdwn","text":"<javascript:alert(1)|click me> <https://a.example/|` + `\u003cscript\u003e` + `>"}},
		{"type":"image","image_url":"javascript:alert(2)","alt_text":` + text + `},
		{"type":"rich_text","elements":[{"type":"rich_text_preformatted","elements":[{"type":"text","text":` + text + `},{"type":"link","url":"javascript:alert(3)","text":"link"}]}]},
		{"type":"actions","elements":[{"type":"button","action_id":"b","url":"javascript:alert(4)","text":{"type":"plain_text","text":"Away"}},
			{"type":"static_select","action_id":"s","placeholder":{"type":"plain_text","text":"<i>pick</i>"},"options":[{"text":{"type":"plain_text","text":"<i>one</i>"},"value":"<i>"}]}]}]`,
		"attachments": `[{"text":` + text + `,"color":"red;}"}]`})
	p.reads(article(ts), "Away")
	_, err := s.PostMessage("U4EVE", "C4EVE", "", nasty)
	must(t, err)
	_, err = s.PostMessage("U4EVE", "C4EVE", "", "javascript:alert(5) data:text/html,<script>1</script>")
	must(t, err)
	call(t, s, "chat.postEphemeral", args{"channel": "C4EVE", "user": "U1ANN", "text": nasty})
	in := fmt.Sprintf(`document.querySelector('%s')`, article(ts))
	if got := p.text(in + ".innerText"); strings.Count(got, "<script>window.pwned=1</script>") < 5 || !strings.Contains(got, "javascript:alert(1)") {
		t.Errorf("the message shows %s", got)
	}
	p.click(`[data-channel="C4EVE"]`)
	p.reads("#place h1", "<script>")
	p.reads("#timeline", nasty)
	p.reads("#timeline .ephemeral", "<img src=x")
	p.click(`[data-channel="C1OPS"]`)
	must(t, s.SetUserGroup(slacksim.UserGroup{ID: "S1", Handle: "admins"})) // makes the page read everything again
	p.reads(article(ts), "Away")
	p.is(`window.pwned`, "undefined")
	p.is(`document.querySelectorAll('script:not([src]), #timeline img, #sidebar img, #timeline b').length`, "0")
	p.is(`[...document.querySelectorAll('a')].filter((a) => !/^(https?|mailto):/.test(a.href)).length`, "0")
	p.is(`[...document.querySelectorAll('*')].filter((e) => [...e.attributes].some((a) => a.name.startsWith('on'))).length`, "0")
}

func testPageFiles(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	p := open(t, b, s)
	share := func(name, content string) {
		a := call(t, s, "files.getUploadURLExternal", args{"filename": name, "length": fmt.Sprint(len(content))})
		_, _, _ = fetch(t, s, "POST", strings.TrimPrefix(a.text("upload_url"), s.URL()), content)
		a = call(t, s, "files.completeUploadExternal", args{"files": `[{"id":"` + a.text("file_id") + `","title":"` + name + `"}]`, "channel_id": "C1OPS"})
		if a.err() != "" {
			t.Fatal(a.fields)
		}
	}
	share("out.txt", strings.Repeat("line\n", 12)+"<b>the end</b>\n")
	share("dot.png", tinyPNG(t))
	share("page.html", "<script>window.pwned=1</script>")
	p.reads("#timeline", "Show all 13 lines")
	p.is(`document.querySelector('#timeline .file pre').innerText.split('\n').length`, "8")
	p.click("#timeline .file button")
	p.reads("#timeline .file pre", "<b>the end</b>")
	p.until(`document.querySelector('#timeline .file img')?.naturalWidth === 1`)
	p.reads("#timeline .message:last-child .file pre", "<script>")
	p.is(`window.pwned`, "undefined")
}

// tinyPNG is one grey pixel.
func tinyPNG(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))))
	return b.String()
}

func testPageMessagesChange(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	p := open(t, b, s)
	card := func(text, button string) string {
		return `[{"type":"section","text":{"type":"mrkdwn","text":"` + text + `"}},
			{"type":"actions","block_id":"acts","elements":[{"type":"button","action_id":"` + button + `","text":{"type":"plain_text","text":"` + button + `"}}]}]`
	}
	ts := post(t, s, args{"channel": "C1OPS", "text": "running", "blocks": card("0 of 2", "cancel")})
	p.reads(article(ts), "0 of 2")
	p.reads("#announcer", "drover: running")
	must(t, p.Do(focus(article(ts)+" button[data-action=cancel]")))
	call(t, s, "chat.update", args{"channel": "C1OPS", "ts": ts, "text": "running on", "blocks": card("1 of 2", "cancel")})
	p.reads(article(ts), "1 of 2")
	p.is(`document.activeElement.dataset.action`, "cancel") // the focus is where it was, on the new button
	call(t, s, "chat.update", args{"channel": "C1OPS", "ts": ts, "text": "succeeded", "blocks": card("2 of 2", "retry")})
	p.reads(article(ts), "2 of 2")
	p.is(`document.activeElement.dataset.ts`, ts) // that button is gone: on the message
	p.reads("#announcer", "drover: succeeded")
	p.is(`document.querySelectorAll('#timeline .message').length`, "1")
	call(t, s, "chat.delete", args{"channel": "C1OPS", "ts": ts})
	p.until(`document.querySelectorAll('#timeline .message').length === 0`)
}

func testPageEphemeral(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	p := open(t, b, s)
	_, client := connect(t, s)
	p.press("/server updte web1\r")
	ackSlash(t, client, "There is no action called `updte`.")
	p.reads("#timeline .ephemeral", "Only visible to you · after /server updte web1")
	p.reads("#timeline .ephemeral code", "/server updte web1")
	p.reads("#timeline .ephemeral .body", "There is no action called updte.")
	p.become("U2BOB")
	p.is(`document.querySelectorAll('#timeline .ephemeral').length`, "0")
}

func testPageOwnMessages(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	p := open(t, b, s)
	p.press("see https://a.example/x & <b> @bob \r")
	p.reads("#timeline .message:last-child .body", "see https://a.example/x & <b> @bob")
	p.is(`document.querySelector('#composer').value`, "")
	must(t, p.Do(focus("#timeline .message:last-child .tools button")))
	p.press("\r\r") // open the menu, and edit
	p.until(`document.activeElement.matches('.editor textarea')`)
	p.is(`document.activeElement.value`, "see https://a.example/x & <b> <@U2BOB>")
	p.press(" too\r")
	p.reads("#timeline .message:last-child", "@bob too")
	p.reads("#timeline .message:last-child", "(edited)")
	must(t, p.Do(focus("#timeline .message:last-child .tools button")))
	must(t, p.Press("\r", keyDown, "\r"))
	p.click("#confirm [data-answer=yes]")
	p.until(`document.querySelectorAll('#timeline .message').length === 0`)
}

func testPageLongChannel(t *testing.T, b *pagetest.Browser) {
	s := start(t, func(c *slacksim.Config) { c.Limits.NoRates = true })
	for i := range 400 {
		post(t, s, args{"channel": "C1OPS", "text": fmt.Sprintf("number %d.", i)})
	}
	p := open(t, b, s)
	end := `(() => { const l = document.querySelector('#timeline'); return l.scrollHeight - l.scrollTop - l.clientHeight < 5; })()`
	p.reads("#timeline", "number 399.")
	p.is(end, "true")
	p.is(`document.querySelectorAll('#timeline .message').length`, "150")
	p.click("#timeline .earlier", "#timeline .earlier")
	p.reads("#timeline .message", "number 0.")
	p.is(`document.querySelectorAll('#timeline .intro').length`, "1")
	p.text(`document.querySelector('#timeline').scrollTop = 0`)
	post(t, s, args{"channel": "C1OPS", "text": "does not take the reader away"})
	p.reads("#timeline .message:last-child", "does not take")
	p.is(`document.querySelector('#timeline').scrollTop`, "0")
}
