package bot

import (
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"drover/executor"
	"drover/store"
)

// content is a message as Slack takes it.
type content struct {
	text     string // the notification: the outcome first
	blocks   []slack.Block
	metadata slack.SlackMetadata
}

// maxSection is how many characters drover puts into a section; Slack takes 3000.
const maxSection = 2900

// maxServerLines is how many servers a card shows one by one; beyond, it counts, and names only what went wrong.
const maxServerLines = 12

// renderCard shows a run: the outcome in the first line, then a line for each server, then who asked and why.
func renderCard(run store.Run) content {
	first := fmt.Sprintf("%s %s on %s %s", runIcon(run.State), title(run), where(run), outcome(run))
	switch {
	case run.Preview && run.State.Final():
		first += ". Nothing was changed."
	case run.Preview:
		first += ". Nothing is changed."
	}
	if run.Urgent {
		first += "\n" + alarm(run)
	}
	if run.State == store.Paused {
		first += "\n" + whatNext(run)
	}
	blocks := []slack.Block{section(first)}
	if asked := asking(run); asked != "" {
		blocks = append(blocks, section(asked))
	}
	if lines := serverLines(run); lines != "" && !neverBegun(run) {
		blocks = append(blocks, section(lines))
	}
	if lines := leftOut(run); lines != "" {
		blocks = append(blocks, section(lines))
	}
	blocks = append(blocks, proposed(run)...)
	blocks = append(blocks, slack.NewContextBlock("", mrkdwn(clip(origin(run), 2000))))
	if buttons := buttons(run); buttons != nil {
		blocks = append(blocks, buttons)
	}
	return content{
		text:   clip(fmt.Sprintf("%s #%d: %s", headlineState(run), run.Number, headline(run)), 300),
		blocks: blocks,
		metadata: slack.SlackMetadata{EventType: cardEvent, EventPayload: map[string]any{
			"run": run.Number, "state": string(run.State), "version": run.Version,
		}},
	}
}

// neverBegun says whether a run ended before it began: the first line says why, and the servers have nothing to add.
func neverBegun(run store.Run) bool {
	if run.OnlyAsks() {
		return run.State.Final()
	}
	switch run.State {
	case store.Denied, store.Expired, store.Cancelled:
		return run.StartedAt == nil
	}
	return false
}

func section(text string) slack.Block {
	return slack.NewSectionBlock(mrkdwn(clip(text, maxSection)), nil, nil)
}

func mrkdwn(text string) *slack.TextBlockObject {
	object := slack.NewTextBlockObject(slack.MarkdownType, text, false, false)
	object.Verbatim = true // nothing in it becomes a link or a mention by itself
	return object
}

// title is the action's name, and whether it is only a preview of it.
func title(run store.Run) string {
	if run.Preview {
		return "Preview of *" + escape(run.Action) + "*"
	}
	return "*" + escape(run.Action) + "*"
}

// headline is what a run does, in a few words: update web[1-3] db1.
func headline(run store.Run) string {
	name := escape(run.Action)
	if run.Preview {
		name = "preview of " + name
	}
	return clip(name+" "+escape(executor.FoldNames(serverNames(run.Targets))), 150)
}

func where(run store.Run) string {
	return code(clip(executor.FoldNames(serverNames(run.Targets)), 300))
}

func serverNames(targets []store.Target) []string {
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.Server
	}
	return names
}

// headlineState is the state as the notification's first word.
func headlineState(run store.Run) string {
	text := stateWord(run)
	return strings.ToUpper(text[:1]) + text[1:]
}

func stateWord(run store.Run) string {
	if run.State == store.Denied && run.ContinuedAt != nil {
		return "was not continued" // its canary had run
	}
	if run.OnlyAsks() && run.State == store.Succeeded {
		return "approved"
	}
	if run.OnlyAsks() && run.State == store.Denied {
		return "was not approved"
	}
	return stateWords[run.State]
}

