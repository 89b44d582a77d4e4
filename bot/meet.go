package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"drover/executor"
	"drover/store"
)

const (
	// meetTimeout bounds what an unknown person or channel may cost before the ack.
	meetTimeout = time.Second
	// refreshEvery is how often Slack is asked again about everybody drover knows; events tell sooner.
	refreshEvery = 5 * time.Minute
	// meetAgainEvery is how soon Slack is asked again about those whom runs wait for; then less and less often.
	meetAgainEvery = 2 * time.Second
)

// meet makes sure that the store knows the person and the channel of a command, asking Slack about a new one.
func (b *Bot) meet(ctx context.Context, c command) error {
	ctx, cancel := context.WithTimeout(ctx, meetTimeout)
	defer cancel()
	if err := b.meetPerson(ctx, c.actor); err != nil || c.channel == "" { // a Home
		return err
	}
	return b.meetChannel(ctx, c)
}

// meetPerson asks Slack about somebody whom drover has not met since it was started: they may have become a guest while
// it was away.
func (b *Bot) meetPerson(ctx context.Context, actor store.Actor) error {
	team, id, _ := actor.Slack()
	user, err := b.store.User(ctx, team, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if team != b.self.TeamID || err == nil && user.Known() {
		return nil
	}
	if err := b.askUser(ctx, id); err != nil {
		b.log.Warn("cannot ask Slack about a person", "user", id, "error", err)
		return &executor.Refusal{Kind: executor.Policy, Text: "drover could not ask Slack who you are, so nothing was run. Try again in a moment."}
	}
	return nil
}

func (b *Bot) meetChannel(ctx context.Context, c command) error {
	channel, err := b.store.Channel(ctx, c.channel)
	if errors.Is(err, store.ErrNotFound) {
		channel, err = b.askChannel(ctx, c.channel)
	}
	if err != nil {
		b.log.Warn("cannot ask Slack about a channel", "channel", c.channel, "error", err)
		return &executor.Refusal{Kind: executor.Policy, Text: "drover could not ask Slack about this channel, so nothing was run. Try again in a moment."}
	}
	if channel.Shared {
		return &executor.Refusal{Kind: executor.Policy, Text: "This channel is shared with another organisation, so drover runs nothing from here. Use a channel of your own, or write to drover directly."}
	}
	return nil
}

// askUser keeps what Slack says of somebody now. Whom it knew once and knows no more has left.
func (b *Bot) askUser(ctx context.Context, id string) error {
	asked := b.store.Now()
	info, err := b.api.GetUserInfoContext(ctx, id)
	var refused slack.SlackErrorResponse
	if errors.As(err, &refused) && slices.Contains([]string{"user_not_found", "user_not_visible"}, refused.Err) {
		return b.userGone(ctx, id, asked, err)
	}
	if errors.As(err, &refused) && !mayPass(refused.Err) {
		return b.userUntold(ctx, id, asked, err)
	}
	if err != nil {
		return err
	}
	user := b.userOf(*info)
	user.CheckedAt = asked
	return b.store.SaveUser(ctx, user)
}

// userGone takes somebody whom Slack does not know any more for deactivated. why is the error for one whom drover never met.
func (b *Bot) userGone(ctx context.Context, id string, asked store.Time, why error) error {
	user, err := b.store.User(ctx, b.self.TeamID, id)
	if errors.Is(err, store.ErrNotFound) {
		return why
	}
	if err != nil {
		return err
	}
	if !user.Deactivated {
		b.log.Warn("Slack does not know a person any more: drover refuses them from now on", "user", id, "error", why)
	}
	user.Deactivated, user.CheckedAt = true, asked
	return b.store.SaveUser(ctx, user)
}

// userUntold keeps what is known of somebody of whom Slack will not tell, for the lack of a scope for example. why is the
// error for one whom drover never met.
func (b *Bot) userUntold(ctx context.Context, id string, asked store.Time, why error) error {
	user, err := b.store.User(ctx, b.self.TeamID, id)
	if errors.Is(err, store.ErrNotFound) {
		return why
	}
	if err != nil {
		return err
	}
	b.log.Warn("Slack does not tell of a person: what it told last counts", "user", id, "error", why)
	user.CheckedAt = asked
	return b.store.SaveUser(ctx, user)
}

func (b *Bot) userOf(u slack.User) store.User {
	name := u.Profile.DisplayName
	for _, other := range []string{u.RealName, u.Name, u.ID} {
		if name == "" {
			name = other
		}
	}
	return store.User{
		TeamID: b.self.TeamID, SlackID: u.ID, Name: name, Bot: u.IsBot, Guest: u.IsRestricted || u.IsUltraRestricted,
		Stranger: u.IsStranger || !b.ours(u), Deactivated: u.Deleted, Timezone: u.TZ,
	}
}

// ours says whether somebody is a member of our team. In an Enterprise Grid one may be so of several.
func (b *Bot) ours(u slack.User) bool {
	return u.TeamID == b.self.TeamID || slices.Contains(u.Enterprise.Teams, b.self.TeamID)
}

// askChannel learns whether drover can post in a channel and whether it is shared. Without the scope to ask, drover
// goes on: it cannot tell then, and says so in the log.
func (b *Bot) askChannel(ctx context.Context, id string) (store.Channel, error) {
	channel := store.Channel{ID: id}
	info, err := b.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
	var refused slack.SlackErrorResponse
	switch {
	case err == nil:
		channel.Visible, channel.Direct = info.IsMember || info.IsIM, info.IsIM
		channel.Shared = info.IsExtShared || info.IsPendingExtShared
	case !errors.As(err, &refused):
		return channel, err
	case refused.Err == "channel_not_found":
	case refused.Err == "missing_scope", refused.Err == "unknown_method":
		b.log.Warn("cannot tell whether a channel is shared with another organisation: give drover the scopes of `drover manifest`", "channel", id, "error", err)
		channel.Visible = true
	default:
		return channel, err
	}
	return channel, b.store.SaveChannel(ctx, channel)
}

// Refresh asks Slack about everybody, every channel and every usergroup that matters, at once and then every few minutes,
// until ctx ends.
func (b *Bot) Refresh(ctx context.Context) error {
	var both errgroup.Group
	both.Go(func() error { return b.watchGroups(ctx) })
	both.Go(func() error { return b.refreshAll(ctx) })
	return both.Wait()
}

func (b *Bot) refreshAll(ctx context.Context) error {
	ticker := time.NewTicker(refreshEvery)
	defer ticker.Stop()
	for {
		if err := b.refresh(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("cannot ask Slack about people and channels; trying again later", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// refresh asks about one after the other. One about whom Slack cannot tell is named in the error, and hides no other.
func (b *Bot) refresh(ctx context.Context) error {
	users, err := b.store.Users(ctx)
	if err != nil {
		return err
	}
	channels, err := b.store.Channels(ctx)
	if err != nil {
		return err
	}
	errs := []error{b.refreshGroups(ctx)}
	for _, user := range users {
		err := patiently(ctx, func() error { return b.askUser(ctx, user.SlackID) })
		errs = append(errs, about(user.SlackID, err))
	}
	for _, channel := range channels {
		err := patiently(ctx, func() error {
			_, err := b.askChannel(ctx, channel.ID)
			return err
		})
		errs = append(errs, about(channel.ID, err))
	}
	return errors.Join(errs...)
}

// MeetAgain asks Slack about the people on whose rights something rests that goes on by itself, until it has told of all
// of them or ctx ends: they may have become guests while drover was away. What is theirs waits for it.
func (b *Bot) MeetAgain(ctx context.Context) error {
	for wait := meetAgainEvery; ; wait = min(2*wait, refreshEvery) {
		err := b.meetResponsible(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		b.log.Warn("runs and schedules of people wait of whom Slack does not tell; asking again", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

func (b *Bot) meetResponsible(ctx context.Context) error {
	actors, err := b.store.Responsible(ctx)
	errs := []error{err}
	for _, actor := range actors {
		team, id, ok := actor.Slack()
		if !ok || team != b.self.TeamID {
			continue
		}
		user, err := b.store.User(ctx, team, id)
		if err == nil && user.Known() {
			continue
		}
		if err == nil || errors.Is(err, store.ErrNotFound) {
			err = patiently(ctx, func() error { return b.askUser(ctx, id) })
		}
		var refused slack.SlackErrorResponse
		if errors.As(err, &refused) && !mayPass(refused.Err) {
			continue // one whom nobody has ever met; asking again would not help
		}
		errs = append(errs, about(id, err))
	}
	return errors.Join(errs...)
}

func about(id string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("ask about %s: %w", id, err)
}

// patiently makes a call again when Slack has said how long to wait before: many people are more than a minute's worth.
func patiently(ctx context.Context, call func() error) error {
	for {
		err := call()
		var limited *slack.RateLimitedError
		if !errors.As(err, &limited) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(limited.RetryAfter):
		}
	}
}
