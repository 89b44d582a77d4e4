package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"drover/executor"
	"drover/store"
)

// The buttons of a run that waits for approval. Their value is the run's id.
const (
	buttonApprove = "run.approve"
	buttonDeny    = "run.deny"
)

// The modal that asks for the reason of a denial, and its field.
const (
	modalDeny   = "run.deny"
	fieldReason = "reason"
)

// maxAsked is how many people a card mentions.
const maxAsked = 20

// approve agrees to a run by its number.
func (b *Bot) approve(ctx context.Context, c command, words []string, _ string) (string, error) {
	run, err := b.runToDecide(ctx, c, words)
	if err != nil {
		return "", err
	}
	if err := b.engine.Approve(ctx, c.actor, run, c.key); err != nil {
		return "", err
	}
	if run, err = b.store.Run(ctx, run.ID); err != nil {
		return "", err
	}
	if run.State == store.AwaitingApproval {
		return fmt.Sprintf("You have approved #%d. It has %d of %d approvals.", run.Number, given(run), run.ApprovalsNeeded), nil
	}
	if run.OnlyAsks() {
		return fmt.Sprintf(":white_check_mark: #%d is approved: schedule %s runs it from now on.", run.Number, code(run.Schedule)), nil
	}
	return fmt.Sprintf(":white_check_mark: #%d is approved, and begins. Its card tells what becomes of it.", run.Number), nil
}

// deny ends a run by its number, because …
func (b *Bot) deny(ctx context.Context, c command, words []string, reason string) (string, error) {
	run, err := b.runToDecide(ctx, c, words)
	if err != nil {
		return "", err
	}
	if err := b.engine.Deny(ctx, c.actor, run, clip(reason, maxReason), c.key); err != nil {
		return "", err
	}
	return fmt.Sprintf(":no_entry_sign: #%d is denied. Nothing was run.", run.Number), nil
}

// runToDecide is the run whose number is the only word, for anybody who has a role: an approver need not be a viewer.
func (b *Bot) runToDecide(ctx context.Context, c command, words []string) (store.Run, error) {
	if _, err := b.insider(ctx, c); err != nil {
		return store.Run{}, err
	}
	if len(words) == 1 {
		if number, ok := runNumber(words[0]); ok {
			return b.runNumbered(ctx, number)
		}
	}
	return store.Run{}, &executor.Refusal{Text: "Say which run by its number, for example `approve 42` or `deny 42 because …`. `pending` shows what waits."}
}

// pending lists what waits for approval or for review, first what waits for this person.
func (b *Bot) pending(ctx context.Context, c command, _ []string, _ string) (string, error) {
	if _, err := b.insider(ctx, c); err != nil {
		return "", err
	}
	w, err := b.waiting(ctx, c.actor)
	if err != nil {
		return "", err
	}
	var lines []string
	for _, part := range []struct {
		title string
		lines []string
	}{
		{"*Waits for you*: `approve 42` or `deny 42 because …`", waitingLines(w.toDecide)},
		{"*Waits for your review*: press the button on its message", reviewLines(w.toReview)},
		{"*Waits for others*", append(waitingLines(w.others), reviewLines(w.toOthers)...)},
	} {
		if len(part.lines) > 0 {
			lines = append(append(lines, part.title), part.lines...)
		}
	}
	if len(lines) == 0 {
		return "Nothing waits for approval or review.", nil
	}
	return joinLines(lines), nil
}

// waiting is what waits for somebody, and what for others.
type waiting struct {
	toDecide, others   []store.Run // approvals
	toReview, toOthers []store.Run // break-glass runs
}

func (b *Bot) waiting(ctx context.Context, actor store.Actor) (w waiting, err error) {
	approvals, err := b.store.AwaitingApprovals(ctx)
	if err != nil {
		return w, err
	}
	if w.toDecide, w.others, err = divide(approvals, func(run store.Run) (bool, error) { return b.engine.MayStillDecide(ctx, actor, run) }); err != nil {
		return w, err
	}
	reviews, err := b.store.AwaitingReviews(ctx)
	if err != nil {
		return w, err
	}
	w.toReview, w.toOthers, err = divide(reviews, func(run store.Run) (bool, error) { return b.engine.MayStillReview(ctx, actor, run) })
	return w, err
}

// divide tells apart the runs that are so from the others.
func divide(runs []store.Run, is func(store.Run) (bool, error)) (so, others []store.Run, err error) {
	for _, run := range runs {
		yes, err := is(run)
		switch {
		case err != nil:
			return nil, nil, err
		case yes:
			so = append(so, run)
		default:
			others = append(others, run)
		}
	}
	return so, others, nil
}

