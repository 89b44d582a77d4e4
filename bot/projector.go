package bot

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"drover/executor"
	"drover/store"
)

const (
	// cardPace is the least time between two progress edits of one card; the first comes after firstEdit.
	cardPace  = 3 * time.Second
	firstEdit = time.Second
	// breath is the least time between two looks at what is behind: many commits are looked at together.
	breath = 50 * time.Millisecond
	// idle is how often the projector looks when nothing changes.
	idle = time.Minute
	// channelsAtOnce is how many channels are served at the same time.
	channelsAtOnce = 8
)

// Projector makes the messages in Slack show the rows of the store. It keeps nothing in memory that a restart would
// miss: a message is behind until Slack has taken it.
type Projector struct {
	store   *store.Store
	engine  *executor.Engine // only to ask: it runs nothing
	log     *slog.Logger
	api     *slack.Client
	limiter *limiter
}

// NewProjector makes a projector.
func NewProjector(s *store.Store, api *slack.Client, log *slog.Logger) *Projector {
	return &Projector{store: s, engine: executor.New(executor.Config{Store: s, Log: log}), api: api, log: log, limiter: newLimiter()}
}

// Run renders what is behind, until ctx ends.
func (p *Projector) Run(ctx context.Context) error {
	for {
		changed := p.store.Changed()
		next := p.pass(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(breath):
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-time.After(next):
		}
	}
}

// Flush renders what is behind once more, at the end, until nothing is left or ctx ends.
func (p *Projector) Flush(ctx context.Context) error {
	for ctx.Err() == nil {
		changed := p.store.Changed()
		behind, err := p.store.Behind(ctx)
		if err != nil || len(behind) == 0 {
			return err
		}
		next := p.pass(ctx)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-time.After(next):
		}
	}
	return nil
}

// pass renders every message whose time has come, and says when the next one's comes.
func (p *Projector) pass(ctx context.Context) time.Duration {
	behind, err := p.store.Behind(ctx)
	if err != nil {
		if ctx.Err() == nil {
			p.log.Error("cannot look for messages that are behind", "error", err)
		}
		return cardPace
	}
	waits := make(chan time.Duration, len(behind))
	var group errgroup.Group
	group.SetLimit(channelsAtOnce)
	for _, messages := range byChannel(behind) {
		group.Go(func() error {
			for _, m := range messages {
				waits <- p.render(ctx, m)
			}
			return nil
		})
	}
	_ = group.Wait() // what failed is noted with its message
	close(waits)
	next := idle
	for wait := range waits {
		if wait > 0 {
			next = min(next, wait)
		}
	}
	return next
}

func byChannel(messages []store.Message) map[string][]store.Message {
	channels := map[string][]store.Message{}
	for _, m := range messages {
		channels[m.Channel] = append(channels[m.Channel], m)
	}
	return channels
}

// render brings one message up to date. It returns how long to wait before it can go on, or 0 when nothing is left.
func (p *Projector) render(ctx context.Context, m store.Message) (wait time.Duration) {
	if wait := p.notYet(m); wait > 0 {
		return wait
	}
	var run store.Run
	var err error
	switch m.Kind {
	case store.MessageCard, store.MessageReply, store.MessageFile:
		run, err = p.store.Run(ctx, m.Owner)
		if err == nil {
			wait, err = p.renderOf(ctx, m, run)
		}
	case store.MessageReview:
		wait, err = p.reviewsOf(ctx, m)
	case store.MessageNotice:
		wait, err = p.renderNotice(ctx, m)
	case store.MessageHeadsUp:
		wait, err = p.renderHeadsUp(ctx, m)
	case store.MessageReport:
		wait, err = p.renderReport(ctx, m)
	default:
		err = fmt.Errorf("this version of drover cannot show a %s", m.Kind)
	}
	if err != nil && ctx.Err() == nil {
		return p.failed(ctx, m, run, err)
	}
	return wait
}

// notYet says how long a message must wait whatever its rows say. It keeps a long queue cheap: nothing is read for it.
func (p *Projector) notYet(m store.Message) time.Duration {
	now := p.store.Now().Time
	switch {
	case m.RetryAt.After(now):
		return m.RetryAt.Sub(now)
	case m.TS == "":
		return p.limiter.canPost(m.Channel, now)
	case m.Final:
		return p.limiter.canUpdate(true, now)
	}
	return 0
}

func (p *Projector) renderOf(ctx context.Context, m store.Message, run store.Run) (time.Duration, error) {
	if _, user, ok := run.RequestedBy.Slack(); ok && m.Channel == user {
		return time.Millisecond, p.toDirect(ctx, run, user)
	}
	if m.Kind == store.MessageCard {
		return p.renderCard(ctx, m, run)
	}
	card, err := p.store.Card(ctx, run.ID)
	if err != nil {
		return 0, err
	}
	switch {
	case card.TS == "" && card.GivenUp != "":
		return 0, p.store.GiveUpMessage(ctx, m.ID, "there is no card to reply to")
	case card.TS == "":
		return 0, nil // the thread comes after the card, and the note of its post wakes the loop
	}
	if m.Kind == store.MessageFile {
		return p.uploadOf(ctx, m, card, run)
	}
	targets := told(run, m)
	if len(targets) == 0 {
		return 0, p.store.Rendered(ctx, m.ID, m.TS, run.Version)
	}
	if needsFile(targets) { // what was proven may be longer than what was known
		if err := p.store.AddFile(ctx, run, m.ID, m.Channel); err != nil {
			return 0, err
		}
	}
	return p.send(ctx, m, card.TS, renderReply(run, targets), run.Version, true)
}

// renderCard plans the thread before it shows the card: once the card is up to date, nobody comes back to it.
func (p *Projector) renderCard(ctx context.Context, m store.Message, run store.Run) (time.Duration, error) {
	if replies := newReplies(run); len(replies) > 0 {
		if err := p.store.CreateReplies(ctx, run, m, replies); err != nil {
			return 0, err
		}
	}
	if plan, waits := planToApprove(run); waits && exceedsCard(&plan) {
		if err := p.store.AddFile(ctx, run, planKey, m.Channel); err != nil {
			return 0, err
		}
	}
	if wait := p.tooSoon(m, run); wait > 0 {
		return wait, nil
	}
	return p.send(ctx, m, "", renderCard(run), run.Version, run.State.Final())
}

// tooSoon paces the progress edits of a card. Final states go at once.
func (p *Projector) tooSoon(m store.Message, run store.Run) time.Duration {
	if m.RenderedAt == nil || run.State.Final() {
		return 0
	}
	pace := cardPace
	if m.RenderedAt.Before(m.CreatedAt.Add(firstEdit).Time) { // that was the post
		pace = firstEdit
	}
	return m.RenderedAt.Add(pace).Sub(p.store.Now().Time)
}

// told is what a message tells of: the targets that point at it, or, for a file beside a reply, at that reply.
func told(run store.Run, m store.Message) []store.Target {
	var targets []store.Target
	for _, t := range run.Targets {
		if t.MessageID != nil && (*t.MessageID == m.ID || *t.MessageID == m.Key) {
			targets = append(targets, t)
		}
	}
	return targets
}
