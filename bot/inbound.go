package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"drover/store"
)

// tooOld is the age from which an event is refused: what was wanted then may be wrong now.
const tooOld = time.Minute

// slash handles a slash command. What it returns is the ack's payload, the private answer, and what is left to do then.
func (b *Bot) slash(ctx context.Context, s slack.SlashCommand) (any, then) {
	after := then(nothing)
	text := b.answer(ctx, command{
		actor: store.SlackActor(b.home(s.TeamID), s.UserID), channel: s.ChannelID, text: normalize(s.Text),
		origin: store.Slash, key: "slash/" + s.TriggerID, after: &after,
		private: func(ctx context.Context, c content) string { return b.respond(ctx, s.ResponseURL, c) },
	})
	if text == "" {
		return nil, after
	}
	return ack(fitting(text)), after
}

// ack is a private answer, in blocks, and once more for readers that show none: whole, or, where that is too long, its
// beginning.
func ack(text string) any {
	blocks := content{text: text}.verbatim()
	if encoded, err := json.Marshal(text); err != nil || len(encoded) > maxAckText {
		text = clip(text, 300)
	}
	return map[string]any{"response_type": "ephemeral", "text": text, "blocks": blocks}
}

const (
	// maxAck is how many bytes of text an ack's blocks carry: Slack drops an ack of 20 KiB or more without a word.
	maxAck = 15 << 10
	// maxAckText is how many bytes of text there are once more whole.
	maxAckText = 8 << 10
)

// fitting cuts the last lines off an answer that an ack cannot carry.
func fitting(text string) string {
	lines, room := strings.Split(text, "\n"), maxAck
	for i, line := range lines {
		encoded, err := json.Marshal(line)
		if room -= len(encoded); err == nil && room >= 0 {
			continue
		}
		if i == 0 {
			return clip(line, maxAck/16) // whatever its characters, they fit
		}
		return strings.Join(lines[:i], "\n") + fmt.Sprintf("\n… and %d lines more", len(lines)-i)
	}
	return text
}

// event handles what Slack tells of people and messages.
func (b *Bot) event(ctx context.Context, e slackevents.EventsAPIEvent) then {
	outer, ok := e.Data.(*slackevents.EventsAPICallbackEvent)
	if !ok {
		return nothing
	}
	switch inner := e.InnerEvent.Data.(type) {
	case *slackevents.AppMentionEvent:
		return b.mention(ctx, e.TeamID, outer, inner)
	case *slackevents.MessageEvent:
		return b.direct(ctx, e.TeamID, outer, inner)
	case *slackevents.AppHomeOpenedEvent:
		return b.homeOpened(b.home(e.TeamID), inner)
	case *slackevents.UserChangeEvent:
		return b.userChanged(ctx, outer)
	case *slackevents.SubteamUpdatedEvent, *slackevents.SubteamMembersChangedEvent:
		return b.groupChanged(ctx, *outer.InnerEvent)
	}
	return nothing
}

// mention handles `@drover update web1`. An edited message is no request: what it said before was.
func (b *Bot) mention(ctx context.Context, team string, outer *slackevents.EventsAPICallbackEvent, m *slackevents.AppMentionEvent) then {
	if m.Edited != nil || m.BotID != "" || m.User == b.self.UserID {
		return nothing
	}
	team = b.home(m.UserTeam, team)
	text := strings.TrimSpace(strings.Replace(normalize(m.Text), "@"+b.self.UserID, "", 1))
	after := then(nothing)
	c := command{
		actor: store.SlackActor(team, m.User), channel: m.Channel, text: text, origin: store.Mention, key: "event/" + outer.EventID, after: &after,
		private: func(ctx context.Context, c content) string {
			return b.whisper(ctx, m.Channel, m.ThreadTimeStamp, m.User, c)
		},
	}
	answer := b.answerEvent(ctx, c, outer)
	return func(ctx context.Context) {
		c.private(ctx, content{text: answer})
		after(ctx)
	}
}

// direct handles a direct message.
func (b *Bot) direct(ctx context.Context, team string, outer *slackevents.EventsAPICallbackEvent, m *slackevents.MessageEvent) then {
	if m.SubType != "" || m.BotID != "" || m.User == "" || m.User == b.self.UserID || !m.IsIM() {
		return nothing
	}
	team = b.home(m.UserTeam, team)
	after := then(nothing)
	c := command{
		actor: store.SlackActor(team, m.User), channel: m.Channel, text: normalize(m.Text), origin: store.DM, key: "event/" + outer.EventID, after: &after,
		private: func(ctx context.Context, c content) string { return b.reply(ctx, m.Channel, m.ThreadTimeStamp, c) },
	}
	answer := b.answerEvent(ctx, c, outer)
	return func(ctx context.Context) {
		c.private(ctx, content{text: answer})
		after(ctx)
	}
}

func (b *Bot) answerEvent(ctx context.Context, c command, outer *slackevents.EventsAPICallbackEvent) string {
	if age := b.age(outer); age > tooOld {
		return b.tooLate(ctx, c, age)
	}
	return b.answer(ctx, c)
}

// home is the team of whoever sends something: the one that Slack says of the person, or the envelope's. In an
// Enterprise Grid it may be another workspace of the organisation, or the whole of it, though they are a member of ours
// too: whether they are is then left to what users.info says of them.
func (b *Bot) home(teams ...string) string {
	if b.self.EnterpriseID != "" {
		return b.self.TeamID
	}
	return cmp.Or(teams...)
}

// age is how long ago an event happened; 0 when Slack does not say.
func (b *Bot) age(outer *slackevents.EventsAPICallbackEvent) time.Duration {
	if outer.EventTime == 0 {
		return 0
	}
	return b.store.Now().Sub(time.Unix(int64(outer.EventTime), 0))
}

// tooLate refuses an old event. One that was delivered before in time has its run, and gets no second answer.
func (b *Bot) tooLate(ctx context.Context, c command, age time.Duration) string {
	delivered, err := b.store.Receive(ctx, c.key)
	if err != nil {
		return b.explain(ctx, c, err)
	}
	if delivered {
		return ""
	}
	return fmt.Sprintf(":no_entry_sign: Slack delivered this %s late, so nothing was run. Send it again if you still want it.", age.Round(time.Second))
}

// userChanged takes what Slack says of a person the moment it changes. slack-go's own event type leaves out what
// matters here: deleted, restricted, stranger. Of whom drover has not met it takes nothing; what comes late may be wrong
// by now, so then Slack is asked.
func (b *Bot) userChanged(ctx context.Context, outer *slackevents.EventsAPICallbackEvent) then {
	var inner struct {
		User slack.User `json:"user"`
	}
	if err := json.Unmarshal(*outer.InnerEvent, &inner); err != nil {
		b.log.Warn("cannot read a change of a person", "error", err)
		return nothing
	}
	_, err := b.store.User(ctx, b.self.TeamID, inner.User.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nothing
	}
	if err == nil && b.age(outer) > tooOld {
		return func(ctx context.Context) {
			if err := b.askUser(ctx, inner.User.ID); err != nil {
				b.log.Warn("cannot ask Slack about a person who changed", "user", inner.User.ID, "error", err)
			}
		}
	}
	if err == nil {
		err = b.store.SaveUser(ctx, b.userOf(inner.User))
	}
	if err != nil {
		b.log.Error("cannot keep a change of a person", "error", err)
	}
	return nothing
}
