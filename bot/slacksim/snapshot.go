package slacksim

import "slices"

// Snapshot is the workspace as one person sees it, for a page that draws it and
// then follows the feed: events with a Seq above this one came later.
type Snapshot struct {
	Seq        int64                `json:"seq"`
	Team       Team                 `json:"team"`
	App        string               `json:"app"`
	BotUser    string               `json:"bot_user"`
	Commands   []string             `json:"commands"`
	Shortcuts  map[string]string    `json:"shortcuts"` // callback_id → name
	Users      []User               `json:"users"`
	Channels   []Channel            `json:"channels"` // those that the person is in
	Messages   map[string][]Message `json:"messages"` // by channel, threads included, oldest first
	Ephemerals []Message            `json:"ephemerals"`
	Modals     []View               `json:"modals"` // the bottom one first
	Home       *View                `json:"home,omitempty"`
}

// Snapshot returns what a person sees, at one moment.
func (s *Server) Snapshot(userID string) Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap := Snapshot{
		Seq: s.seq, Team: s.cfg.Team, App: s.manifest.Display.Name, BotUser: s.botUser,
		Shortcuts: map[string]string{}, Messages: map[string][]Message{},
	}
	for _, c := range s.manifest.Features.SlashCommands {
		snap.Commands = append(snap.Commands, c.Command)
	}
	for _, c := range s.manifest.Features.Shortcuts {
		snap.Shortcuts[c.CallbackID] = c.Name
	}
	for _, id := range s.userOrder {
		snap.Users = append(snap.Users, *s.users[id])
	}
	for _, id := range s.channelOrder {
		if c := s.channels[id]; c.has(userID) {
			snap.addChannel(c)
		}
	}
	for _, m := range s.ephemerals {
		if m.To == userID {
			snap.Ephemerals = append(snap.Ephemerals, m.snapshot())
		}
	}
	for _, id := range s.modals[userID] {
		snap.Modals = append(snap.Modals, s.views[id].View)
	}
	if v := s.homes[userID]; v != nil {
		home := v.View
		snap.Home = &home
	}
	return snap
}

func (snap *Snapshot) addChannel(c *channel) {
	shown := c.Channel
	shown.Members = slices.Clone(c.Members)
	snap.Channels = append(snap.Channels, shown)
	for _, m := range c.messages {
		snap.Messages[c.ID] = append(snap.Messages[c.ID], m.snapshot())
	}
}
