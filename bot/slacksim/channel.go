package slacksim

import (
	"fmt"
	"slices"
	"strings"
)

// Channel is a conversation. The bot is a member only if it is listed.
type Channel struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Private   bool     `json:"private"`
	ExtShared bool     `json:"ext_shared"`
	Archived  bool     `json:"archived"`
	Members   []string `json:"members"`
	// DM is the other person in a direct message with the bot, else "".
	DM string `json:"dm"`
}

type channel struct {
	Channel
	created  int64
	messages []*Message          // all, oldest first
	byTS     map[string]*Message // the same
	threads  map[string][]*Message
}

func (c *channel) kind() kind {
	switch {
	case c.DM != "":
		return kindDM
	case c.Private:
		return kindPrivate
	default:
		return kindPublic
	}
}

func (c *channel) has(userID string) bool { return slices.Contains(c.Members, userID) }

// slashName is the channel_name of slash commands, which hides private names.
func (c *channel) slashName() string {
	switch c.kind() {
	case kindDM:
		return "directmessage"
	case kindPrivate:
		return "privategroup"
	default:
		return c.Name
	}
}

// AddChannel adds a channel. Members must exist; list BotUserID to have the bot in it.
func (s *Server) AddChannel(c Channel) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.ID == "" || c.Name == "" || c.DM != "" {
		return fmt.Errorf("add channel %q: id and name are required, and a DM is opened with OpenDM", c.ID)
	}
	if _, ok := s.channels[c.ID]; ok {
		return fmt.Errorf("add channel %q: the id is taken", c.ID)
	}
	for _, id := range c.Members {
		if _, ok := s.users[id]; !ok {
			return fmt.Errorf("add channel %q: no user %q", c.ID, id)
		}
	}
	s.putChannel(c)
	return nil
}

func (s *Server) putChannel(c Channel) *channel {
	c.Members = slices.Clone(c.Members)
	state := &channel{
		Channel: c, created: s.now().Unix(),
		byTS: map[string]*Message{}, threads: map[string][]*Message{},
	}
	s.channels[c.ID] = state
	s.channelOrder = append(s.channelOrder, c.ID)
	s.emit(Event{Kind: EventChannel, Channel: c.ID})
	return state
}

// Join makes somebody, or the bot, a member of a channel.
func (s *Server) Join(channelID, userID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.channelAndUser(channelID, userID)
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	if !c.has(userID) {
		c.Members = append(c.Members, userID)
		s.membershipEvent("member_joined_channel", c, userID)
	}
	return nil
}

// Leave ends a membership.
func (s *Server) Leave(channelID, userID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.channelAndUser(channelID, userID)
	if err != nil {
		return fmt.Errorf("leave: %w", err)
	}
	if i := slices.Index(c.Members, userID); i >= 0 {
		c.Members = slices.Delete(slices.Clone(c.Members), i, i+1)
		s.membershipEvent("member_left_channel", c, userID)
	}
	return nil
}

func (s *Server) membershipEvent(name string, c *channel, userID string) {
	s.emit(Event{Kind: EventChannel, Channel: c.ID, User: userID})
	if c.has(s.botUser) || userID == s.botUser {
		s.event(name, object{
			"type": name, "user": userID, "channel": c.ID, "channel_type": c.ID[:1], "team": s.cfg.Team.ID,
			"event_ts": s.clock.next(s.now()),
		})
	}
}

// Archive closes a channel for good.
func (s *Server) Archive(channelID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.channels[channelID]
	if !ok {
		return fmt.Errorf("archive: no channel %q", channelID)
	}
	c.Archived = true
	s.emit(Event{Kind: EventChannel, Channel: c.ID})
	s.event("channel_archive", object{"type": "channel_archive", "channel": c.ID, "event_ts": s.clock.next(s.now())})
	return nil
}

// OpenDM returns the id of the direct message between a person and the bot.
func (s *Server) OpenDM(userID string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.users[userID]; !ok || userID == s.botUser {
		return "", fmt.Errorf("open a DM: no person %q", userID)
	}
	c, _ := s.dm(userID)
	return c.ID, nil
}

// dm finds or makes the bot's DM with a person. The caller holds s.mu.
func (s *Server) dm(userID string) (c *channel, existed bool) {
	for _, id := range s.channelOrder {
		if s.channels[id].DM == userID {
			return s.channels[id], true
		}
	}
	return s.putChannel(Channel{ID: newID("D"), DM: userID, Members: []string{userID, s.botUser}}), false
}

// Channels returns all conversations in the order in which they were made.
func (s *Server) Channels() []Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	channels := make([]Channel, 0, len(s.channelOrder))
	for _, id := range s.channelOrder {
		c := s.channels[id].Channel
		c.Members = slices.Clone(c.Members)
		channels = append(channels, c)
	}
	return channels
}

func (s *Server) channelAndUser(channelID, userID string) (*channel, error) {
	c, ok := s.channels[channelID]
	if !ok {
		return nil, fmt.Errorf("no channel %q", channelID)
	}
	if _, ok := s.users[userID]; !ok {
		return nil, fmt.Errorf("no user %q", userID)
	}
	return c, nil
}

// person checks that somebody can act in a channel. The caller holds s.mu.
func (s *Server) person(channelID, userID string) (*channel, *User, error) {
	c, err := s.channelAndUser(channelID, userID)
	if err != nil {
		return nil, nil, err
	}
	u := s.users[userID]
	switch {
	case u.Deleted:
		return nil, nil, fmt.Errorf("user %s is deactivated", userID)
	case !c.has(userID):
		return nil, nil, fmt.Errorf("user %s is not in %s", userID, channelID)
	case c.Archived:
		return nil, nil, fmt.Errorf("channel %s is archived", channelID)
	}
	return c, u, nil
}

// visible finds a channel as the bot sees it: a private one that it is not in
// does not exist for it.
func (s *Server) visible(id string) (*channel, error) {
	c, ok := s.channels[id]
	if !ok || (c.kind() != kindPublic && !c.has(s.botUser)) {
		return nil, refuse("channel_not_found")
	}
	return c, nil
}

// addressed is visible for methods that also take a channel's name or a user id.
func (s *Server) addressed(id string) (*channel, error) {
	if u, ok := s.users[id]; ok && id != s.botUser && !u.Deleted {
		c, _ := s.dm(id)
		return c, nil
	}
	if name, ok := strings.CutPrefix(id, "#"); ok {
		for _, c := range s.channels {
			if c.Name == name {
				id = c.ID
			}
		}
	}
	return s.visible(id)
}
