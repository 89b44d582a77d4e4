package slacksim

import (
	"context"
	"fmt"
	"slices"
)

// OpenHome opens the app's Home tab as a person; the app hears app_home_opened.
func (s *Server) OpenHome(userID string) error { return s.openTab(userID, "home") }

// OpenAppMessages opens the app's Messages tab as a person; the app hears
// app_home_opened for that tab.
func (s *Server) OpenAppMessages(userID string) error { return s.openTab(userID, "messages") }

func (s *Server) openTab(userID, tab string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.users[userID]
	home := s.manifest.Features.AppHome
	switch {
	case !ok || u.Deleted:
		return fmt.Errorf("open the %s tab: no person %q", tab, userID)
	case tab == "home" && !home.Home, tab == "messages" && !home.Messages:
		return fmt.Errorf("open the %s tab: the manifest has it off", tab)
	}
	c, _ := s.dm(userID)
	inner := object{"type": "app_home_opened", "user": userID, "channel": c.ID, "tab": tab, "event_ts": s.clock.next(s.now())}
	if v := s.homes[userID]; v != nil && tab == "home" {
		inner["view"] = s.viewJSON(v)
	}
	s.event("app_home_opened", inner)
	return nil
}

// Shortcut uses a global shortcut of the app as a person.
func (s *Server) Shortcut(ctx context.Context, userID, callbackID string) (Response, error) {
	s.mu.Lock()
	u, ok := s.users[userID]
	_, known := s.manifest.shortcut(callbackID)
	if !ok || u.Deleted || !known {
		s.mu.Unlock()
		return Response{}, fmt.Errorf("use the shortcut %q as %s: no such shortcut or person", callbackID, userID)
	}
	payload := s.stamped(s.interaction("shortcut", u, ""))
	payload["callback_id"] = callbackID
	s.mu.Unlock()
	r, err := s.ask(ctx, "interactive", payload)
	if err != nil {
		return r, fmt.Errorf("use the shortcut %q as %s: %w", callbackID, userID, err)
	}
	return r, nil
}

// ClickView uses an element of an open modal or of the Home tab as a person.
// What is picked stays in the view's state.
func (s *Server) ClickView(ctx context.Context, userID, viewID, actionID string, picks ...Pick) (Response, error) {
	s.mu.Lock()
	payload, err := s.viewClickPayload(userID, viewID, actionID, onePick(picks))
	s.mu.Unlock()
	if err != nil {
		return Response{}, fmt.Errorf("click %s as %s: %w", actionID, userID, err)
	}
	r, err := s.ask(ctx, "interactive", payload)
	if err != nil {
		return r, fmt.Errorf("click %s as %s: %w", actionID, userID, err)
	}
	return r, nil
}

func (s *Server) viewClickPayload(userID, viewID, actionID string, p Pick) (object, error) {
	v, u, err := s.viewOf(userID, viewID)
	if err != nil {
		return nil, err
	}
	action, err := findAction(v.Blocks, actionID, p)
	if err != nil {
		return nil, err
	}
	for _, e := range elementsOf(v.Blocks) {
		if e.str("action_id") != actionID || e.block != action["block_id"] || e.str("type") == "button" {
			continue
		}
		if state, err := e.state(p.chosen()); err == nil {
			v.fill(e.block, actionID, state)
		}
	}
	modal := ""
	if v.Type == "modal" {
		modal = v.ID
	}
	payload := s.interaction("block_actions", u, modal)
	payload["container"], payload["view"] = object{"type": "view", "view_id": v.ID}, s.viewJSON(v)
	payload["actions"] = []object{s.stamped(action)}
	return payload, nil
}

func (v *view) fill(block, action string, state object) {
	if v.state == nil {
		v.state = map[string]map[string]object{}
	}
	if v.state[block] == nil {
		v.state[block] = map[string]object{}
	}
	v.state[block][action] = state
}

// viewOf finds a view that a person has before them.
func (s *Server) viewOf(userID, viewID string) (*view, *User, error) {
	u, ok := s.users[userID]
	if !ok || u.Deleted {
		return nil, nil, fmt.Errorf("no person %q", userID)
	}
	v := s.views[viewID]
	if v == nil || v.User != userID {
		return nil, nil, fmt.Errorf("no view %q open", viewID)
	}
	return v, u, nil
}

// CloseView closes a modal as a person; the app hears view_closed if the view
// asks for it. With clear_on_close all modals of the stack go.
func (s *Server) CloseView(ctx context.Context, userID, viewID string) (Response, error) {
	s.mu.Lock()
	v, u, err := s.viewOf(userID, viewID)
	depth := slices.Index(s.modals[userID], viewID)
	if err == nil && depth < 0 {
		err = fmt.Errorf("view %q is not a modal", viewID)
	}
	if err != nil {
		s.mu.Unlock()
		return Response{}, fmt.Errorf("close a view as %s: %w", userID, err)
	}
	if v.ClearOnClose {
		depth = 0
	}
	payload := s.interaction("view_closed", u, "")
	payload["view"], payload["is_cleared"] = s.viewJSON(v), v.ClearOnClose
	delete(payload, "trigger_id")
	s.dropModals(userID, depth)
	s.mu.Unlock()
	if !v.NotifyOnClose {
		return Response{}, nil
	}
	r, err := s.ask(ctx, "interactive", payload)
	if err != nil {
		return r, fmt.Errorf("close a view as %s: %w", userID, err)
	}
	return r, nil
}
