package slacksim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"drover/bot/slacksim"
	"drover/bot/slacksim/pagetest"
)

func testPageCompletion(t *testing.T, b *pagetest.Browser) {
	s := start(t, func(c *slacksim.Config) {
		c.Aside = &slacksim.Aside{Steps: []slacksim.Suggestion{{Title: "Two servers", Command: "/server update web1 db1"}}}
	})
	_, client := connect(t, s)
	p := open(t, b, s)
	list := `[...document.querySelectorAll('.composer [role=option]')].filter((o) => o.checkVisibility()).map((o) => o.innerText.replace(/\s+/g, ' ')).join('; ')`
	p.press("/")
	p.is(list, "/server help Run an action; /plain Not escaped; /server update web1 db1 Two servers")
	p.is(`document.querySelector('#composer').ariaExpanded`, "true")
	p.press("s")
	p.is(list, "/server help Run an action; /server update web1 db1 Two servers")
	p.is(`document.getElementById(document.querySelector('#composer').getAttribute('aria-activedescendant')).innerText.slice(0, 7)`, "/server")
	p.press("\r")
	p.is(`document.querySelector('#composer').value`, "/server ")
	p.press(kb.ArrowDown, "\t")
	p.is(`document.querySelector('#composer').value`, "/server update web1 db1")
	p.is(list, "")
	p.press("\r")
	if c := ackSlash(t, client, "fine"); c.Command != "/server" || c.Text != "update web1 db1" {
		t.Errorf("sent %+v", c)
	}
	p.press("@dr", "\r", "help me\r")
	p.reads("#timeline .message:last-child .mention", "@drover")
	if m := s.Messages("C1OPS"); m[len(m)-1].Text != "<@"+s.BotUserID()+"> help me" {
		t.Errorf("said %q", m[len(m)-1].Text)
	}
	p.press("/pl", kb.Escape)
	p.is(list, "")
	must(t, p.PressShift("\r"))
	p.press("second line")
	p.is(`document.querySelector('#composer').value`, "/pl\nsecond line")
}

func testPageUnread(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	p := open(t, b, s)
	badge := `document.querySelector('[data-channel=G1SEC] .count')?.innerText ?? ''`
	p.is(badge, "")
	post(t, s, args{"channel": "G1SEC", "text": "one"})
	ts := post(t, s, args{"channel": "G1SEC", "text": "two"})
	post(t, s, args{"channel": "G1SEC", "text": "a reply does not count", "thread_ts": ts})
	p.until(badge + ` === '2'`)
	p.is(`document.title.slice(0, 3)`, "(2)")
	p.click("[data-channel=G1SEC]")
	p.until(badge + ` === ''`)
	p.click("[data-channel=C1OPS]")
	post(t, s, args{"channel": "G1SEC", "text": "three"})
	p.until(badge + ` === '1'`)
	p.click("[data-channel=G1SEC]")
	p.until(`document.querySelector('#timeline .divider.new')?.nextElementSibling?.innerText.includes('three')`)
	must(t, p.Do(chromedp.Reload()))
	p.until(`document.querySelector('[data-channel=G1SEC]')`)
	p.is(badge, "")
	p.become("U2BOB")
	p.is(badge, "3") // bob has not seen any of it
}

// testPagePeople: each tab has its person, who stays when the page is loaded again.
func testPagePeople(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	anns, bobs := open(t, b, s), open(t, b, s)
	bobs.become("U2BOB")
	bobs.press("\t")
	bobs.click("#composer")
	bobs.press("hello from bob\r")
	anns.reads("#timeline .message:last-child", "hello from bob")
	anns.is(`document.querySelector('#timeline .message:last-child .author').innerText`, "bob")
	anns.is(`document.querySelectorAll('#timeline .message:last-child .tools').length`, "0") // not hers to change
	anns.click("#composer")
	anns.press("and from ann\r")
	bobs.reads("#timeline .message:last-child", "and from ann")
	must(t, bobs.Do(chromedp.Reload()))
	bobs.reads("#timeline .message:last-child", "and from ann")
	bobs.is(`document.querySelector('.person input:checked').value`, "U2BOB")
	bobs.become("U3CAT") // who is in no channel
	bobs.is(`[...document.querySelectorAll('#sidebar .channel .name')].map((n) => n.innerText).join()`, "drover")
	bobs.is(`document.querySelector('#place h1').innerText`, "drover")
	must(t, s.Join("C1OPS", "U3CAT"))
	bobs.until(`document.querySelector('[data-channel=C1OPS]')`)
}

