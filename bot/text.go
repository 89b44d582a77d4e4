package bot

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"drover/executor"
)

// Slack's markup for people, channels, links and commands: <@U1|name>, <#C1|name>, <http://web1|web1>, <!subteam^S1|@ops>.
var markup = regexp.MustCompile(`<([^<>]*)>`)

// characters that phones and desktops put in place of what was typed.
var mangled = strings.NewReplacer(
	"“", `"`, "”", `"`, "„", `"`, "‟", `"`, "‘", "'", "’", "'", "‚", "'", "‛", "'",
	"—", "--", "–", "-", "‐", "-", "‑", "-", "−", "-",
	"\u00a0", " ", "\u2007", " ", "\u202f", " ", "\u2009", " ", "\u3000", " ",
)

var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// normalize gives back what the person typed: Slack's markup is undone, its three entities once, then quotes, dashes
// and spaces that the client replaced. What is left is one line without characters that do not show: what clients put
// in unseen (U+200B, U+200E) would make a name unknown, and a turned direction would make a reason read as another.
func normalize(text string) string {
	text = strings.ToValidUTF8(text, "")
	text = markup.ReplaceAllStringFunc(text, func(m string) string { return plain(m[1 : len(m)-1]) })
	return visible(mangled.Replace(entities.Replace(text)))
}

// visible makes one line of text, without what does not show in it.
func visible(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.TrimSpace(text)
}

// plain is what one piece of markup stands for: the id of a person, channel or group; the label of a link, or the
// link without its scheme, which Slack added.
func plain(inner string) string {
	body, label, labelled := strings.Cut(inner, "|")
	switch {
	case strings.HasPrefix(body, "@"), strings.HasPrefix(body, "#"):
		return body
	case strings.HasPrefix(body, "!subteam^"):
		return "group:" + strings.TrimPrefix(body, "!subteam^")
	case strings.HasPrefix(body, "!"):
		return "@" + strings.TrimPrefix(body, "!")
	case labelled:
		return label
	}
	for _, scheme := range []string{"http://", "https://", "mailto:"} {
		body = strings.TrimPrefix(body, scheme)
	}
	return body
}

var torn = strings.NewReplacer("```", "`\u200b`\u200b`") // looks the same

func escape(text string) string { return executor.Escape(text) }

func oneLine(text string) string { return executor.OneLine(text) }

// fenced is text as a code block, as exact as spelled.
func fenced(text string) string {
	return fence + torn.Replace(executor.Entities(spelled(text))) + fence
}

// spelled shows a command as it is, and spells out what cannot be seen: people decide by what they see.
func spelled(text string) string {
	var b strings.Builder
	for _, r := range text {
		if executor.Unseen(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// fence begins and ends a code block.
const fence = "```"

// code shows a word as code; backticks cannot end it early.
func code(word string) string { return "`" + escape(inCode.Replace(word)) + "`" }

// inCode takes away what would end a word of code early.
var inCode = strings.NewReplacer("`", "'", "\n", " ")

func clip(text string, limit int) string { return executor.Clip(text, limit) }
