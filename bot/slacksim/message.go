package slacksim

import (
	"encoding/json"
	"slices"
	"sort"
)

// Message is a message as people see it.
type Message struct {
	Channel  string `json:"channel"`
	TS       string `json:"ts"`
	ThreadTS string `json:"thread_ts,omitempty"` // set for replies, and for parents with replies
	User     string `json:"user"`
	Team     string `json:"team,omitempty"`
	BotID    string `json:"bot_id,omitempty"` // set for the app's messages
	Text     string `json:"text"`

	Blocks      json.RawMessage `json:"blocks,omitempty"`
	Attachments json.RawMessage `json:"attachments,omitempty"`
	Metadata    json.RawMessage `json:"metadata,omitempty"`
	Files       []File          `json:"files,omitempty"`

	Broadcast bool `json:"broadcast,omitempty"` // a reply that is shown in the channel too
	// Version is 1 when posted and one more with every edit.
	Version  int    `json:"version"`
	EditedTS string `json:"edited_ts,omitempty"`

	// To is the only person who sees an ephemeral message.
	To string `json:"to,omitempty"`
	// Slash is the command line that an answer belongs to.
	Slash string `json:"slash,omitempty"`

	ReplyCount  int      `json:"reply_count,omitempty"`
	ReplyUsers  []string `json:"reply_users,omitempty"`
	LatestReply string   `json:"latest_reply,omitempty"`
}

// reply reports whether the message is inside a thread, not its parent.
func (m *Message) reply() bool { return m.ThreadTS != "" && m.ThreadTS != m.TS }

// snapshot copies what changes later.
func (m *Message) snapshot() Message {
	c := *m
	c.Files = slices.Clone(m.Files)
	c.ReplyUsers = slices.Clone(m.ReplyUsers)
	return c
}

// Messages returns what is in a channel outside threads, oldest first.
func (s *Server) Messages(channelID string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	if c := s.channels[channelID]; c != nil {
		for _, m := range c.messages {
			if !m.reply() || m.Broadcast {
				out = append(out, m.snapshot())
			}
		}
	}
	return out
}

// Thread returns a message and its replies, oldest first.
func (s *Server) Thread(channelID, ts string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[channelID]
	if c == nil || c.byTS[ts] == nil {
		return nil
	}
	out := []Message{c.byTS[ts].snapshot()}
	for _, m := range c.threads[ts] {
		out = append(out, m.snapshot())
	}
	return out
}

// Message returns one message.
func (s *Server) Message(channelID, ts string) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channels[channelID]; c != nil && c.byTS[ts] != nil {
		return c.byTS[ts].snapshot(), true
	}
	return Message{}, false
}

// Ephemerals returns what only this person was shown, oldest first.
func (s *Server) Ephemerals(userID string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.ephemerals {
		if m.To == userID {
			out = append(out, m.snapshot())
		}
	}
	return out
}

// post stores a message and tells the app. The caller holds s.mu.
func (s *Server) post(c *channel, m *Message) {
	m.Channel, m.TS, m.Version = c.ID, s.clock.next(s.now()), 1
	c.messages = append(c.messages, m)
	c.byTS[m.TS] = m
	if parent := c.byTS[m.ThreadTS]; m.ThreadTS != "" && parent != nil {
		parent.ThreadTS = parent.TS
		parent.ReplyCount++
		parent.LatestReply = m.TS
		if !slices.Contains(parent.ReplyUsers, m.User) {
			parent.ReplyUsers = append(parent.ReplyUsers, m.User)
		}
		c.threads[parent.TS] = append(c.threads[parent.TS], m)
	}
	s.emitData(Event{Kind: EventMessage, Channel: c.ID, TS: m.TS, User: m.User}, m)
	s.messageEvent(c, s.messageJSON(m, true), m.TS)
}