var stateWords = map[store.RunState]string{
	store.AwaitingApproval: "waits for approval", store.Queued: "queued", store.Running: "running", store.Paused: "paused",
	store.Succeeded: "succeeded", store.Failed: "failed", store.Partial: "succeeded only in part", store.Cancelled: "cancelled",
	store.Denied: "was not run", store.Expired: "expired", store.Interrupted: "was interrupted",
}

// outcome says how the run stands: *succeeded* in 14s, or is running · 1 of 2 done.
func outcome(run store.Run) string {
	word := stateWord(run)
	if !run.State.Final() {
		if run.CancelBy != "" {
			word = "is being cancelled"
		}
		if run.State == store.AwaitingApproval {
			return fmt.Sprintf("%s · %d of %d", word, given(run), run.ApprovalsNeeded)
		}
		return fmt.Sprintf("%s%s · %d of %d done", word, turn(run), count(run, store.TargetState.Final), len(run.Targets))
	}
	text := "*" + word + "*"
	if run.State == store.Partial {
		text += fmt.Sprintf(": %d of %d", count(run, func(s store.TargetState) bool { return s == store.TargetSucceeded }), len(run.Targets))
	}
	if run.StartedAt != nil && run.FinishedAt != nil && run.State != store.Denied && run.State != store.Expired {
		text += " in " + took(run.FinishedAt.Sub(run.StartedAt.Time))
	}
	if run.StateReason != "" {
		text += ": " + escape(oneLine(run.StateReason))
	}
	if run.OnlyAsks() && run.State == store.Succeeded {
		text += ": schedule " + code(run.Schedule) + " runs it from now on, when its window opens"
	}
	return text
}

func count(run store.Run, is func(store.TargetState) bool) int {
	n := 0
	for _, t := range run.Targets {
		if is(t.State) {
			n++
		}
	}
	return n
}

// serverLines tells of each server, or, when there are many, how many stand where and which went wrong.
func serverLines(run store.Run) string {
	if run.State == store.AwaitingApproval {
		return lookLines(run)
	}
	if len(run.Targets) <= maxServerLines {
		return strings.Join(targetLines(run.Targets), "\n")
	}
	counts := map[store.TargetState]int{}
	var wrong []store.Target
	for _, t := range run.Targets {
		counts[t.State]++
		if isFailure(t.State) {
			wrong = append(wrong, t)
		}
	}
	var parts []string
	for _, state := range targetOrder {
		if counts[state] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d %s", targetIcon(state), counts[state], targetWords[state]))
		}
	}
	lines := []string{strings.Join(parts, "  ")}
	shown := min(len(wrong), maxServerLines)
	lines = append(lines, targetLines(wrong[:shown])...)
	if len(wrong) > shown {
		lines = append(lines, fmt.Sprintf("… and %d more in the thread", len(wrong)-shown))
	}
	return strings.Join(lines, "\n")
}

func targetLines(targets []store.Target) []string {
	lines := make([]string, len(targets))
	for i, t := range targets {
		name := fmt.Sprintf("%s %s  ", iconOf(t), code(t.Server))
		room := maxSection/(len(targets)+3) - len(name) // its share of the section: none is cut off at the end
		text := targetText(t)
		if d := lasted(t); d >= worthTelling && len(targets) > 1 { // of one server the first line says it
			text += " · " + took(d)
		}
		lines[i] = name + clip(escape(clip(text, 200)), room)
	}
	return lines
}

// worthTelling is how long a server's part takes before the card says how long.
const worthTelling = 10 * time.Second

// lasted is how long a target took, or 0 when it is not over, or nobody saw its end.
func lasted(t store.Target) time.Duration {
	if t.StartedAt == nil || t.FinishedAt == nil || t.ProbeAt != nil {
		return 0
	}
	return t.FinishedAt.Sub(t.StartedAt.Time)
}

