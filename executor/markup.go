package executor

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"drover/store"
)

// What drover says in Slack's mrkdwn, here and in package bot, is put together from these.

var (
	specials = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	fences   = strings.NewReplacer("```", "'''")
)

// Escape makes text from elsewhere harmless inside mrkdwn: it can neither mention nor link, nor open code around what
// follows, nor turn its direction, nor hide in it.
func Escape(text string) string {
	text = Seen(text)
	if strings.Count(text, "`")%2 > 0 { // the last one would make code of drover's own words
		text = strings.ReplaceAll(text, "`", "'")
	}
	return Entities(fences.Replace(text))
}

// Entities writes the three characters that Slack's markup is made of so that they show.
func Entities(text string) string { return specials.Replace(text) }

// Seen leaves out what cannot be seen.
func Seen(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', !Unseen(r):
			return r
		case unicode.IsSpace(r): // among them line breaks that do not look like one
			return ' '
		}
		return -1
	}, text)
}

// OneLine keeps text from elsewhere from adding lines that look like drover's own.
func OneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Clip shortens text to at most limit characters.
func Clip(text string, limit int) string {
	if limit < 1 {
		return ""
	}
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:max(limit-1, 0)]) + "…" // where a long name has taken all the room, too
	}
	return text
}

// mentionable is a user's id as Slack makes them: nothing else becomes a mention.
var mentionable = regexp.MustCompile(`^[UW][A-Z0-9]{1,30}$`)

// Mention names somebody as Slack shows people, or the login at the terminal. Somebody who reads it where all do is told.
func Mention(actor store.Actor) string {
	if _, id, ok := actor.Slack(); ok && mentionable.MatchString(id) {
		return "<@" + id + ">"
	}
	return Escape(string(actor))
}

// Moment shows a time in the reader's own zone.
func Moment(t store.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), t.UTC().Format("2006-01-02 15:04 UTC"))
}
