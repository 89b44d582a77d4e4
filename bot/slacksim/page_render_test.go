package slacksim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"drover/bot/slacksim/pagetest"
)

// htmlOf renders text by one of the page's modules.
func (p tab) htmlOf(module, call string) string {
	p.t.Helper()
	return p.text(fmt.Sprintf(`await import('/page/%s').then((m) => m.%s.innerHTML)`, module, call))
}

func testPageMrkdwn(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	p := open(t, b, s)
	for text, want := range map[string]string{
		"plain":                                           `<div>plain</div>`,
		"*bold* _it_ ~no~ `code`":                         `<div><strong>bold</strong> <em>it</em> <s>no</s> <code>code</code></div>`,
		"*bold _and it_*":                                 `<div><strong>bold <em>and it</em></strong></div>`,
		"2*3*4 snake_case_name a~b~c":                     `<div>2*3*4 snake_case_name a~b~c</div>`,
		"* not bold * _ nor it _":                         `<div>* not bold * _ nor it _</div>`,
		"`*not bold*`":                                    `<div><code>*not bold*</code></div>`,
		"one\ntwo":                                        `<div>one</div><div>two</div>`,
		"a\n\nb":                                          `<div>a</div><div class="gap"></div><div>b</div>`,
		"```x = *1*\ny```":                                `<pre>x = *1*` + "\ny</pre>",
		"see ```a``` now":                                 `<div>see </div><pre>a</pre><div> now</div>`,
		"open ```fence":                                   "<div>open ```fence</div>",
		"&gt; quoted\n&gt; more\nafter":                   `<blockquote><div>quoted</div><div>more</div></blockquote><div>after</div>`,
		"• one\n• *two*":                                  `<div class="bullet"><span>•</span><span>one</span></div><div class="bullet"><span>•</span><span><strong>two</strong></span></div>`,
		"&lt;b&gt; &amp;amp; &amp;lt;":                    `<div>&lt;b&gt; &amp;amp; &amp;lt;</div>`,
		"<https://a.example/x?y=1&amp;z|label>":           `<div><a href="https://a.example/x?y=1&amp;z" target="_blank" rel="noopener noreferrer">label</a></div>`,
		"<mailto:a@b.example|a@b.example>":                `<div><a href="mailto:a@b.example" target="_blank" rel="noopener noreferrer">a@b.example</a></div>`,
		"<javascript:alert(1)|click>":                     `<div>&lt;javascript:alert(1)|click&gt;</div>`,
		"<data:text/html,x>":                              `<div>&lt;data:text/html,x&gt;</div>`,
		"<@U2BOB> <@U2BOB|other> <@U9|gone>":              `<div><span class="mention">@bob</span> <span class="mention">@bob</span> <span class="mention">@gone</span></div>`,
		"<@U1ANN>":                                        `<div><span class="mention me">@ann</span></div>`,
		"<#C1OPS|ops> <#G9|>":                             `<div><button class="mention" type="button">#ops</button> <span class="mention">#private</span></div>`,
		"<!here> <!subteam^S1|@admins>":                   `<div><span class="mention">@here</span> <span class="mention">@admins</span></div>`,
		"<!date^1764000000^{date_num} {time_secs}|later>": `<div><time title="later">2025-11-24 16:00:00</time></div>`,
		"<!date^never^{date}|later>":                      `<div>later</div>`,
		":tada_unknown: 10:30:45":                         `<div>:tada_unknown: 10:30:45</div>`,
		":coffee: tea":                                    `<div><span class="emoji" title=":coffee:">☕</span> tea</div>`,
	} {
		if got := p.htmlOf("mrkdwn.js", fmt.Sprintf("mrkdwn(%s)", pagetest.Quote(text))); got != want {
			t.Errorf("%q\n is   %s\n want %s", text, got, want)
		}
	}
	link := p.htmlOf("mrkdwn.js", `mrkdwn("see https://a.example/b, and")`)
	bare := p.htmlOf("mrkdwn.js", `mrkdwn("see https://a.example/b, and", {verbatim: true})`)
	if !strings.Contains(link, `href="https://a.example/b"`) || strings.Contains(bare, "href") {
		t.Errorf("an address is %s, and verbatim %s", link, bare)
	}
	if got := p.htmlOf("mrkdwn.js", `mrkdwn(":x:")`); !strings.Contains(got, "#emoji-x") || !strings.Contains(got, "❌") {
		t.Errorf(":x: is %s", got)
	}
}

