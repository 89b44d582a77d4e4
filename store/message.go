package store

import (
	"context"
	"fmt"
)

// MessageKind is what a message shows.
type MessageKind string

// The kinds of message. Card, reply and file belong to a run.
const (
	MessageCard    MessageKind = "card"    // the one message in the channel
	MessageReply   MessageKind = "reply"   // in the card's thread: one or more servers with the same output
	MessageFile    MessageKind = "file"    // in the card's thread: what is too long for a reply or for the card
	MessageNotice  MessageKind = "notice"  // something that happened, in its own words
	MessageReview  MessageKind = "review"  // a run that somebody has to look at afterwards
	MessageHeadsUp MessageKind = "headsup" // what a schedule is about to do
	MessageReport  MessageKind = "report"  // what a schedule has done
)

// Message is a message in Slack as a projection of rows: it is behind while RenderedVersion < WantedVersion.
type Message struct {
	ID              string      `db:"id"`
	Owner           string      `db:"owner"` // the run, or what else it is about
	Kind            MessageKind `db:"kind"`
	Key             string      `db:"key"`
	Channel         string      `db:"channel"` // or a user's id: their direct message
	Text            string      `db:"text"`    // of a notice: what it says, in Slack's mrkdwn
	TS              string      `db:"ts"`      // Slack's name for it; "": not known to be posted
	WantedVersion   int64       `db:"wanted_version"`
	RenderedVersion int64       `db:"rendered_version"`
	RenderedAt      *Time       `db:"rendered_at"`
	AttemptedAt     *Time       `db:"attempted_at"` // when a post was begun whose answer may be lost
	Attempts        int         `db:"attempts"`     // failed ones in a row
	RetryAt         Time        `db:"retry_at"`
	GivenUp         string      `db:"given_up"`
	CreatedAt       Time        `db:"created_at"`
	Final           bool        `db:"final"` // the run is over, or it shows none; only Behind fills it
}

func (t *tx) createCard(ctx context.Context, run Run) error {
	if run.Channel == "" {
		return nil
	}
	_, err := t.createMessage(ctx, Message{Owner: run.ID, Kind: MessageCard, Channel: run.Channel, WantedVersion: run.Version})
	return err
}

func (t *tx) createMessage(ctx context.Context, m Message) (string, error) {
	var err error
	if m.ID, err = newID(); err != nil {
		return "", err
	}
	m.CreatedAt = t.now
	_, err = t.NamedExecContext(ctx, `INSERT INTO messages (id, owner, kind, key, channel, text, wanted_version, created_at)
		VALUES (:id, :owner, :kind, :key, :channel, :text, :wanted_version, :created_at)`, m)
	if err != nil {
		return "", fmt.Errorf("record a %s: %w", m.Kind, err)
	}
	return m.ID, nil
}

// Behind lists the messages that do not show their rows yet: cards first, and of those the ones of runs that are over.
// One that failed waits for its RetryAt.
func (s *Store) Behind(ctx context.Context) ([]Message, error) {
	list := []Message{}
	err := s.read.SelectContext(ctx, &list, `SELECT messages.*, runs.finished_at IS NOT NULL OR runs.id IS NULL AS final FROM messages LEFT JOIN runs ON runs.id = messages.owner
		WHERE rendered_version < wanted_version AND given_up = '' ORDER BY (kind = 'card') DESC, final DESC, messages.id`)
	if err != nil {
		return nil, fmt.Errorf("list messages that are behind: %w", err)
	}
	return list, nil
}

// Card returns the card of a run, or ErrNotFound.
func (s *Store) Card(ctx context.Context, runID string) (Message, error) {
	var m Message
	if err := s.read.GetContext(ctx, &m, "SELECT * FROM messages WHERE owner = ? AND kind = 'card'", runID); err != nil {
		return m, fmt.Errorf("card of a run: %w", found(err))
	}
	return m, nil
}

// Head returns the message in whose thread a message belongs, or ErrNotFound.
func (s *Store) Head(ctx context.Context, m Message) (Message, error) {
	if m.Kind != MessageReport {
		return s.Card(ctx, m.Owner)
	}
	var head Message
	if err := s.read.GetContext(ctx, &head, "SELECT * FROM messages WHERE owner = ? AND kind = 'report' AND key = ''", m.Owner); err != nil {
		return head, fmt.Errorf("head of a report: %w", found(err))
	}
	return head, nil
}

// MessageOwner returns the run that a message in Slack shows, or ErrNotFound when drover recorded no such message.
func (s *Store) MessageOwner(ctx context.Context, channel, ts string) (string, error) {
	var owner string
	if err := s.read.GetContext(ctx, &owner, "SELECT owner FROM messages WHERE channel = ? AND ts = ? AND ts <> ''", channel, ts); err != nil {
		return "", fmt.Errorf("owner of a message: %w", found(err))
	}
	return owner, nil
}

