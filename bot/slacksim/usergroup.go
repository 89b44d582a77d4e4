package slacksim

import (
	"fmt"
	"slices"
	"strings"
)

// UserGroup is a group of people that can be mentioned together.
type UserGroup struct {
	ID       string   `json:"id"`
	Handle   string   `json:"handle"`
	Name     string   `json:"name"` // default: Handle
	Members  []string `json:"members"`
	Disabled bool     `json:"disabled"`
}

// usersInEvent is how many members subteam_updated lists at most.
const usersInEvent = 500

type usergroup struct {
	UserGroup
	updated, deleted int64
}

// SetUserGroup adds or changes a user group and tells the app with
// subteam_created or subteam_updated, and subteam_members_changed. Slack does
// not delete groups: it disables them.
func (s *Server) SetUserGroup(g UserGroup) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.HasPrefix(g.ID, "S") || g.Handle == "" {
		return fmt.Errorf("set user group %q: an id that begins with S and a handle are required", g.ID)
	}
	for _, id := range g.Members {
		if _, ok := s.users[id]; !ok {
			return fmt.Errorf("set user group %q: no user %q", g.ID, id)
		}
	}
	setDefault(&g.Name, g.Handle)
	g.Members = slices.Clone(g.Members)
	after := &usergroup{UserGroup: g, updated: s.now().Unix()}
	if g.Disabled {
		after.deleted = after.updated
	}
	before, existed := s.groups[g.ID]
	s.groups[g.ID] = after
	event := "subteam_updated"
	if !existed {
		event = "subteam_created"
		s.groupOrder = append(s.groupOrder, g.ID)
	}
	subteam := s.groupJSON(after)
	subteam["users"] = after.Members[:min(len(after.Members), usersInEvent)]
	s.event(event, object{"type": event, "subteam": subteam, "event_ts": s.clock.next(s.now())})
	if existed && !slices.Equal(before.Members, g.Members) {
		s.membersChanged(before, after)
	}
	s.emit(Event{Kind: EventUser})
	return nil
}

func (s *Server) membersChanged(before, after *usergroup) {
	added, removed := without(after.Members, before.Members), without(before.Members, after.Members)
	s.event("subteam_members_changed", object{
		"type": "subteam_members_changed", "subteam_id": after.ID, "team_id": s.cfg.Team.ID,
		"date_previous_update": before.updated, "date_update": after.updated,
		"added_users": added, "added_users_count": len(added),
		"removed_users": removed, "removed_users_count": len(removed),
		"event_ts": s.clock.next(s.now()),
	})
}

// without returns the elements of all that are not in some.
func without(all, some []string) []string {
	rest := []string{}
	for _, x := range all {
		if !slices.Contains(some, x) {
			rest = append(rest, x)
		}
	}
	return rest
}

func (s *Server) groupJSON(g *usergroup) object {
	return object{
		"id": g.ID, "team_id": s.cfg.Team.ID, "is_usergroup": true, "is_subteam": true, "name": g.Name,
		"handle": g.Handle, "description": "", "is_external": false, "date_create": s.started.Unix(),
		"date_update": g.updated, "date_delete": g.deleted, "auto_type": nil, "auto_provision": false, "enterprise_subteam_id": "",
		"created_by": s.botUser, "updated_by": s.botUser, "deleted_by": nil,
		"prefs": object{"channels": []string{}, "groups": []string{}}, "user_count": len(g.Members),
	}
}

func (s *Server) usergroupsList(r *request) (object, error) {
	groups := []object{}
	for _, id := range s.groupOrder {
		g := s.groups[id]
		if g.Disabled && !r.flag("include_disabled") {
			continue
		}
		o := s.groupJSON(g)
		if r.flag("include_users") {
			o["users"] = s.activeMembers(g)
		}
		if !r.flag("include_count") {
			delete(o, "user_count")
		}
		groups = append(groups, o)
	}
	return object{"usergroups": groups}, nil
}

func (s *Server) usergroupsUsers(r *request) (object, error) {
	if err := r.required("usergroup"); err != nil {
		return nil, err
	}
	g, ok := s.groups[r.args["usergroup"]]
	if !ok || g.Disabled && !r.flag("include_disabled") {
		return nil, refuse("no_such_subteam")
	}
	return object{"users": s.activeMembers(g)}, nil
}

// activeMembers leaves out accounts that were deactivated.
func (s *Server) activeMembers(g *usergroup) []string {
	users := []string{}
	for _, id := range g.Members {
		if !s.users[id].Deleted {
			users = append(users, id)
		}
	}
	return users
}

func (s *Server) groupHandled(handle string) *usergroup {
	for _, id := range s.groupOrder {
		if g := s.groups[id]; strings.EqualFold(g.Handle, handle) && !g.Disabled {
			return g
		}
	}
	return nil
}
