package slacksim

import (
	"encoding/json"
	"slices"
)

// maxStack is the number of modals on top of each other.
const maxStack = 3

// View is a modal or a Home tab as a person sees it.
type View struct {
	ID              string          `json:"id"`
	Type            string          `json:"type"` // modal or home
	User            string          `json:"user"`
	CallbackID      string          `json:"callback_id"`
	ExternalID      string          `json:"external_id"`
	PrivateMetadata string          `json:"private_metadata"`
	Hash            string          `json:"hash"`
	RootID          string          `json:"root_view_id"`
	PreviousID      string          `json:"previous_view_id"`
	Blocks          json.RawMessage `json:"blocks"`
	Title           json.RawMessage `json:"title,omitempty"` // text objects
	Submit          json.RawMessage `json:"submit,omitempty"`
	Close           json.RawMessage `json:"close,omitempty"`
	NotifyOnClose   bool            `json:"notify_on_close"`
	ClearOnClose    bool            `json:"clear_on_close"`
	Version         int             `json:"version"` // 1 when opened, one more with every update
}

type view struct {
	View
	state map[string]map[string]object // what the person filled in
}

// Modal returns the modal on top of a person's stack.
func (s *Server) Modal(userID string) (View, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stack := s.modals[userID]
	if len(stack) == 0 {
		return View{}, false
	}
	return s.views[stack[len(stack)-1]].View, true
}

// Modals returns a person's open modals, the bottom one first.
func (s *Server) Modals(userID string) []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []View
	for _, id := range s.modals[userID] {
		open = append(open, s.views[id].View)
	}
	return open
}

// Home returns what the app last published on a person's Home tab.
func (s *Server) Home(userID string) (View, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.homes[userID]; v != nil {
		return v.View, true
	}
	return View{}, false
}

// viewJSON is a view object as the API and interactions carry it.
func (s *Server) viewJSON(v *view) object {
	o := object{
		"id": v.ID, "team_id": s.cfg.Team.ID, "type": v.Type, "blocks": v.Blocks, "private_metadata": v.PrivateMetadata,
		"callback_id": v.CallbackID, "state": object{"values": blockState(v.Blocks, v.state)}, "hash": v.Hash,
		"title": v.Title, "close": v.Close, "submit": v.Submit, "clear_on_close": v.ClearOnClose,
		"notify_on_close": v.NotifyOnClose, "root_view_id": v.RootID, "previous_view_id": nil, "app_id": s.appID,
		"external_id": v.ExternalID, "app_installed_team_id": s.cfg.Team.ID, "bot_id": s.botID,
	}
	if v.PreviousID != "" {
		o["previous_view_id"] = v.PreviousID
	}
	for _, name := range []string{"title", "close", "submit"} {
		if raw, _ := o[name].(json.RawMessage); len(raw) == 0 {
			o[name] = nil
		}
	}
	return o
}

// put stores a view under a new id and hash. The caller holds s.mu.
func (s *Server) putView(v *view, userID string) {
	v.ID, v.User, v.Version = newID("V"), userID, 1
	v.RootID = v.ID
	s.touchView(v)
	s.views[v.ID] = v
}

func (s *Server) touchView(v *view) {
	v.Hash = s.clock.next(s.now()) + "." + newSecret()[:8]
}

func (s *Server) viewEvent(v *view, what string) {
	kind := EventView
	if v.Type == "home" {
		kind = EventHome
	}
	s.emitData(Event{Kind: kind, User: v.User, Name: what, TS: v.ID}, v.View)
}

// takenExternalID reports whether another view has this external_id.
func (s *Server) takenExternalID(v *view, except string) bool {
	if v.ExternalID == "" {
		return false
	}
	for _, other := range s.views {
		if other.ExternalID == v.ExternalID && other.ID != except {
			return true
		}
	}
	return false
}

// pushModal puts a modal on top of a person's stack.
func (s *Server) pushModal(v *view, userID string) error {
	stack := s.modals[userID]
	if len(stack) >= maxStack {
		return refuse("push_limit_reached")
	}
	s.putView(v, userID)
	if len(stack) > 0 {
		v.RootID, v.PreviousID = stack[0], stack[len(stack)-1]
	}
	s.modals[userID] = append(slices.Clone(stack), v.ID)
	s.viewEvent(v, "opened")
	return nil
}

// dropModals takes modals off a person's stack, from the given depth up.
func (s *Server) dropModals(userID string, keep int) {
	stack := s.modals[userID]
	for _, id := range stack[keep:] {
		s.viewEvent(s.views[id], "closed")
		delete(s.views, id)
	}
	s.modals[userID] = stack[:keep]
}

// replaceView gives a view new content; what the person filled in stays where
// block_id and action_id are the same.
func (s *Server) replaceView(old, content *view) {
	content.ID, content.User, content.RootID, content.PreviousID = old.ID, old.User, old.RootID, old.PreviousID
	content.Version, content.state = old.Version+1, old.state
	s.touchView(content)
	*old = *content
	s.viewEvent(old, "updated")
}
