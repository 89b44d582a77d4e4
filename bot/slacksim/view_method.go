package slacksim

import (
	"encoding/json"
	"slices"
)

// maxView is the size of a view in bytes.
const maxView = 250_000

// readView checks the view argument of a views.* method.
func (k *blockKit) readView(raw string, want surface) (*view, error) {
	if raw == "" {
		return nil, refuse("invalid_arguments", "missing required field: view")
	}
	if len(raw) > maxView {
		return nil, refuse("view_too_large")
	}
	blocks, err := k.checkView(raw, want)
	if err != nil {
		return nil, err
	}
	v := &view{}
	if err := json.Unmarshal([]byte(raw), &v.View); err != nil {
		return nil, refuse("invalid_arguments", "must be a valid view [json-pointer:/view]")
	}
	v.Blocks = blocks
	return v, nil
}

func (s *Server) viewsOpen(r *request) (object, error) {
	t, err := s.useTrigger(r.args["trigger_id"])
	if err != nil {
		return nil, err
	}
	v, err := s.newModal(r)
	if err != nil {
		return nil, err
	}
	s.dropModals(t.user, 0)
	if err := s.pushModal(v, t.user); err != nil {
		return nil, err
	}
	return object{"view": s.viewJSON(v)}, nil
}

func (s *Server) newModal(r *request) (*view, error) {
	v, err := s.kit.readView(r.args["view"], surfaceModal)
	if err != nil {
		return nil, err
	}
	if s.takenExternalID(v, "") {
		return nil, refuse("duplicate_external_id")
	}
	return v, nil
}

func (s *Server) viewsPush(r *request) (object, error) {
	t, err := s.useTrigger(r.args["trigger_id"])
	if err != nil {
		return nil, err
	}
	if t.viewID == "" || !slices.Contains(s.modals[t.user], t.viewID) {
		return nil, refuse("not_found", "the trigger does not come from an open modal")
	}
	v, err := s.newModal(r)
	if err != nil {
		return nil, err
	}
	if err := s.pushModal(v, t.user); err != nil {
		return nil, err
	}
	return object{"view": s.viewJSON(v)}, nil
}

func (s *Server) viewsUpdate(r *request) (object, error) {
	old := s.views[r.args["view_id"]]
	if id := r.args["external_id"]; id != "" && old == nil {
		for _, v := range s.views {
			if v.ExternalID == id {
				old = v
			}
		}
	}
	if old == nil {
		return nil, refuse("not_found")
	}
	v, err := s.kit.readView(r.args["view"], surface(old.Type))
	if err != nil {
		return nil, err
	}
	if s.takenExternalID(v, old.ID) {
		return nil, refuse("duplicate_external_id")
	}
	if hash := r.args["hash"]; hash != "" && hash != old.Hash {
		return nil, refuse("hash_conflict")
	}
	s.replaceView(old, v)
	return object{"view": s.viewJSON(old)}, nil
}

func (s *Server) viewsPublish(r *request) (object, error) {
	if err := r.required("user_id"); err != nil {
		return nil, err
	}
	u, ok := s.users[r.args["user_id"]]
	if !ok || u.Deleted || u.Bot {
		return nil, refuse("invalid_arguments", "invalid `user_id` [json-pointer:/user_id]")
	}
	if !s.manifest.Features.AppHome.Home {
		return nil, refuse("not_enabled")
	}
	v, err := s.kit.readView(r.args["view"], surfaceHome)
	if err != nil {
		return nil, err
	}
	old := s.homes[u.ID]
	if hash := r.args["hash"]; hash != "" && (old == nil || hash != old.Hash) {
		return nil, refuse("hash_conflict")
	}
	if old != nil {
		s.replaceView(old, v)
		return object{"view": s.viewJSON(old)}, nil
	}
	s.putView(v, u.ID)
	s.homes[u.ID] = v
	s.viewEvent(v, "opened")
	return object{"view": s.viewJSON(v)}, nil
}
