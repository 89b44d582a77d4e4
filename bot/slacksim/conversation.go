package slacksim

import (
	"slices"
	"strings"
)

// channelJSON is a conversation object.
func (s *Server) channelJSON(c *channel) object {
	o := object{
		"id": c.ID, "created": c.created, "is_archived": c.Archived, "is_im": c.DM != "", "is_mpim": false,
		"context_team_id": s.cfg.Team.ID, "updated": c.created * 1000, "is_org_shared": false,
		"is_shared": c.ExtShared, "is_ext_shared": c.ExtShared, "is_pending_ext_shared": false,
		"is_channel": c.kind() == kindPublic, "is_group": c.kind() == kindPrivate, "is_private": c.kind() != kindPublic,
	}
	if c.DM != "" {
		o["user"], o["is_user_deleted"], o["is_open"] = c.DM, s.users[c.DM].Deleted, true
		return o
	}
	o["name"], o["name_normalized"], o["is_general"] = c.Name, c.Name, false
	o["is_member"], o["creator"], o["unlinked"] = c.has(s.botUser), s.botUser, 0
	o["topic"] = object{"value": "", "creator": "", "last_set": 0}
	o["purpose"] = object{"value": "", "creator": "", "last_set": 0}
	o["shared_team_ids"], o["previous_names"] = []string{s.cfg.Team.ID}, []string{}
	return o
}

// knowable finds a channel that the bot may know about.
func (s *Server) knowable(r *request) (*channel, error) {
	c, err := s.visible(r.args["channel"])
	if err != nil {
		return nil, err
	}
	return c, r.needScope(string(c.kind()) + ":read")
}

func (s *Server) conversationsInfo(r *request) (object, error) {
	c, err := s.knowable(r)
	if err != nil {
		return nil, err
	}
	o := s.channelJSON(c)
	if r.flag("include_num_members") {
		o["num_members"] = len(c.Members)
	}
	return object{"channel": o}, nil
}

func (s *Server) conversationsMembers(r *request) (object, error) {
	c, err := s.knowable(r)
	if err != nil {
		return nil, err
	}
	ids, next, err := page(r, c.Members, 100, 1000)
	if err != nil {
		return nil, err
	}
	return object{"members": slices.Clone(ids), "response_metadata": cursor(next)}, nil
}

func (s *Server) conversationsList(r *request) (object, error) {
	kinds, err := listedKinds(r)
	if err != nil {
		return nil, err
	}
	var found []*channel
	for _, id := range s.channelOrder {
		c, err := s.visible(id)
		if err != nil || !slices.Contains(kinds, c.kind()) || (c.Archived && r.flag("exclude_archived")) {
			continue
		}
		found = append(found, c)
	}
	part, next, err := page(r, found, 100, 1000)
	if err != nil {
		return nil, err
	}
	channels := make([]object, 0, len(part))
	for _, c := range part {
		channels = append(channels, s.channelJSON(c))
	}
	return object{"channels": channels, "response_metadata": cursor(next)}, nil
}

// listedKinds reads the types argument and asks for the scope of each.
func listedKinds(r *request) ([]kind, error) {
	types := r.args["types"]
	if types == "" {
		types = "public_channel"
	}
	var kinds []kind
	for _, t := range strings.Split(types, ",") {
		k, ok := map[string]kind{
			"public_channel": kindPublic, "private_channel": kindPrivate, "im": kindDM, "mpim": "mpim",
		}[strings.TrimSpace(t)]
		if !ok {
			return nil, refuse("invalid_types")
		}
		if err := r.needScope(string(k) + ":read"); err != nil {
			return nil, err
		}
		kinds = append(kinds, k)
	}
	return kinds, nil
}

func (s *Server) conversationsOpen(r *request) (object, error) {
	c, existed, err := s.openedDM(r)
	if err != nil {
		return nil, err
	}
	answer := object{"channel": object{"id": c.ID}}
	if r.flag("return_im") {
		answer["channel"] = s.channelJSON(c)
	}
	if existed {
		answer["no_op"], answer["already_open"] = true, true
	}
	return answer, nil
}

func (s *Server) openedDM(r *request) (*channel, bool, error) {
	if id := r.args["channel"]; id != "" {
		c, err := s.visible(id)
		if err == nil && c.DM == "" {
			err = refuse("method_not_supported_for_channel_type")
		}
		return c, true, err
	}
	ids := strings.FieldsFunc(r.args["users"], func(c rune) bool { return c == ',' || c == ' ' })
	switch {
	case len(ids) == 0:
		return nil, false, refuse("users_list_not_supplied")
	case len(ids) > 1:
		// A group DM: the simulator has none, with or without the scope for it.
		return nil, false, &apiError{code: "missing_scope", extra: object{
			"needed": "mpim:write", "provided": strings.Join(s.manifest.OAuth.Scopes.Bot, ","),
		}}
	}
	u, ok := s.users[ids[0]]
	switch {
	case !ok:
		return nil, false, refuse("user_not_found")
	case u.Deleted:
		return nil, false, refuse("user_disabled")
	case u.Bot:
		return nil, false, refuse("cannot_dm_bot")
	}
	c, existed := s.dm(u.ID)
	return c, existed, nil
}
