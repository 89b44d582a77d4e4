package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"

	"drover/bot/slacksim"
)

// terminal shows a conversation as lines of text, each message again when what it says has changed.
type terminal struct {
	slack *slacksim.Server
	names map[string]string // by user id

	mu    sync.Mutex
	out   io.Writer
	shown map[string]string // by channel and ts
}

func newTerminal(slack *slacksim.Server, out io.Writer) *terminal {
	t := &terminal{slack: slack, out: out, names: map[string]string{}, shown: map[string]string{}}
	for _, user := range slack.Users() {
		t.names[user.ID] = user.Name
	}
	return t
}

func (t *terminal) say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.out, format+"\n", args...)
}

// show prints an event if it is a message that says something new.
func (t *terminal) show(e slacksim.Event) {
	switch e.Kind {
	case slacksim.EventMessage, slacksim.EventChanged, slacksim.EventEphemeral, slacksim.EventFile:
	default:
		return
	}
	var m slacksim.Message
	if err := json.Unmarshal(e.Data, &m); err != nil || m.TS == "" {
		return
	}
	body := t.plain(m)
	t.mu.Lock()
	defer t.mu.Unlock()
	key := m.Channel + m.TS
	if t.shown[key] == body {
		return
	}
	edited := t.shown[key] != ""
	t.shown[key] = body
	fmt.Fprintln(t.out, indent(t.label(m, edited)+body, m))
}

func (t *terminal) label(m slacksim.Message, edited bool) string {
	label := t.names[m.User]
	switch {
	case m.To != "":
		label = "drover, only to " + t.names[m.To]
	case edited:
		label += " (edited)"
	}
	return label + ":\n"
}

// indent sets replies apart from what stands in the channel.
func indent(text string, m slacksim.Message) string {
	margin := "  "
	first := ""
	if m.ThreadTS != "" && m.ThreadTS != m.TS {
		margin, first = "      ", "    ↳ "
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return first + lines[0] + "\n" + margin + strings.Join(lines[1:], "\n"+margin)
}

// plain is a message without Slack's markup, blocks and all.
func (t *terminal) plain(m slacksim.Message) string {
	var blocks []block
	if err := json.Unmarshal(m.Blocks, &blocks); err != nil || len(blocks) == 0 {
		return t.unmark(m.Text) + files(m)
	}
	var parts []string
	for _, b := range blocks {
		text := b.text()
		if b.Type != "rich_text" { // that holds outputs and commands as they are
			text = t.unmark(text)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "\n") + files(m)
}

func files(m slacksim.Message) string {
	var text string
	for _, f := range m.Files {
		text += fmt.Sprintf("\n[file %s, %d bytes]", f.Name, f.Size)
	}
	return text
}

// block is as much of Block Kit as drover's own messages use.
type block struct {
	Type     string          `json:"type"`
	Text     json.RawMessage `json:"text"`
	Elements []block         `json:"elements"`
}

func (b block) text() string {
	var object struct {
		Text string `json:"text"`
	}
	var plain string
	if json.Unmarshal(b.Text, &object) == nil && object.Text != "" {
		plain = object.Text
	} else {
		_ = json.Unmarshal(b.Text, &plain) // no text at all is fine
	}
	for i, element := range b.Elements {
		if i > 0 {
			plain += "  "
		}
		if element.Type == "button" {
			plain += "[" + element.text() + "]"
			continue
		}
		plain += element.text()
	}
	return plain
}

var (
	mention = regexp.MustCompile(`<@([A-Z0-9]+)>`)
	date    = regexp.MustCompile(`<!date\^[^|>]*\|([^>]*)>`)
	emoji   = strings.NewReplacer(
		":white_check_mark:", "✅", ":x:", "❌", ":warning:", "⚠️", ":no_entry_sign:", "🚫", ":lock:", "🔒", ":unlock:", "🔓",
		":hourglass_flowing_sand:", "⏳", ":white_circle:", "⚪", ":raised_hand:", "✋", ":snowflake:", "❄️", ":sunny:", "☀️", ":eyes:", "👀",
		":double_vertical_bar:", "⏸️", ":rotating_light:", "🚨", ":bell:", "🔔", ":coffee:", "☕", ":information_source:", "ℹ️", ":calendar:", "📅",
		":boom:", "💥", ":arrows_counterclockwise:", "🔄",
	)
	unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
	// bold is what Slack shows in bold: from a star that begins a word to one that ends a word, in one line.
	bold = regexp.MustCompile(`(^|[\s(>•·])\*([^*\s](?:[^*\n]*[^*\s])?)\*($|[\s.,:;)!?·])`)
)

func (t *terminal) unmark(text string) string {
	text = mention.ReplaceAllStringFunc(text, func(m string) string { return "@" + t.names[m[2:len(m)-1]] })
	text = date.ReplaceAllString(text, "$1")
	return emoji.Replace(unescape.Replace(plainMarks(text)))
}

// plainMarks takes Slack's marks out of a text. What stands between backticks stays as it is: somebody may copy it.
func plainMarks(text string) string {
	parts := strings.Split(text, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = bold.ReplaceAllString(bold.ReplaceAllString(parts[i], "$1$2$3"), "$1$2$3") // two that share a space
	}
	return strings.Join(parts, "")
}