// whisper stores an ephemeral message. The caller holds s.mu.
func (s *Server) whisper(c *channel, m *Message) {
	m.Channel, m.TS, m.Version = c.ID, s.clock.next(s.now()), 1
	s.ephemerals = append(s.ephemerals, m)
	s.emitData(Event{Kind: EventEphemeral, Channel: c.ID, TS: m.TS, User: m.To}, m)
}

// edited tells everybody that a message changed. The caller holds s.mu.
func (s *Server) edited(c *channel, m *Message, before object) {
	m.Version++
	now := s.clock.next(s.now())
	m.EditedTS = now
	s.emitData(Event{Kind: EventChanged, Channel: c.ID, TS: m.TS, User: m.User}, m)
	s.messageEvent(c, object{
		"type": "message", "subtype": "message_changed", "hidden": true, "ts": now,
		"message": s.messageJSON(m, true), "previous_message": before,
	}, now)
}

// remove deletes a message. The caller holds s.mu.
func (s *Server) remove(c *channel, m *Message) {
	delete(c.byTS, m.TS)
	c.messages = cut(c.messages, m)
	if parent := c.byTS[m.ThreadTS]; parent != nil {
		c.threads[m.ThreadTS] = cut(c.threads[m.ThreadTS], m)
		parent.ReplyCount--
	}
	now := s.clock.next(s.now())
	s.emit(Event{Kind: EventDeleted, Channel: c.ID, TS: m.TS})
	s.messageEvent(c, object{
		"type": "message", "subtype": "message_deleted", "hidden": true, "ts": now, "deleted_ts": m.TS,
		"previous_message": s.messageJSON(m, true),
	}, now)
}

// cut removes a message from a list that is sorted by time.
func cut(list []*Message, m *Message) []*Message {
	at, _ := parseTS(m.TS)
	i := sort.Search(len(list), func(i int) bool {
		t, _ := parseTS(list[i].TS)
		return t >= at
	})
	if i < len(list) && list[i] == m {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// messageEvent sends message.channels and its kin, the app's own messages included.
func (s *Server) messageEvent(c *channel, inner object, ts string) {
	if !c.has(s.botUser) {
		return
	}
	inner["channel"], inner["channel_type"], inner["event_ts"] = c.ID, c.kind().eventKind(), ts
	s.event("message."+string(c.kind()), inner)
}

// messageJSON is a message object as the API returns it.
func (s *Server) messageJSON(m *Message, withMetadata bool) object {
	o := object{"type": "message", "user": m.User, "text": m.Text, "ts": m.TS, "team": m.Team}
	if m.BotID != "" {
		o["bot_id"], o["app_id"] = m.BotID, s.appID
		o["bot_profile"] = object{
			"id": m.BotID, "app_id": s.appID, "name": s.users[s.botUser].Name, "team_id": s.cfg.Team.ID,
			"deleted": false, "updated": s.started.Unix(), "icons": object{},
		}
	}
	if m.To != "" {
		o["is_ephemeral"] = true
	}
	if m.ThreadTS != "" {
		o["thread_ts"] = m.ThreadTS
	}
	if m.reply() && m.Broadcast {
		o["subtype"] = "thread_broadcast"
	}
	addRaw(o, "blocks", m.Blocks)
	addRaw(o, "attachments", m.Attachments)
	if withMetadata {
		addRaw(o, "metadata", m.Metadata)
	}
	if len(m.Files) > 0 {
		o["files"] = s.filesJSON(m.Files)
	}
	if m.EditedTS != "" {
		o["edited"] = object{"user": m.User, "ts": m.EditedTS}
	}
	if m.ReplyCount > 0 {
		o["reply_count"], o["reply_users"], o["reply_users_count"] = m.ReplyCount, slices.Clone(m.ReplyUsers), len(m.ReplyUsers)
		o["latest_reply"], o["is_locked"], o["subscribed"] = m.LatestReply, false, false
	}
	return o
}

func addRaw(o object, name string, raw json.RawMessage) {
	if len(raw) > 0 {
		o[name] = raw
	}
}
