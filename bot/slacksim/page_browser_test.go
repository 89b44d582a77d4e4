package slacksim_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"drover/bot/slacksim"
	"drover/bot/slacksim/pagetest"
)

// TestPage opens the page in Chromium. All of it shares one browser; each test
// has a Slack and tabs of its own.
func TestPage(t *testing.T) {
	if err := pagetest.Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	browser, err := pagetest.Start()
	must(t, err)
	t.Cleanup(func() { must(t, browser.Close()) })
	for name, test := range map[string]func(*testing.T, *pagetest.Browser){
		"mrkdwn":          testPageMrkdwn,
		"mrkdwn any":      testPageAnyText,
		"rich text":       testPageRichText,
		"blocks":          testPageBlocks,
		"unknown blocks":  testPageUnknownBlocks,
		"text stays text": testPageTextStaysText,
		"files":           testPageFiles,
		"messages change": testPageMessagesChange,
		"ephemeral":       testPageEphemeral,
		"own messages":    testPageOwnMessages,
		"long channel":    testPageLongChannel,
		"thread":          testPageThread,
		"buttons":         testPageButtons,
		"choices":         testPageChoices,
		"modal":           testPageModal,
		"modal stack":     testPageModalStack,
		"modal elements":  testPageModalElements,
		"home":            testPageHome,
		"completion":      testPageCompletion,
		"unread":          testPageUnread,
		"people":          testPagePeople,
		"keyboard":        testPageKeyboard,
		"narrow":          testPageNarrow,
		"comes back":      testPageComesBack,
		"panel":           testPagePanel,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, browser)
		})
	}
}

// tab is a page that a person has open. Steps that fail end the test.
type tab struct {
	*pagetest.Tab
	t *testing.T
}

// open opens the page; the person is U1ANN, the first one. When the test ends,
// the page must not have complained, and must have asked nobody else for anything.
func open(t *testing.T, b *pagetest.Browser, s *slacksim.Server, window ...pagetest.Window) tab {
	t.Helper()
	window = append(window, pagetest.Desktop())
	opened, err := b.Open(s.URL()+"/", window[0])
	must(t, err)
	t.Cleanup(func() {
		for _, complaint := range opened.Complaints() {
			if !strings.Contains(complaint, "Failed to load resource") { // an answer other than 200 is no fault of the page
				t.Errorf("the page complains: %s", complaint)
			}
		}
		for _, url := range opened.Strangers(s.URL()) {
			t.Errorf("the page asked for %s", url)
		}
		opened.Close()
	})
	p := tab{opened, t}
	p.until(`document.body.dataset.live === 'true'`)
	return p
}

func (p tab) until(condition string) {
	p.t.Helper()
	must(p.t, p.Until(condition))
}

// reads waits until what the selector finds first says the text.
func (p tab) reads(selector, text string) {
	p.t.Helper()
	must(p.t, p.UntilText(selector, text))
}

func (p tab) click(selectors ...string) {
	p.t.Helper()
	for _, selector := range selectors {
		must(p.t, p.Click(selector))
	}
}

func (p tab) press(keys ...string) {
	p.t.Helper()
	must(p.t, p.Press(keys...))
}

// text evaluates a JavaScript expression to a string.
func (p tab) text(expression string) string {
	p.t.Helper()
	text, err := pagetest.Eval[string](p.Tab, fmt.Sprintf("(async () => String(%s))()", expression))
	must(p.t, err)
	return text
}

// is compares the value of a JavaScript expression, as a string.
func (p tab) is(expression, want string) {
	p.t.Helper()
	if got := p.text(expression); got != want {
		p.t.Errorf("%s\n is   %q\n want %q", expression, got, want)
	}
}

// become changes to another person by the sidebar.
func (p tab) become(user string) {
	p.t.Helper()
	p.click(fmt.Sprintf(`.person:has([value=%q])`, user))
	p.until(fmt.Sprintf(`document.body.dataset.live === 'true' && document.querySelector('.person input:checked')?.value === %q`, user))
}

// article is the selector of a message in the channel.
func article(ts string) string { return fmt.Sprintf(`#timeline [data-ts=%q]`, ts) }