// testPageAnyText renders all sorts of text: only known elements come of it, no
// link leads anywhere but out, and what has no markup in it is shown as it is.
func testPageAnyText(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	p := open(t, b, s)
	pieces := rapid.SampledFrom([]string{
		"<", ">", "|", "*", "_", "~", "`", "```", "\n", "&gt;", "&lt;", "&amp;", ":", ":x:", "@U1ANN", "#C1OPS", "!date^1^{time}^", "!here",
		"javascript:alert(1)", "data:text/html,<b>", "https://a.example/", "vbscript:x", " ", "•", "a", "é", "\u202e", "\x00", "'\"", "<img src=x onerror=pwned=1>", "<script>pwned=1</script>",
	})
	text := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(pieces, 0, 25).Draw(t, "pieces"), "") })
	var texts []string
	for seed := range 400 {
		texts = append(texts, text.Example(seed))
	}
	data, err := json.Marshal(texts)
	must(t, err)
	bad := p.text(`JSON.stringify(await import('/page/mrkdwn.js').then((m) => ` + string(data) + `.filter((text) => {
		const node = m.mrkdwn(text);
		document.body.append(node);
		const tags = new Set(['DIV', 'SPAN', 'STRONG', 'EM', 'S', 'CODE', 'PRE', 'BLOCKQUOTE', 'A', 'BUTTON', 'TIME', 'svg', 'use']);
		const wrong = [...node.querySelectorAll('*')].some((e) => !tags.has(e.tagName) || [...e.attributes].some((a) => a.name.startsWith('on'))
			|| (e.tagName === 'A' && !/^(https?|mailto):/.test(e.href)));
		node.remove();
		return wrong;
	})))`)
	if bad != "[]" {
		t.Errorf("these texts become more than text: %s", bad)
	}
	p.is(`window.pwned`, "undefined")
}

func testPageRichText(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	p := open(t, b, s)
	ts := post(t, s, args{"channel": "C1OPS", "text": "fallback", "blocks": `[{"type":"rich_text","elements":[
		{"type":"rich_text_section","elements":[{"type":"text","text":"bold","style":{"bold":true}},{"type":"text","text":" <b>raw</b> "},
			{"type":"link","url":"https://a.example/","text":"out"},{"type":"user","user_id":"U2BOB"},{"type":"channel","channel_id":"C1OPS"},
			{"type":"emoji","name":"none","unicode":"1f41d"},{"type":"broadcast","range":"here"},
			{"type":"date","timestamp":1764000000,"format":"{date_num}"},{"type":"color","value":"#ff0000"}]},
		{"type":"rich_text_list","style":"ordered","offset":2,"indent":1,"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"third"}]}]},
		{"type":"rich_text_list","style":"bullet","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"point"}]}]},
		{"type":"rich_text_quote","elements":[{"type":"text","text":"said"}]},
		{"type":"rich_text_preformatted","elements":[{"type":"text","text":"a\n  b *c*"}]}]}]`})
	p.reads(article(ts), "bold <b>raw</b> out@bob#ops🐝@here2025-11-24#ff0000")
	in := fmt.Sprintf(`document.querySelector('%s .rich')`, article(ts))
	p.is(in+`.querySelector('strong').innerText`, "bold")
	p.is(in+`.querySelector('ol').start`, "3")
	p.is(in+`.querySelector('ol').className`, "indent-1")
	p.is(in+`.querySelector('ol li').innerText`, "third")
	p.is(in+`.querySelector('ul li').innerText`, "point")
	p.is(in+`.querySelector('blockquote').innerText`, "said")
	p.is(in+`.querySelector('pre').innerText`, "a\n  b *c*")
}

