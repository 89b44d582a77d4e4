package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"drover/store"
)

// failed decides what becomes of a message that Slack did not take.
func (p *Projector) failed(ctx context.Context, m store.Message, run store.Run, err error) time.Duration {
	if noteErr := p.note(ctx, m, run, err); noteErr != nil && ctx.Err() == nil {
		p.log.Error("cannot note that a message failed", "error", noteErr)
	}
	return time.Second
}

func (p *Projector) note(ctx context.Context, m store.Message, run store.Run, err error) error {
	var limited *slack.RateLimitedError
	if errors.As(err, &limited) {
		p.limiter.pause(bucketOf(m), p.store.Now().Add(limited.RetryAfter).Time)
		return p.store.RetryMessage(ctx, m.ID, p.store.Now().Add(limited.RetryAfter))
	}
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) {
		return p.retryOrGiveUp(ctx, m, run, err)
	}
	switch refused.Err {
	case "message_not_found":
		return p.store.ForgetPost(ctx, m.ID)
	case "thread_not_found":
		return p.threadGone(ctx, m)
	case "channel_not_found", "not_in_channel", "is_archived", "restricted_action":
		return p.elsewhere(ctx, m, run, err)
	}
	return p.retryOrGiveUp(ctx, m, run, err)
}

// retryOrGiveUp tries again later what may pass, and no more what Slack will never take.
func (p *Projector) retryOrGiveUp(ctx context.Context, m store.Message, run store.Run, err error) error {
	log := p.log.With("run", run.Number, "message", m.Kind, "channel", m.Channel, "error", err)
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) || passing(refused.Err) {
		log.Warn("Slack did not take a message; trying again", "attempt", m.Attempts+1)
		return p.store.RetryMessage(ctx, m.ID, p.store.Now().Add(backoff(m.Attempts)))
	}
	log.Error("Slack refuses a message; it is given up", "details", refused.ResponseMetadata.Messages, "needed", refused.Needed)
	return p.store.GiveUpMessage(ctx, m.ID, refused.Err)
}

// passing says whether a refusal has nothing to do with the message: Slack is in trouble, or the token is being replaced.
func passing(refusal string) bool {
	switch refusal {
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "ratelimited",
		"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired":
		return true
	}
	return false
}

// threadGone posts the message anew whose thread a reply was for: somebody deleted it.
func (p *Projector) threadGone(ctx context.Context, m store.Message) error {
	head, err := p.store.Head(ctx, m)
	if err != nil {
		return err
	}
	if err := p.store.ForgetPost(ctx, head.ID); err != nil {
		return err
	}
	return p.store.RetryMessage(ctx, m.ID, p.store.Now())
}

// elsewhere sends a card that cannot be posted in its channel to the person who asked, as a direct message, or, where
// colleagues have to see it, to DROVER_CHANNEL first.
func (p *Projector) elsewhere(ctx context.Context, m store.Message, run store.Run, why error) error {
	if m.TS == "" && slices.Contains([]store.MessageKind{store.MessageReview, store.MessageHeadsUp, store.MessageReport}, m.Kind) {
		if redirected, err := p.toCommon(ctx, m, func(channel string) error { return p.store.RedirectMessage(ctx, m.ID, channel) }); err != nil || redirected {
			return err
		}
	}
	_, user, ok := run.RequestedBy.Slack()
	if !ok || m.Kind != store.MessageCard || m.TS != "" {
		return p.retryOrGiveUp(ctx, m, run, why)
	}
	if run.State == store.AwaitingApproval && m.Channel == run.Channel {
		redirected, err := p.toCommon(ctx, m, func(channel string) error { return p.store.RedirectMessages(ctx, run.ID, channel) })
		if err != nil || redirected {
			return err
		}
	}
	direct, err := p.direct(ctx, user)
	if err != nil {
		return p.retryOrGiveUp(ctx, m, run, err)
	}
	if direct == m.Channel {
		return p.retryOrGiveUp(ctx, m, run, why)
	}
	p.log.Info("cannot post in a channel; the card goes to the person's direct message", "run", run.Number, "channel", m.Channel, "error", why)
	return p.store.RedirectMessages(ctx, run.ID, direct)
}

// toCommon sends a message that colleagues have to see, and that cannot be posted where it should be, to DROVER_CHANNEL.
func (p *Projector) toCommon(ctx context.Context, m store.Message, redirect func(channel string) error) (redirected bool, err error) {
	common, err := p.store.Setting(ctx, store.SettingChannel)
	if err != nil || common == "" || common == m.Channel {
		return false, err
	}
	p.log.Info("cannot post in a channel; the message goes to DROVER_CHANNEL", "message", m.Kind, "channel", m.Channel)
	return true, redirect(common)
}

// toDirect sends what a run has not posted yet to the direct message with a person.
func (p *Projector) toDirect(ctx context.Context, run store.Run, user string) error {
	direct, err := p.direct(ctx, user)
	if err != nil {
		return err
	}
	return p.store.RedirectMessages(ctx, run.ID, direct)
}

// direct is the channel of the direct message with a person.
func (p *Projector) direct(ctx context.Context, user string) (string, error) {
	channel, _, _, err := p.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{user}, ReturnIM: true})
	if err != nil {
		return "", fmt.Errorf("open a direct message: %w", err)
	}
	return channel.ID, nil
}

// backoff grows from 1 s to 5 min.
func backoff(attempts int) time.Duration {
	return min(time.Second<<min(attempts, 10), 5*time.Minute)
}

func bucketOf(m store.Message) string {
	if m.TS != "" {
		return "update"
	}
	return fmt.Sprintf("post/%s", m.Channel)
}
