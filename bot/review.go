package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"drover/executor"
	"drover/store"
)

// buttonReview says that somebody has looked at a break-glass run. Its value is the run's id.
const buttonReview = "run.review"

// reviewsOf shows a message that asks for a review: in the run's channel, in an admin's direct message, or as a reminder.
func (p *Projector) reviewsOf(ctx context.Context, m store.Message) (time.Duration, error) {
	if redirected, err := p.toPerson(ctx, m); err != nil || redirected {
		return time.Millisecond, err
	}
	run, err := p.store.Run(ctx, m.Owner)
	if err != nil {
		return 0, err
	}
	c := renderReview(run, m.Key)
	c.metadata = messageMetadata(m)
	return p.send(ctx, m, "", c, m.WantedVersion, true)
}

// renderReview tells what somebody did without being asked back, and asks to look at it.
func renderReview(run store.Run, key string) content {
	text := fmt.Sprintf(":rotating_light: *Break-glass*: %s runs *%s* on %s without waiting for anybody, because %s.\n#%d stays open until %s",
		who(run), escape(run.Action), where(run), escape(clip(oneLine(run.Reason), maxReason)), run.Number, closer(run))
	if strings.HasPrefix(key, "reminder/") {
		text = ":bell: Still open since " + when(run.CreatedAt) + ".\n" + text
	}
	c := content{text: fmt.Sprintf("Break-glass #%d: %s", run.Number, headline(run))}
	if run.ReviewedAt != nil {
		c.text = fmt.Sprintf("Reviewed #%d: %s", run.Number, headline(run))
		text = fmt.Sprintf(":white_check_mark: *Break-glass* #%d, *%s* on %s by %s, was reviewed by %s, %s.\nIt was run because %s",
			run.Number, escape(run.Action), where(run), who(run), reviewer(run), when(*run.ReviewedAt), escape(clip(oneLine(run.Reason), maxReason)))
	}
	c.blocks = []slack.Block{section(text)}
	if run.ReviewedAt == nil {
		c.blocks = append(c.blocks, slack.NewActionBlock("", reviewButton(run)))
	}
	return c
}

func reviewButton(run store.Run) *slack.ButtonBlockElement {
	return button(buttonReview, run, "I have looked at it", slack.StylePrimary, fmt.Sprintf("Close #%d?", run.Number),
		"You know what was done, and why it could not wait. Your name stays with it.")
}

// alarm is the second line of a break-glass run's card.
func alarm(run store.Run) string {
	if run.ReviewedAt != nil {
		return fmt.Sprintf(":rotating_light: *Break-glass*, reviewed by %s", reviewer(run))
	}
	return ":rotating_light: *Break-glass*: nobody approved it. It stays open until " + closer(run)
}

// closer is who has to look at a break-glass run.
func closer(run store.Run) string {
	if executor.OwnReview(run) {
		return "somebody has looked at it. :warning: Self-approval is on: whoever ran it may close it."
	}
	return "somebody else has looked at it."
}

// reviewer is who has looked at a break-glass run.
func reviewer(run store.Run) string {
	if run.ReviewedBy == run.RequestedBy {
		return person(run.ReviewedBy) + " (self-approval)"
	}
	return person(run.ReviewedBy)
}
