package slacksim

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// PostMessage posts as a person. Text is what the person types: @name and #name
// become links, as Slack's own clients make them; ready-made <@U…> stays. The
// app hears of it by app_mention and message events if it subscribed. It
// returns the message's ts.
func (s *Server) PostMessage(userID, channelID, threadTS, text string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, u, err := s.person(channelID, userID)
	if err != nil {
		return "", fmt.Errorf("post as %s: %w", userID, err)
	}
	if strings.TrimSpace(text) == "" {
		return "", fmt.Errorf("post as %s: no text", userID)
	}
	parent, err := c.thread(threadTS)
	if err != nil {
		return "", fmt.Errorf("post as %s: %w", userID, err)
	}
	m := &Message{User: u.ID, Team: u.TeamID, Text: s.markup(text, false), ThreadTS: parent}
	m.Blocks = plainRichText(m.Text)
	s.post(c, m)
	if s.mentions(m.Text) {
		s.mentionEvent(c, m)
	}
	return m.TS, nil
}

// EditMessage changes a person's own message. The app hears message_changed,
// and app_mention if the bot is mentioned only now.
func (s *Server) EditMessage(userID, channelID, ts, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, m, err := s.ownOfPerson(userID, channelID, ts)
	if err != nil {
		return fmt.Errorf("edit as %s: %w", userID, err)
	}
	before, mentioned := s.messageJSON(m, true), s.mentions(m.Text)
	m.Text = s.markup(text, false)
	m.Blocks = plainRichText(m.Text)
	s.edited(c, m, before)
	if s.mentions(m.Text) && !mentioned {
		s.mentionEvent(c, m)
	}
	return nil
}

// DeleteMessage deletes a person's own message.
func (s *Server) DeleteMessage(userID, channelID, ts string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, m, err := s.ownOfPerson(userID, channelID, ts)
	if err != nil {
		return fmt.Errorf("delete as %s: %w", userID, err)
	}
	s.remove(c, m)
	return nil
}

func (s *Server) ownOfPerson(userID, channelID, ts string) (*channel, *Message, error) {
	c, _, err := s.person(channelID, userID)
	if err != nil {
		return nil, nil, err
	}
	m := c.byTS[ts]
	if m == nil || m.User != userID {
		return nil, nil, fmt.Errorf("message %s is not theirs", ts)
	}
	return c, m, nil
}

func (s *Server) mentions(text string) bool {
	return strings.Contains(text, "<@"+s.botUser+">") || strings.Contains(text, "<@"+s.botUser+"|")
}

// mentionEvent sends app_mention. Slack sends none in direct messages, and the
// bot has to be in the channel.
func (s *Server) mentionEvent(c *channel, m *Message) {
	if c.DM != "" || !c.has(s.botUser) {
		return
	}
	inner := s.messageJSON(m, true)
	inner["type"], inner["channel"], inner["event_ts"] = "app_mention", c.ID, m.TS
	inner["client_msg_id"] = uuid.NewString()
	if m.Team != s.cfg.Team.ID {
		inner["user_team"], inner["source_team"] = m.Team, m.Team
	}
	s.event("app_mention", inner)
}

// plainRichText is the rich_text block that Slack's clients send with what
// people type.
func plainRichText(text string) []byte {
	return encode([]object{{
		"type": "rich_text", "block_id": newSecret()[:5],
		"elements": []object{{
			"type": "rich_text_section", "elements": []object{{"type": "text", "text": text}},
		}},
	}})
}