// targetText is the rest of a server's line: what came of it, or what it waits for.
func targetText(t store.Target) string {
	switch {
	case t.State == store.TargetPending && t.WaitsFor > 0:
		return fmt.Sprintf("waits for #%d, which is changing this server", t.WaitsFor)
	case t.State == store.TargetSucceeded && t.Summary != "":
		return oneLine(t.Summary)
	case t.ProbeAt != nil:
		return targetWords[t.State] + ", goes on: " + oneLine(t.Summary)
	case t.Summary != "":
		return targetWords[t.State] + ": " + oneLine(t.Summary)
	}
	return targetWords[t.State]
}

func origin(run store.Run) string {
	parts := []string{fmt.Sprintf("#%d", run.Number), who(run), when(run.CreatedAt)}
	for name, value := range sorted(run.Params) {
		parts = append(parts, code(name+"="+clip(oneLine(value), 60)))
	}
	if run.Origin == store.CLI {
		parts = append(parts, "from the terminal")
	}
	if run.Schedule != "" {
		parts = append(parts, "schedule "+code(run.Schedule))
	}
	if run.Reason != "" && run.State != store.AwaitingApproval { // then it stands where it is read
		parts = append(parts, "because "+escape(oneLine(run.Reason)))
	}
	if order := order(run); order != "" {
		parts = append(parts, escape(clip(order, 500)))
	}
	if run.ContinuedAt != nil {
		parts = append(parts, "continued by "+person(run.ContinuedBy)+" "+when(*run.ContinuedAt))
	}
	parts = append(parts, decisions(run)...)
	return strings.Join(parts, " · ")
}

// who names the person who asked for a run.
func who(run store.Run) string { return person(run.RequestedBy) }

func person(actor store.Actor) string { return executor.Mention(actor) }

func when(t store.Time) string { return executor.Moment(t) }

func buttons(run store.Run) slack.Block {
	switch {
	case run.State == store.Paused:
		return pausedButtons(run)
	case run.State == store.AwaitingApproval:
		return approvalButtons(run)
	case run.State == store.Queued || run.State == store.Running && run.CancelBy == "":
		return slack.NewActionBlock("", button(buttonCancel, run, "Cancel", slack.StyleDanger,
			"Cancel this run?", whatCancelDoes(run)))
	case run.State.Final() && run.State != store.Succeeded && run.RetriedBy == 0 && !run.OnlyAsks():
		return slack.NewActionBlock("", button(buttonRetry, run, "Retry", slack.StyleDefault,
			"Run it again?", "A new run on the servers that did not succeed, with all checks."))
	}
	return nil
}

// whatCancelDoes tells apart what is ended from what is only no longer waited for.
func whatCancelDoes(run store.Run) string {
	for _, t := range run.Targets {
		if t.Detached {
			return "drover only stops waiting: what has begun on a server goes on there, and its result follows. What was not begun stays undone."
		}
	}
	return "What is running on the servers is ended. What was not begun stays undone."
}

// button is one of a run's.
func button(action string, run store.Run, label string, style slack.Style, title, text string) *slack.ButtonBlockElement {
	return confirmed(action, run.ID, label, style, title, text)
}

// confirmed is a button that asks once more before it counts.
func confirmed(action, value, label string, style slack.Style, title, text string) *slack.ButtonBlockElement {
	b := slack.NewButtonBlockElement(action, value, slack.NewTextBlockObject(slack.PlainTextType, label, false, false))
	b.Style = style
	b.Confirm = slack.NewConfirmationBlockObject(
		slack.NewTextBlockObject(slack.PlainTextType, title, false, false),
		slack.NewTextBlockObject(slack.PlainTextType, text, false, false),
		slack.NewTextBlockObject(slack.PlainTextType, label, false, false),
		slack.NewTextBlockObject(slack.PlainTextType, "Back", false, false))
	return b
}

// took is a duration as people say it.
func took(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