func waitingLines(runs []store.Run) []string {
	lines := make([]string, len(runs))
	for i, run := range runs {
		lines[i] = fmt.Sprintf("• #%d %s · %s · %d of %d · until %s", run.Number, headline(run), who(run), given(run), run.ApprovalsNeeded, when(*run.ApproveBy)) + because(run)
	}
	return lines
}

func reviewLines(runs []store.Run) []string {
	lines := make([]string, len(runs))
	for i, run := range runs {
		lines[i] = fmt.Sprintf("• :rotating_light: #%d %s · %s · %s", run.Number, headline(run), who(run), when(run.CreatedAt)) + because(run)
	}
	return lines
}

func because(run store.Run) string {
	if run.Reason == "" {
		return ""
	}
	return " · because " + escape(oneLine(run.Reason))
}

// given is how many approvals a run has.
func given(run store.Run) int {
	n := 0
	for _, a := range run.Approvals {
		if a.Decision == store.ApprovalGiven {
			n++
		}
	}
	return n
}

// asking says who asks for approval, why, and whom; "" when the run does not wait for any.
func asking(run store.Run) string {
	plan, waits := planToApprove(run)
	if !waits {
		return ""
	}
	text := who(run) + " asks, and gives no reason"
	if run.Reason != "" {
		text = who(run) + " asks because " + escape(oneLine(run.Reason))
	}
	people := addressed(plan.Approval.By)
	if n := plan.Approval.Needed; n > 1 {
		text += fmt.Sprintf(".\n%s: %d of you approve, or one of you denies, until %s.", people, n, when(*run.ApproveBy))
	} else {
		text += fmt.Sprintf(".\n%s: approve or deny until %s.", people, when(*run.ApproveBy))
	}
	if plan.Approval.Self {
		text += "\n:warning: Self-approval is on: whoever asks, or edited the action last, may approve."
	}
	return text
}

func planToApprove(run store.Run) (executor.Plan, bool) {
	plan, err := executor.PlanOf(run)
	return plan, err == nil && plan.Approval != nil && run.State == store.AwaitingApproval && run.ApproveBy != nil
}

