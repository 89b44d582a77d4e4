package slacksim

import (
	"encoding/json"
	"regexp"
	"strings"
)

// Mark is a part of what is shown that does more than show text: it pings
// somebody, or leads somewhere.
type Mark struct {
	Kind string // user, group, broadcast, channel, date, link
	// Target is the id, the URL, or what is between < and > of anything else.
	Target string
	Text   string // the text that it was found in
}

// reference is what stands between < and >, as Slack reads it anywhere in
// mrkdwn, code included.
var reference = regexp.MustCompile(`<([^<>\n]+)>`)

// Marks finds them in mrkdwn. In text that is not verbatim, addresses that only
// stand there count too: Slack makes links of them.
func Marks(mrkdwn string, verbatim bool) []Mark {
	var marks []Mark
	for _, m := range reference.FindAllStringSubmatch(mrkdwn, -1) {
		target, _, _ := strings.Cut(m[1], "|")
		marks = append(marks, markOf(target, mrkdwn))
	}
	if verbatim {
		return marks
	}
	for _, at := range typed.FindAllString(reference.ReplaceAllString(mrkdwn, " "), -1) {
		if at[0] != '@' && at[0] != '#' { // names become links in what people type, not in what apps post
			marks = append(marks, Mark{"link", at, mrkdwn})
		}
	}
	return marks
}

func markOf(target, in string) Mark {
	switch {
	case strings.HasPrefix(target, "@"):
		return Mark{"user", target[1:], in}
	case strings.HasPrefix(target, "#"):
		return Mark{"channel", target[1:], in}
	case strings.HasPrefix(target, "!subteam^"):
		return Mark{"group", strings.TrimPrefix(target, "!subteam^"), in}
	case strings.HasPrefix(target, "!date^"):
		return Mark{"date", target, in}
	case strings.HasPrefix(target, "!"):
		return Mark{"broadcast", target[1:], in}
	}
	return Mark{"link", target, in}
}

// Marks are those of a whole message: of its text, where nobody would see it as
// a link beside blocks, and of its blocks.
func (m Message) Marks() []Mark {
	return append(Marks(m.Text, len(m.Blocks) > 0), blockMarks(m.Blocks)...)
}

// Marks are those of a modal or a Home tab.
func (v View) Marks() []Mark { return blockMarks(v.Blocks) }

func blockMarks(blocks json.RawMessage) []Mark {
	var tree any
	if json.Unmarshal(blocks, &tree) != nil {
		return nil // there are none
	}
	return treeMarks(tree)
}

// elements of rich text that are marks by themselves, and where their target is.
var richMarks = map[string][2]string{
	"user": {"user", "user_id"}, "usergroup": {"group", "usergroup_id"}, "broadcast": {"broadcast", "range"},
	"channel": {"channel", "channel_id"}, "link": {"link", "url"},
}

func treeMarks(tree any) []Mark {
	var marks []Mark
	switch node := tree.(type) {
	case []any:
		for _, child := range node {
			marks = append(marks, treeMarks(child)...)
		}
	case map[string]any:
		marks = nodeMarks(node)
		for _, child := range node {
			marks = append(marks, treeMarks(child)...)
		}
	}
	return marks
}

func nodeMarks(node map[string]any) []Mark {
	kind, _ := node["type"].(string)
	if kind == "mrkdwn" {
		text, _ := node["text"].(string)
		verbatim, _ := node["verbatim"].(bool)
		return Marks(text, verbatim)
	}
	if rich, ok := richMarks[kind]; ok {
		target, _ := node[rich[1]].(string)
		return []Mark{{rich[0], target, kind}}
	}
	for _, address := range []string{"url", "image_url", "title_url"} {
		if target, ok := node[address].(string); ok {
			return []Mark{{"link", target, kind}}
		}
	}
	return nil
}