// Posting says whether a message is on its way to a channel: it may be there, and drover has not noted it yet.
func (s *Store) Posting(ctx context.Context, channel string) (bool, error) {
	var on bool
	err := s.read.GetContext(ctx, &on, "SELECT EXISTS (SELECT 1 FROM messages WHERE channel = ? AND ts = '' AND attempted_at IS NOT NULL AND given_up = '')", channel)
	if err != nil {
		return false, fmt.Errorf("look for messages on their way: %w", err)
	}
	return on, nil
}

// Attempting notes that a post is about to be sent: should its answer be lost, it is looked for before it is sent again.
func (s *Store) Attempting(ctx context.Context, id string) error {
	return s.updateMessage(ctx, "UPDATE messages SET attempted_at = ? WHERE id = ? AND attempted_at IS NULL", s.Now(), id)
}

// Rendered notes which version a message shows now, and where it is.
func (s *Store) Rendered(ctx context.Context, id, ts string, version int64) error {
	return s.updateMessage(ctx, `UPDATE messages SET ts = ?, rendered_version = ?, rendered_at = ?, attempts = 0, retry_at = 0
		WHERE id = ? AND rendered_version < ?`, ts, version, s.Now(), id, version)
}

// RetryMessage notes a failure that may pass.
func (s *Store) RetryMessage(ctx context.Context, id string, at Time) error {
	return s.updateMessage(ctx, "UPDATE messages SET attempts = attempts + 1, retry_at = ? WHERE id = ?", at, id)
}

// GiveUpMessage notes a failure that will not pass.
func (s *Store) GiveUpMessage(ctx context.Context, id, why string) error {
	return s.updateMessage(ctx, "UPDATE messages SET given_up = ? WHERE id = ?", why, id)
}

// RedirectMessages sends what a run has not posted yet to another channel.
func (s *Store) RedirectMessages(ctx context.Context, runID, channel string) error {
	return s.updateMessage(ctx, "UPDATE messages SET channel = ?, attempted_at = NULL, retry_at = 0 WHERE owner = ? AND ts = '' AND kind IN ('card', 'reply', 'file')", channel, runID)
}

// RedirectMessage sends a message that is not posted yet to another channel.
func (s *Store) RedirectMessage(ctx context.Context, id, channel string) error {
	return s.updateMessage(ctx, "UPDATE messages SET channel = ?, attempted_at = NULL, retry_at = 0 WHERE id = ? AND ts = ''", channel, id)
}

// ForgetPost makes a message that was deleted in Slack be posted anew.
func (s *Store) ForgetPost(ctx context.Context, id string) error {
	return s.updateMessage(ctx, "UPDATE messages SET ts = '', attempted_at = NULL, rendered_version = 0 WHERE id = ?", id)
}

func (s *Store) updateMessage(ctx context.Context, query string, args ...any) error {
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, query, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("note what became of a message: %w", err)
	}
	return nil
}

// NewReply is a reply to be: the targets it tells of, by id, none of them told of yet.
type NewReply struct {
	Kind    MessageKind
	Targets []string
	File    bool // the output is too long for the reply: the whole goes into a file beside it
}

// CreateReplies records replies in the thread of a card. A target that a reply tells of already is left to it.
func (s *Store) CreateReplies(ctx context.Context, run Run, card Message, replies []NewReply) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		for _, reply := range replies {
			if err := t.createReply(ctx, run, card, reply); err != nil {
				return err
			}
		}
		return nil
	})
}

// AddFile has a file put into the thread of a run's card, unless there is one with that key already.
func (s *Store) AddFile(ctx context.Context, run Run, key, channel string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		var there int
		err := t.GetContext(ctx, &there, "SELECT count(*) FROM messages WHERE owner = ? AND kind = 'file' AND key = ?", run.ID, key)
		if err != nil {
			return fmt.Errorf("record a file: %w", err)
		}
		if there > 0 {
			return nil
		}
		_, err = t.createMessage(ctx, Message{Owner: run.ID, Kind: MessageFile, Key: key, Channel: channel, WantedVersion: run.Version})
		return err
	})
}

func (t *tx) createReply(ctx context.Context, run Run, card Message, reply NewReply) error {
	var told int
	err := t.GetContext(ctx, &told, "SELECT count(*) FROM targets WHERE id = ? AND message_id IS NOT NULL", reply.Targets[0])
	if err != nil {
		return fmt.Errorf("record a reply: %w", err)
	}
	if told > 0 {
		return nil
	}
	id, err := t.createMessage(ctx, Message{Owner: run.ID, Kind: reply.Kind, Key: reply.Targets[0], Channel: card.Channel, WantedVersion: run.Version})
	if err != nil {
		return err
	}
	if reply.File {
		_, err := t.createMessage(ctx, Message{Owner: run.ID, Kind: MessageFile, Key: id, Channel: card.Channel, WantedVersion: run.Version})
		if err != nil {
			return err
		}
	}
	for _, target := range reply.Targets {
		if _, err := t.ExecContext(ctx, "UPDATE targets SET message_id = ? WHERE id = ? AND message_id IS NULL", id, target); err != nil {
			return fmt.Errorf("record a reply: %w", err)
		}
	}
	return nil
}
