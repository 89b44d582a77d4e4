package bot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"drover/executor"
	"drover/executor/action"
	"drover/store"
)

const (
	// maxReplies is how many replies a thread gets at most; the rest of the servers go into one file.
	maxReplies = 20
	// maxOutput is how many characters of output a reply shows; more goes into a file beside it.
	maxOutput = 2500
	// maxGroups is how many different ends one reply shows.
	maxGroups = 5
)

// The events of the metadata that drover's messages carry. Scripts rely on them, and so does drover: a post whose
// answer was lost is found again by them.
const (
	cardEvent   = "drover_run"
	replyEvent  = "drover_reply"
	noticeEvent = "drover_notice" // its payload is the message's id: {"message": "…"}
)

// newReplies decides which targets are told of next: each failed one as soon as it failed, the others when the run is
// over or waits for somebody to decide by them, the same output once, failures first. Targets that a message tells of already are left out.
func newReplies(run store.Run) []store.NewReply {
	var untold []store.Target
	told := map[string]bool{}
	for _, t := range inOrder(run.Targets) {
		if t.MessageID != nil {
			told[*t.MessageID] = true
			continue
		}
		if !t.State.Final() || !run.State.Final() && run.State != store.Paused && !isFailure(t.State) || nothingToTell(t) {
			continue
		}
		untold = append(untold, t)
	}
	return within(alike(untold), maxReplies-len(told), run.State.Final())
}

// within fits groups into the replies that are left; while the run goes on, one is kept for the file with the rest.
func within(groups [][]store.Target, room int, final bool) []store.NewReply {
	var replies []store.NewReply
	for i, group := range groups {
		if room-len(replies) <= 1 && (!final || i < len(groups)-1) {
			if final {
				replies = append(replies, store.NewReply{Kind: store.MessageFile, Targets: ids(slices.Concat(groups[i:]...))})
			}
			return replies
		}
		replies = append(replies, store.NewReply{Kind: store.MessageReply, Targets: ids(group), File: needsFile(group)})
	}
	return replies
}

// nothingToTell: targets that were not begun are on the card; a reply would say nothing more.
func nothingToTell(t store.Target) bool {
	return t.State == store.TargetSkipped || t.State == store.TargetCancelled && t.StartedAt == nil
}

// inOrder puts failures first, and leaves the order as it is otherwise.
func inOrder(targets []store.Target) []store.Target {
	sorted := slices.Clone(targets)
	slices.SortStableFunc(sorted, func(a, b store.Target) int {
		switch {
		case isFailure(a.State) && !isFailure(b.State):
			return -1
		case isFailure(b.State) && !isFailure(a.State):
			return 1
		}
		return 0
	})
	return sorted
}

// groupKey is the same for servers that ended alike: same state, same code, and the same to read but for their own names.
// The log of a package manager, which a reply does not show, is different each time.
func groupKey(t store.Target) string {
	text := t.Summary + "\x00" + body(t)
	code := ""
	if t.ExitCode != nil {
		code = fmt.Sprint(*t.ExitCode)
	}
	return string(t.State) + "\x00" + code + "\x00" + nameless(text, t.Server)
}