// addressed mentions people, the first ones of many.
func addressed(actors []store.Actor) string {
	var people []string
	for _, actor := range actors[:min(len(actors), maxAsked)] {
		people = append(people, person(actor))
	}
	if more := len(actors) - len(people); more > 0 {
		people = append(people, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(people, " ")
}

// proposed is exactly what would run if it were approved.
func proposed(run store.Run) []slack.Block {
	plan, waits := planToApprove(run)
	if !waits {
		return nil
	}
	blocks := []slack.Block{section(strings.Join(cost(&plan), "\n"))}
	return append(blocks, renderPlan(&plan, "the file in the thread, or "+code(fmt.Sprintf("drover show %d --plan", run.Number)))...)
}

// cost is what a plan means for others: how long, when the last time was, who cannot be reached meanwhile.
func cost(plan *executor.Plan) []string {
	c := plan.Approval.Cost
	lines := []string{expectation(c.Expected, len(plan.Targets))}
	for i, cut := range c.CutOff {
		if i == maxPlanned {
			lines = append(lines, fmt.Sprintf("… and %d more servers that others are reached through", len(c.CutOff)-i))
			break
		}
		lines = append(lines, fmt.Sprintf(":warning: *Cuts off* %s while %s is down", code(clip(executor.FoldNames(cut.Servers), 300)), code(cut.Through)))
	}
	return append(lines, lastDown(&executor.Preview{Plan: plan, TakesDown: c.TakesDown, LastDown: c.LastDown})...)
}

// decisions are the words of a card about who decided.
func decisions(run store.Run) []string {
	var yes, no []string
	for _, a := range run.Approvals {
		if a.Decision == store.ApprovalDenied {
			no = append(no, person(a.Actor))
			continue
		}
		yes = append(yes, person(a.Actor)+ownApproval(run, a.Actor))
	}
	var parts []string
	if len(yes) > 0 {
		parts = append(parts, "approved by "+strings.Join(yes, " "))
	}
	if len(no) > 0 {
		parts = append(parts, "denied by "+strings.Join(no, " "))
	}
	return parts
}

// ownApproval marks the approval of somebody who asked for a run, or who last said what its action does.
func ownApproval(run store.Run, by store.Actor) string {
	if by == run.RequestedBy {
		return " (self-approval)"
	}
	plan, err := executor.PlanOf(run)
	if err == nil && plan.Approval != nil && slices.Contains(plan.Approval.Editors, by) {
		return " (self-approval: edited " + code(run.Action) + " last)"
	}
	return ""
}

func approvalButtons(run store.Run) slack.Block {
	text := "Exactly what this card shows runs at once."
	if run.OnlyAsks() {
		text = "Nothing runs now. The schedule runs it each time that its window opens, until somebody edits the schedule or the action."
	}
	if plan, waits := planToApprove(run); waits && plan.Approval.Self {
		text += " Self-approval is on: if you asked for it, or edited the action, nobody else looks at it."
	}
	return slack.NewActionBlock("",
		button(buttonApprove, run, "Approve", slack.StylePrimary, fmt.Sprintf("Approve #%d?", run.Number), text),
		button(buttonDeny, run, "Deny", slack.StyleDanger, fmt.Sprintf("Deny #%d?", run.Number), "It ends, and nothing is run. You are asked why."),
		button(buttonCancel, run, "Cancel", slack.StyleDefault, "Cancel this run?", "It ends, and nothing is run. This is for whoever asked."))
}

// askWhy opens the modal that asks for the reason of a denial. It comes after the ack, and Slack allows it 3 s.
func (b *Bot) askWhy(ctx context.Context, c command, i slack.InteractionCallback, run store.Run) {
	plain := func(text string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
	}
	input := slack.NewPlainTextInputBlockElement(plain("The backup is still running"), fieldReason)
	input.MaxLength = maxReason
	_, err := b.api.OpenViewContext(ctx, i.TriggerID, slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: modalDeny, PrivateMetadata: modalOf(i, run),
		Title: plain(clip(fmt.Sprintf("Deny #%d", run.Number), 24)), Submit: plain("Deny"), Close: plain("Back"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			section(headline(run)), slack.NewInputBlock(fieldReason, plain("Why?"), nil, input),
		}},
	})
	if err != nil {
		b.log.Warn("cannot ask why a run is denied", "run", run.Number, "error", err)
		c.private(ctx, content{text: fmt.Sprintf(":warning: Slack did not open the form. Type `deny %d because …` instead.", run.Number)})
	}
}

// deniedInModal handles the reason of a denial. What is wrong is said at the field.
func (b *Bot) deniedInModal(ctx context.Context, c command, i slack.InteractionCallback) (any, then) {
	runID, home := modalRun(i.View.PrivateMetadata)
	err := b.denyFor(ctx, c, runID, i.View.State.Values[fieldReason][fieldReason].Value)
	switch {
	case err != nil:
		return slack.NewErrorsViewSubmissionResponse(map[string]string{fieldReason: b.plainly(ctx, c, err)}), nothing
	case home:
		return nil, func(ctx context.Context) { b.showHome(ctx, c, "") }
	}
	return nil, nothing
}

func (b *Bot) denyFor(ctx context.Context, c command, runID, reason string) error {
	run, err := b.store.Run(ctx, runID)
	if errors.Is(err, store.ErrNotFound) {
		return &executor.Refusal{Kind: executor.Policy, Text: "This form is for no run that drover knows, so nothing was done. Open it again from the card."}
	}
	if err != nil {
		return err
	}
	c.channel = run.Channel
	if err := b.meet(ctx, c); err != nil {
		return err
	}
	reason = clip(oneLine(visible(reason)), maxReason)
	if reason == "" {
		return &executor.Refusal{Text: "Say why, so that whoever asked knows what to do."}
	}
	return b.engine.Deny(ctx, c.actor, run, reason, c.key)
}

// plainly is explain where Slack shows no markup.
func (b *Bot) plainly(ctx context.Context, c command, err error) string {
	var refusal *executor.Refusal
	if !errors.As(err, &refusal) {
		return unmarked(b.explain(ctx, c, err))
	}
	err = b.engine.AuditRefusal(ctx, c.actor, executor.SlackSubject(c.origin), err)
	if errors.As(err, &refusal) && refusal.By != "" {
		return fmt.Sprintf("%s by %s at %s.", refusal.Text, b.engine.Name(ctx, refusal.By), refusal.At.UTC().Format("15:04 UTC"))
	}
	return refusal.Text
}

var marks = strings.NewReplacer(":warning: ", "", ":no_entry_sign: ", "", "`", "")

func unmarked(text string) string { return marks.Replace(text) }