// testPageKeyboard uses the page without a mouse.
func testPageKeyboard(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	_, client := connect(t, s)
	ts := post(t, s, args{"channel": "C1OPS", "text": "card", "blocks": `[{"type":"actions","elements":[{"type":"button","action_id":"go","text":{"type":"plain_text","text":"Go"}}]}]`})
	post(t, s, args{"channel": "C1OPS", "text": "the reply", "thread_ts": ts})
	p := open(t, b, s)
	p.is(`document.activeElement.id`, "composer")
	p.press("/serv\r", "help\r")
	if c := ackSlash(t, client, "at your service"); c.Text != "help" {
		t.Errorf("typed %+v", c)
	}
	p.reads("#timeline .ephemeral", "at your service")

	walk := func(to string) { // by Tab, as far as it takes
		t.Helper()
		for range 60 {
			if p.text(fmt.Sprintf(`document.activeElement.matches(%s)`, pagetest.Quote(to))) == "true" {
				p.is(`(() => { const r = document.activeElement.getBoundingClientRect(); return r.width > 0 && r.height > 0; })()`, "true")
				return
			}
			p.press("\t")
		}
		t.Fatalf("Tab does not come to %s, but to %s", to, p.text(`document.activeElement.outerHTML.slice(0, 200)`))
	}
	p.text(`document.activeElement.blur()`)
	walk(".skip")
	p.press("\r")
	p.until(`document.activeElement.id === 'composer'`)
	p.text(`document.activeElement.blur()`)
	walk(`[data-channel="G1SEC"]`)
	p.press("\r")
	p.until(`document.querySelector('#place h1').innerText === 'secret'`)
	p.is(`document.activeElement.dataset.channel`, "G1SEC") // the focus stays where one is
	must(t, p.PressShift("\t"))
	p.press(" ")
	p.until(`document.querySelector('#place h1').innerText.length > 0`)
	p.text(`document.querySelector('[data-channel=C1OPS]').click()`)
	walk(article(ts) + " [data-action=go]")
	p.press("\r")
	if i := interaction(t, client); i.ActionCallback.BlockActions[0].ActionID != "go" {
		t.Errorf("pressed %+v", i)
	}
	walk(".thread-line")
	p.press("\r")
	p.reads("#thread", "the reply")
	p.until(`document.activeElement.id === 'thread-composer'`)
	p.press(kb.Escape)
	p.until(`document.activeElement.matches('.thread-line')`)
	p.text(`document.activeElement.blur()`)
	walk(".person input")
	p.press(kb.ArrowDown)
	p.until(`document.querySelector('.person input:checked').value === 'U2BOB'`)
	p.until(`document.activeElement.value === 'U2BOB'`)
}

// testPageNarrow is the page on a phone: one screen at a time, nothing too wide.
func testPageNarrow(t *testing.T, b *pagetest.Browser) {
	s := start(t, func(c *slacksim.Config) {
		c.Aside = &slacksim.Aside{
			Machines: func() []slacksim.Machine { return []slacksim.Machine{{Name: "web1", State: "up", Well: true}} },
			Steps:    []slacksim.Suggestion{{Title: "Begin", Command: "/server help"}},
		}
	})
	_, client := connect(t, s)
	wide := strings.Repeat("unbroken", 60)
	ts := post(t, s, args{"channel": "C1OPS", "text": "x", "blocks": `[{"type":"section","text":{"type":"mrkdwn","text":"` + wide + "`" + wide + "`" + `"},"fields":[{"type":"plain_text","text":"a"},{"type":"plain_text","text":"b"}]},
		{"type":"rich_text","elements":[{"type":"rich_text_preformatted","elements":[{"type":"text","text":"` + wide + `"}]}]},
		{"type":"table","rows":[[{"type":"raw_text","text":"` + wide[:60] + `"},{"type":"raw_text","text":"` + wide[:60] + `"}]]}]`})
	post(t, s, args{"channel": "C1OPS", "text": "the reply", "thread_ts": ts})
	p := open(t, b, s, pagetest.Phone())
	screens := `[...document.querySelectorAll('#sidebar, #main, #thread, #panel')].filter((e) => e.checkVisibility()).map((e) => e.id).join()`
	fits := func() {
		t.Helper()
		p.is(`document.documentElement.scrollWidth <= innerWidth && [...document.querySelectorAll('#timeline *, #thread *, #panel *')].every((e) =>
			e.closest('.table, .unseen, .composer, svg') || !e.checkVisibility() || e.getBoundingClientRect().right <= innerWidth + 1)`, "true")
	}
	p.reads(article(ts), wide)
	p.is(screens, "main")
	fits()
	p.click(article(ts) + " .thread-line")
	p.reads("#thread", "the reply")
	p.is(screens, "thread")
	fits()
	p.click("[aria-label='Close the thread']")
	p.is(screens, "main")
	p.click(".back")
	p.is(screens, "sidebar")
	p.click(`.person:has([value=U2BOB])`)
	p.until(`document.querySelector('.person input:checked').value === 'U2BOB'`)
	p.click(`[data-channel="C1OPS"]`)
	p.is(screens, "main")
	p.click("#screens button:last-child")
	p.is(screens, "panel")
	fits()
	p.click(".steps button")
	if c := ackSlash(t, client, "help is here"); c.UserID != "U2BOB" {
		t.Errorf("sent %+v", c)
	}
	p.reads("#timeline .ephemeral", "help is here")
	p.is(screens, "main")
	p.is(`[...document.querySelectorAll('#screens button, #main button')].filter((e) => e.checkVisibility({opacityProperty: true})).every((e) => e.getBoundingClientRect().height >= 22)`, "true")
}