// nameless takes a server's own name out of its output, where it stands alone: the web1 in web10 is another server.
func nameless(text, name string) string {
	if name == "" {
		return text
	}
	var b strings.Builder
	for from := 0; ; {
		at := strings.Index(text[from:], name)
		if at < 0 {
			return b.String() + text[from:]
		}
		at += from
		end := at + len(name)
		b.WriteString(text[from:at])
		if at > 0 && alphanumeric(text[at-1]) || end < len(text) && alphanumeric(text[end]) {
			b.WriteString(name)
		} else {
			b.WriteByte(1)
		}
		from = end
	}
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func ids(targets []store.Target) []string {
	list := make([]string, len(targets))
	for i, t := range targets {
		list[i] = t.ID
	}
	return list
}

// renderReply shows what one or more servers said. They had the same output when the reply was made; what was proven
// since may tell them apart.
func renderReply(run store.Run, targets []store.Target) content {
	groups := alike(targets)
	var blocks []slack.Block
	var texts []string
	for i, group := range groups {
		if i == maxGroups {
			blocks = append(blocks, section(fmt.Sprintf("… and %s, in the file below", code(clip(executor.FoldNames(serverNames(slices.Concat(groups[i:]...))), 300)))))
			break
		}
		blocks = append(blocks, section(groupTitle(group)))
		if output := body(group[0]); output != "" {
			blocks = append(blocks, preformatted(executor.Seen(tail(output, maxOutput/min(len(groups), maxGroups)))))
		}
		texts = append(texts, clip(executor.FoldNames(serverNames(group)), 100)+" "+targetText(group[0]))
	}
	return content{
		text:   clip(escape(strings.Join(texts, "; ")), 300),
		blocks: blocks,
		metadata: slack.SlackMetadata{EventType: replyEvent, EventPayload: map[string]any{
			"run": run.Number, "servers": listed(targets),
		}},
	}
}

// maxListed is how many bytes of names a reply's metadata holds. Slack refuses a message with 8 KiB of metadata.
const maxListed = 6 << 10

// listed are the servers for the metadata: all of them, or as many as fit.
func listed(targets []store.Target) []string {
	names := serverNames(targets)
	room := maxListed
	for i, name := range names {
		if room -= len(name) + len(`"",`); room < 0 {
			return names[:i]
		}
	}
	return names
}

func groupTitle(group []store.Target) string {
	first := group[0]
	title := fmt.Sprintf("%s %s %s", iconOf(first), code(clip(executor.FoldNames(serverNames(group)), 300)), escape(clip(targetText(first), 600)))
	if d := lasted(first); d > 0 && len(group) == 1 {
		title += " · " + took(d)
	}
	return title
}

// alike puts together the targets that ended alike, in the order of the first of each.
func alike(targets []store.Target) [][]store.Target {
	var groups [][]store.Target
	byOutput := map[string]int{}
	for _, t := range targets {
		key := groupKey(t)
		at, ok := byOutput[key]
		if !ok {
			at = len(groups)
			byOutput[key], groups = at, append(groups, nil)
		}
		groups[at] = append(groups[at], t)
	}
	return groups
}

// needsFile says whether a reply leaves something out.
func needsFile(targets []store.Target) bool {
	groups := alike(targets)
	room := maxOutput / min(len(groups), maxGroups)
	return len(groups) > maxGroups || slices.ContainsFunc(targets, hidesLog) ||
		slices.ContainsFunc(groups, func(g []store.Target) bool { return len([]rune(body(g[0]))) > room })
}

// hidesLog says whether a target printed more for people than what the action makes of it.
func hidesLog(t store.Target) bool {
	return t.LogSize > 0 || t.Details != "" && !strings.Contains(t.Details, strings.TrimSpace(action.Prose(t.Stdout)))
}

// body is what a reply quotes: what the action makes of its output, or the output itself.
func body(t store.Target) string {
	if t.Details != "" {
		return strings.TrimSpace(t.Details)
	}
	return strings.TrimSpace(strings.TrimRight(t.Stdout, "\n") + "\n" + t.Stderr)
}

// whole is all that is known of a target's output, for a file: each part once. log is the whole output where the row keeps
// only a part of it, and "" otherwise.
func whole(t store.Target, log string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", t.Server, targetText(t))
	parts := []string{t.Details, action.Prose(t.Stdout), t.Stderr}
	if log != "" {
		parts = []string{t.Details, action.Prose(log)}
	} else if t.LogFile != "" {
		parts = append(parts, "The file with all of it is on drover's own host: `drover show` names it.")
	}
	for _, part := range parts {
		if part = strings.TrimSpace(part); part != "" && !strings.Contains(b.String(), part) {
			fmt.Fprintf(&b, "\n%s\n", part)
		}
	}
	return b.String()
}

// tail keeps the end of long output: that is where the reason of a failure stands.
func tail(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	cut := string(runes[len(runes)-limit:])
	if _, after, ok := strings.Cut(cut, "\n"); ok {
		cut = after
	}
	return "… the beginning is in the file below …\n" + cut
}

// preformatted shows text as it is: in this block nothing mentions, links or ends early.
func preformatted(text string) slack.Block {
	return slack.NewRichTextBlock("", &slack.RichTextPreformatted{
		Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(text, nil)},
	})
}
