package slacksim

import (
	"fmt"
	"strings"
)

// User is a member of the workspace, or somebody seen through a shared channel.
type User struct {
	ID       string `json:"id"`
	TeamID   string `json:"team_id"` // default: the workspace's own
	Name     string `json:"name"`
	RealName string `json:"real_name"` // default: Name
	TZ       string `json:"tz"`        // default: Etc/UTC

	Admin           bool `json:"admin"`
	Bot             bool `json:"bot"`
	Restricted      bool `json:"restricted"`
	UltraRestricted bool `json:"ultra_restricted"`
	Stranger        bool `json:"stranger"`
	Deleted         bool `json:"deleted"`

	// Teams are the workspaces of the Enterprise Grid that the person is a member of. TeamID may then be the whole
	// organisation's.
	Teams []string `json:"teams"`
}

// AddUser adds a person to the workspace, or a stranger from another team.
func (s *Server) AddUser(u User) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.ID == "" || u.Name == "" {
		return fmt.Errorf("add user %q: id and name are required", u.ID)
	}
	if _, ok := s.users[u.ID]; ok {
		return fmt.Errorf("add user %q: the id is taken", u.ID)
	}
	s.putUser(u)
	s.event("team_join", object{"type": "team_join", "user": s.userJSON(s.users[u.ID])})
	return nil
}

// UpdateUser replaces what is known of a person, for instance that the account
// was deactivated, and tells the app with user_change.
func (s *Server) UpdateUser(u User) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.users[u.ID]; !ok {
		return fmt.Errorf("update user %q: no such user", u.ID)
	}
	s.putUser(u)
	s.event("user_change", object{
		"type": "user_change", "user": s.userJSON(s.users[u.ID]),
		"cache_ts": s.now().Unix(), "event_ts": s.clock.next(s.now()),
	})
	return nil
}

func (s *Server) putUser(u User) {
	setDefault(&u.TeamID, s.cfg.Team.ID)
	setDefault(&u.RealName, u.Name)
	setDefault(&u.TZ, "Etc/UTC")
	if _, ok := s.users[u.ID]; !ok {
		s.userOrder = append(s.userOrder, u.ID)
	}
	s.users[u.ID] = &u
	s.emit(Event{Kind: EventUser, User: u.ID})
}

// Users returns everybody, in the order in which they were added; the bot is first.
func (s *Server) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	users := make([]User, 0, len(s.userOrder))
	for _, id := range s.userOrder {
		users = append(users, *s.users[id])
	}
	return users
}

func (s *Server) userNamed(name string) *User {
	for _, id := range s.userOrder {
		if u := s.users[id]; strings.EqualFold(u.Name, name) && !u.Deleted {
			return u
		}
	}
	return nil
}

// userJSON is a user object as users.info returns it.
func (s *Server) userJSON(u *User) object {
	o := object{
		"id": u.ID, "team_id": u.TeamID, "name": u.Name, "real_name": u.RealName, "deleted": u.Deleted,
		"tz": u.TZ, "tz_label": u.TZ, "tz_offset": 0, "color": "9f69e7", "updated": s.now().Unix(),
		"is_admin": u.Admin, "is_owner": false, "is_primary_owner": false, "is_bot": u.Bot, "is_app_user": false,
		"is_restricted": u.Restricted, "is_ultra_restricted": u.UltraRestricted, "has_2fa": false,
		"profile": object{
			"real_name": u.RealName, "real_name_normalized": u.RealName, "display_name": u.Name,
			"display_name_normalized": u.Name, "team": u.TeamID, "status_text": "", "status_emoji": "",
		},
	}
	if u.Stranger {
		o["is_stranger"] = true
	}
	if len(u.Teams) > 0 {
		o["enterprise_user"] = object{
			"id": u.ID, "enterprise_id": s.cfg.Team.Enterprise, "enterprise_name": s.cfg.Team.Name,
			"is_admin": false, "is_owner": false, "is_primary_owner": false, "teams": u.Teams,
		}
	}
	return o
}

func (s *Server) usersInfo(r *request) (object, error) {
	u, ok := s.users[r.args["user"]]
	if !ok {
		return nil, refuse("user_not_found")
	}
	return object{"user": s.userJSON(u)}, nil
}

func (s *Server) usersList(r *request) (object, error) {
	ids, next, err := page(r, s.userOrder, 200, 1000)
	if err != nil {
		return nil, err
	}
	members := make([]object, 0, len(ids))
	for _, id := range ids {
		members = append(members, s.userJSON(s.users[id]))
	}
	return object{"members": members, "cache_ts": s.now().Unix(), "response_metadata": cursor(next)}, nil
}

func (s *Server) botsInfo(r *request) (object, error) {
	if r.args["bot"] != s.botID {
		return nil, refuse("bot_not_found")
	}
	return object{"bot": object{
		"id": s.botID, "deleted": false, "name": s.manifest.Features.BotUser.DisplayName, "updated": s.started.Unix(),
		"app_id": s.appID, "user_id": s.botUser, "icons": object{},
	}}, nil
}