// testPageComesBack: the demo ends and another one begins at the same address.
func testPageComesBack(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	post(t, s, args{"channel": "C1OPS", "text": "before"})
	p := open(t, b, s)
	p.reads("#timeline", "before")
	p.press("not sent yet")
	must(t, s.Close())
	p.reads("#banner", "does not answer")
	address := strings.TrimPrefix(s.URL(), "http://")
	again := start(t, func(c *slacksim.Config) { c.Listen = address })
	post(t, again, args{"channel": "C1OPS", "text": "after"})
	p.reads("#timeline", "after")
	p.until(`document.querySelector('#banner').hidden && !document.querySelector('#timeline').innerText.includes('before')`)
	p.is(`document.querySelector('#composer').value`, "not sent yet")
	post(t, again, args{"channel": "C1OPS", "text": "and on"})
	p.reads("#timeline .message:last-child", "and on")
}

func testPagePanel(t *testing.T, b *pagetest.Browser) {
	faults := make(chan string, 1)
	faults <- "nothing"
	now := func() []slacksim.Machine {
		fault := <-faults
		faults <- fault
		return []slacksim.Machine{{Name: "web1", Tags: []string{"web"}, State: fault, Well: fault == "nothing", Notes: []string{"5 updates"}, Fault: fault}}
	}
	s := start(t, func(c *slacksim.Config) {
		c.Aside = &slacksim.Aside{
			Roles: map[string]string{"U1ANN": "may do all"}, Machines: now,
			Faults: []slacksim.MachineFault{{Name: "nothing", Label: "works"}, {Name: "down", Label: "down"}},
			Break: func(_, fault string) error {
				<-faults
				faults <- fault
				return nil
			},
			Steps: []slacksim.Suggestion{
				{Title: "Begin", Command: "/server status", As: "U2BOB"}, {Title: "Read", Thread: true}, {Title: "Break it", Break: "web1", Fault: "down"},
			},
			More: []slacksim.Suggestion{{Title: "Help", Command: "/server help"}},
		}
	})
	_, client := connect(t, s)
	p := open(t, b, s)
	p.reads(".person", "may do all")
	p.reads(".machine", "5 updates · web")
	p.is(`document.querySelectorAll('.steps .done').length`, "0")
	p.click(".steps li:nth-child(1) button")
	if c := ackSlash(t, client, "so it is"); c.UserID != "U2BOB" || c.Text != "status" {
		t.Errorf("sent %+v", c)
	}
	p.reads("#timeline .ephemeral", "so it is")
	p.is(`document.querySelector('.person input:checked').value`, "U2BOB")
	p.until(`document.activeElement.id === 'composer'`)
	p.click(".steps li:nth-child(2) button")
	p.reads("#notices", "No message here has replies yet")
	ts := post(t, s, args{"channel": "C1OPS", "text": "card"})
	post(t, s, args{"channel": "C1OPS", "text": "the reply", "thread_ts": ts})
	p.reads(article(ts), "1 reply")
	p.click(".steps li:nth-child(2) button")
	p.reads("#thread", "the reply")
	p.click(".steps li:nth-child(3) button")
	p.reads(".machine.unwell", "down")
	p.until(`document.querySelectorAll('.steps .done').length === 3`)
	p.text(`(() => { const e = document.querySelector('.machine select'); e.value = 'nothing'; e.dispatchEvent(new Event('change')); })()`)
	p.until(`!document.querySelector('.machine.unwell')`)
	p.click("#panel details.part > summary")
	p.reads(".call", "chat.postMessage")
	p.click(".call summary")
	p.reads(".call pre", `"text": "the reply"`)
	post(t, s, args{"channel": "C1OPS", "text": "another"})
	p.reads(".call pre", `"text": "the reply"`) // it stays open when others come
	p.until(`document.querySelectorAll('.call').length > 2 && document.querySelector('.call[open]') === document.querySelectorAll('.call')[1]`)
}
