package slacksim

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// writable finds the channel that the bot wants to post to.
func (s *Server) writable(r *request) (*channel, error) {
	c, err := s.addressed(r.args["channel"])
	if err != nil {
		return nil, err
	}
	if c.Archived {
		return nil, refuse("is_archived")
	}
	if !c.has(s.botUser) && !s.manifest.hasScope("chat:write.public") {
		return nil, refuse("not_in_channel")
	}
	return c, nil
}

// botMessage starts a message of the app.
func (s *Server) botMessage(c content) *Message {
	return &Message{
		User: s.botUser, BotID: s.botID, Team: s.cfg.Team.ID, Text: cutText(c.text),
		Blocks: c.blocks, Attachments: c.attachments, Metadata: c.metadata,
	}
}

func (s *Server) chatPostMessage(r *request) (object, error) {
	c, err := s.writable(r)
	if err != nil {
		return nil, err
	}
	if err := s.rates.takePost(c.ID, s.now()); err != nil {
		return nil, err
	}
	if r.args["username"]+r.args["icon_emoji"]+r.args["icon_url"] != "" {
		if err := r.needScope("chat:write.customize"); err != nil {
			return nil, err
		}
	}
	said, err := s.kit.readContent(r.args)
	if err != nil {
		return nil, err
	}
	if said.empty() {
		return nil, refuse("no_text")
	}
	m := s.botMessage(said)
	if m.ThreadTS, err = c.thread(r.args["thread_ts"]); err != nil {
		return nil, err
	}
	m.Broadcast = m.ThreadTS != "" && r.flag("reply_broadcast")
	s.post(c, m)
	return object{"channel": c.ID, "ts": m.TS, "message": s.messageJSON(m, true)}, nil
}

// thread finds the parent of a new reply: a reply to a reply goes to its parent.
func (c *channel) thread(ts string) (string, error) {
	if ts == "" {
		return "", nil
	}
	m := c.byTS[ts]
	if m == nil {
		return "", refuse("thread_not_found")
	}
	if m.reply() {
		return m.ThreadTS, nil
	}
	return ts, nil
}

// own finds a message that the bot wants to change; cannot names the refusal
// for messages of others.
func (s *Server) own(r *request, cannot string) (*channel, *Message, error) {
	c, err := s.visible(r.args["channel"])
	if err != nil {
		return nil, nil, err
	}
	if c.Archived {
		return nil, nil, refuse("is_archived")
	}
	m := c.byTS[r.args["ts"]]
	if m == nil {
		// Ephemeral messages cannot be found again by anybody.
		return nil, nil, refuse("message_not_found")
	}
	if m.BotID != s.botID {
		return nil, nil, refuse(cannot)
	}
	return c, m, nil
}

func (s *Server) chatUpdate(r *request) (object, error) {
	c, m, err := s.own(r, "cant_update_message")
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(r.args["text"]) > maxUpdateText {
		return nil, refuse("msg_too_long")
	}
	said, err := s.kit.readContent(r.args)
	if err != nil {
		return nil, err
	}
	if said.empty() && !said.hasBlocks && !said.hasMetadata {
		return nil, refuse("no_text")
	}
	if isRichText(m.Blocks) && len(said.blocks) > 0 && !isRichText(said.blocks) {
		return nil, refuse("block_mismatch")
	}
	before := s.messageJSON(m, true)
	after := *m
	said.applyTo(&after, r)
	if after.Text == "" && len(after.Blocks) == 0 && len(after.Attachments) == 0 && len(after.Files) == 0 {
		return nil, refuse("no_text")
	}
	*m = after
	s.edited(c, m, before)
	return object{"channel": c.ID, "ts": m.TS, "text": m.Text, "message": s.messageJSON(m, true)}, nil
}

// applyTo changes a message as chat.update does: text without blocks removes
// the blocks, metadata stays unless it is given.
func (said content) applyTo(m *Message, r *request) {
	_, hasText := r.args["text"]
	if hasText || said.text != "" {
		m.Text = said.text
	}
	if hasText || said.hasBlocks {
		m.Blocks = said.blocks
	}
	if hasText || said.attachments != nil {
		m.Attachments = said.attachments
	}
	if said.hasMetadata {
		m.Metadata = said.metadata
	}
}

func (s *Server) chatDelete(r *request) (object, error) {
	c, m, err := s.own(r, "cant_delete_message")
	if err != nil {
		return nil, err
	}
	s.remove(c, m)
	return object{"channel": c.ID, "ts": m.TS}, nil
}

func (s *Server) chatPostEphemeral(r *request) (object, error) {
	c, err := s.writable(r)
	if err != nil {
		return nil, err
	}
	u, ok := s.users[r.args["user"]]
	switch {
	case !ok || u.Deleted:
		return nil, refuse("user_not_found")
	case !c.has(u.ID):
		return nil, refuse("user_not_in_channel")
	}
	said, err := s.kit.readContent(r.args)
	if err != nil {
		return nil, err
	}
	if said.empty() {
		return nil, refuse("no_text")
	}
	if utf8.RuneCountInString(said.text) > maxText {
		return nil, refuse("msg_too_long")
	}
	m := s.botMessage(said)
	m.To = u.ID
	if m.ThreadTS, err = c.thread(r.args["thread_ts"]); err != nil {
		return nil, err
	}
	s.whisper(c, m)
	return object{"message_ts": m.TS}, nil
}

func (s *Server) chatGetPermalink(r *request) (object, error) {
	c, err := s.visible(r.args["channel"])
	if err != nil {
		return nil, err
	}
	m := c.byTS[r.args["message_ts"]]
	if m == nil {
		return nil, refuse("message_not_found")
	}
	return object{"channel": c.ID, "permalink": s.permalink(m)}, nil
}

func (s *Server) permalink(m *Message) string {
	link := fmt.Sprintf("https://%s.slack.com/archives/%s/p%s", s.cfg.Team.Domain, m.Channel, strings.ReplaceAll(m.TS, ".", ""))
	if m.reply() {
		link += "?thread_ts=" + m.ThreadTS + "&cid=" + m.Channel
	}
	return link
}
