package slacksim

import "time"

// trigger is the right to open a modal for a person who just did something.
type trigger struct {
	user   string
	viewID string // the modal in which the person did it, if any
	made   time.Time
	used   bool
}

// newTrigger makes a trigger_id. The caller holds s.mu.
func (s *Server) newTrigger(userID, viewID string) string {
	s.sweep()
	id := newSecret()
	s.triggers[id] = &trigger{user: userID, viewID: viewID, made: s.now()}
	return id
}

// sweep throws away, once a minute, the triggers and response URLs that expired
// long ago. Younger ones stay, so that the refusal can say what they died of.
func (s *Server) sweep() {
	now := s.now()
	if now.Sub(s.swept) < time.Minute {
		return
	}
	s.swept = now
	for id, t := range s.triggers {
		if now.Sub(t.made) > s.limits.Trigger+time.Minute {
			delete(s.triggers, id)
		}
	}
	for url, ru := range s.responseURLs {
		if now.Sub(ru.made) > 2*s.limits.ResponseURLLife {
			delete(s.responseURLs, url)
		}
	}
}

// useTrigger spends a trigger_id: it lives for three seconds and works once.
func (s *Server) useTrigger(id string) (*trigger, error) {
	t := s.triggers[id]
	switch {
	case id == "":
		return nil, refuse("invalid_arguments", "missing required field: trigger_id")
	case t == nil:
		return nil, refuse("invalid_trigger_id")
	case t.used:
		return nil, refuse("exchanged_trigger_id")
	case s.now().Sub(t.made) > s.limits.Trigger:
		return nil, refuse("expired_trigger_id")
	}
	t.used = true
	return t, nil
}