func testPageBlocks(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	p := open(t, b, s)
	ts := post(t, s, args{"channel": "C1OPS", "text": "fallback", "blocks": `[
		{"type":"header","text":{"type":"plain_text","text":"A header :x:"}},
		{"type":"section","text":{"type":"mrkdwn","text":"*section*"},"fields":[{"type":"mrkdwn","text":"*one*"},{"type":"plain_text","text":"*two*"}],
			"accessory":{"type":"button","action_id":"b","text":{"type":"plain_text","text":"Press"},"style":"danger"}},
		{"type":"divider"},
		{"type":"context","elements":[{"type":"mrkdwn","text":"_small_"},{"type":"image","image_url":"https://pictures.example/a.png","alt_text":"a dog"}]},
		{"type":"image","image_url":"https://pictures.example/b.png","alt_text":"a cow","title":{"type":"plain_text","text":"The cow"}},
		{"type":"markdown","text":"# As it *is*"},
		{"type":"table","rows":[[{"type":"raw_text","text":"name"},{"type":"raw_text","text":"count"}],[{"type":"raw_text","text":"web1"},{"type":"raw_number","value":7,"text":"7"}]],
			"column_settings":[{"is_wrapped":true},{"align":"right"}]},
		{"type":"plan","title":"The plan","tasks":[{"type":"task_card","task_id":"1","title":"web1","status":"complete","output":{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"5 upgraded"}]}]}},
			{"type":"task_card","task_id":"2","title":"db1","status":"in_progress"}]}]`})
	in := fmt.Sprintf(`document.querySelector('%s')`, article(ts))
	p.reads(article(ts), "A header")
	p.is(in+`.innerText.includes('fallback')`, "false")
	p.is(in+`.querySelector('h3').innerText.replace(/\s+/g, ' ')`, "A header ❌")
	p.is(in+`.querySelector('.block-section strong').innerText`, "section")
	p.is(`[...`+in+`.querySelectorAll('.field')].map((f) => f.innerHTML).join()`, `<div class="mrkdwn"><div><strong>one</strong></div></div>,<div class="plain">*two*</div>`)
	p.is(in+`.querySelector('.accessory button').className.trim()`, "button danger")
	p.is(in+`.querySelectorAll('hr').length`, "1")
	p.is(in+`.querySelector('.block-context em').innerText`, "small")
	p.is(in+`.querySelectorAll('img').length`, "0") // pictures elsewhere are named, not loaded
	p.is(in+`.querySelector('.block-context a').href`, "https://pictures.example/a.png")
	p.is(in+`.querySelector('.block-image').innerText.replace(/\s+/g, ' ')`, "The cow a cow (a picture elsewhere, not loaded)")
	p.is(in+`.querySelector('.block-markdown').innerText`, "# As it *is*")
	p.is(in+`.querySelector('td.align-right').innerText`, "7")
	p.is(`[...`+in+`.querySelectorAll('.task')].map((f) => f.className).join()`, "task complete,task in_progress")
	p.is(in+`.querySelector('.task').innerText.replace(/\s+/g, ' ')`, "complete: web1 5 upgraded")
}

// testPageUnknownBlocks: the local Slack takes blocks that the page does not
// draw, and Slack may come to send others.
func testPageUnknownBlocks(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	p := open(t, b, s)
	ts := post(t, s, args{"channel": "C1OPS", "text": "fallback", "blocks": `[
		{"type":"card","title":{"type":"plain_text","text":"<i>A card</i>"}},
		{"type":"actions","elements":[{"type":"datetimepicker","action_id":"when"}]}]`})
	p.reads(article(ts), `"text": "<i>A card</i>"`)
	p.reads(article(ts), "card, which this page does not draw")
	p.reads(article(ts), `"type": "datetimepicker"`)
	unknown := `[{type: 'hologram', depth: 3}, {type: 'section', text: {type: 'mrkdwn', text: 7}}, {type: 'actions'}, {}]`
	got := p.text(`await import('/page/blocks.js').then((m) => m.blocks(` + unknown + `, {id: 'x'}).textContent)`)
	for _, want := range []string{`"depth": 3`, `"text": 7`, `"type": "actions"`, "{}"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
}
