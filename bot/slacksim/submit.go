package slacksim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Slack's word for a modal that the person could not submit.
const codeClientRefused = "client_validation"

// Submit fills in a modal and submits it as a person. Values are by action_id,
// or by "block_id/action_id" where that is not unique; one string each, or
// several for multi selects and checkboxes. What is not named keeps its initial
// or earlier value. Slack's client refuses missing required fields by itself:
// Response.Error is then client_validation and FieldErrors says where. The app's
// own response_action errors are in FieldErrors too.
func (s *Server) Submit(ctx context.Context, userID, viewID string, values map[string][]string) (Response, error) {
	s.mu.Lock()
	payload, wrong, err := s.submitPayload(userID, viewID, values)
	s.mu.Unlock()
	if err != nil {
		return Response{}, fmt.Errorf("submit a view as %s: %w", userID, err)
	}
	if len(wrong) > 0 {
		return Response{Error: codeClientRefused, FieldErrors: wrong}, nil
	}
	r, err := s.ask(ctx, "interactive", payload)
	if err != nil {
		return r, fmt.Errorf("submit a view as %s: %w", userID, err)
	}
	if r.Error == "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		r.refused(s.afterSubmit(&r, userID, viewID))
	}
	return r, nil
}

func (s *Server) submitPayload(userID, viewID string, values map[string][]string) (object, map[string]string, error) {
	v, u, err := s.viewOf(userID, viewID)
	if err != nil {
		return nil, nil, err
	}
	stack := s.modals[userID]
	if len(stack) == 0 || stack[len(stack)-1] != viewID {
		return nil, nil, fmt.Errorf("view %q is not the modal on top", viewID)
	}
	if len(v.Submit) == 0 {
		return nil, nil, fmt.Errorf("view %q has no submit button", viewID)
	}
	wrong, err := v.fillIn(values)
	if err != nil || len(wrong) > 0 {
		return nil, wrong, err
	}
	payload := s.interaction("view_submission", u, v.ID)
	payload["view"], payload["response_urls"] = s.viewJSON(v), []object{}
	return payload, nil, nil
}

// fillIn sets the state of the modal's inputs, and says by block_id what the
// client would not accept.
func (v *view) fillIn(values map[string][]string) (map[string]string, error) {
	wrong := map[string]string{}
	used := map[string]bool{}
	for _, e := range elementsOf(v.Blocks) {
		given, name, ok := e.given(values)
		used[name] = used[name] || ok
		if ok {
			state, err := e.state(given)
			if err != nil {
				return nil, err
			}
			v.fill(e.block, e.str("action_id"), state)
		}
		if !e.input {
			continue
		}
		state := blockState(v.Blocks, v.state)[e.block][e.str("action_id")]
		if problem := e.clientProblem(state); problem != "" {
			wrong[e.block] = problem
		}
	}
	for name := range values {
		if !used[name] {
			return nil, fmt.Errorf("the modal has no field %q", name)
		}
	}
	return wrong, nil
}

// given finds the value for an element, by either name.
func (e element) given(values map[string][]string) (value []string, name string, ok bool) {
	name = e.block + "/" + e.str("action_id")
	if value, ok = values[name]; ok {
		return value, name, true
	}
	name = e.str("action_id")
	value, ok = values[name]
	return value, name, ok
}

// clientProblem is what Slack's client says about an input before it sends anything.
func (e element) clientProblem(state object) string {
	text, filled := filledIn(state)
	if !filled {
		if e.optional {
			return ""
		}
		return "Please complete this required field."
	}
	n := utf8.RuneCountInString(text)
	if low := e.number("min_length"); e.str("type") == "plain_text_input" && n < low {
		return fmt.Sprintf("Must be at least %d characters.", low)
	}
	if high := e.number("max_length"); high > 0 && n > high {
		return fmt.Sprintf("Must be at most %d characters.", high)
	}
	if e.str("type") == "number_input" {
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return "Must be a number."
		}
	}
	return ""
}

func (e element) number(name string) int {
	f, _ := e.fields[name].(float64)
	return int(f)
}

// filledIn reports whether a state entry holds anything, and its text if it has one.
func filledIn(state object) (string, bool) {
	for name, v := range state {
		switch v := v.(type) {
		case string:
			if name != "type" && v != "" {
				return v, true
			}
		case object:
			return "", true
		case []object:
			return "", len(v) > 0
		case []string:
			return "", len(v) > 0
		}
	}
	return "", false
}

// afterSubmit does what the ack of a submission says.
func (s *Server) afterSubmit(r *Response, userID, viewID string) error {
	depth := slices.Index(s.modals[userID], viewID)
	v := s.views[viewID]
	if v == nil || depth < 0 {
		return nil // the modal was closed meanwhile
	}
	var ack struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if r.Payload != nil && json.Unmarshal(r.Payload, &ack) != nil {
		return refuse("invalid_response_action")
	}
	switch ack.Action {
	case "":
		s.dropModals(userID, depth)
	case "clear":
		s.dropModals(userID, 0)
	case "errors":
		r.FieldErrors = ack.Errors
		return v.checkErrors(ack.Errors)
	case "update", "push":
		next, err := s.kit.readView(string(ack.View), surfaceModal)
		if err != nil {
			return err
		}
		if ack.Action == "push" {
			return s.pushModal(next, userID)
		}
		s.replaceView(v, next)
	default:
		return refuse("invalid_response_action")
	}
	return nil
}

// checkErrors refuses messages at fields that are not there: Slack shows them nowhere.
func (v *view) checkErrors(fields map[string]string) error {
	var blocks []string
	for _, e := range elementsOf(v.Blocks) {
		if e.input {
			blocks = append(blocks, e.block)
		}
	}
	if len(fields) == 0 {
		return refuse("invalid_response_action", "missing required field: errors")
	}
	for block := range fields {
		if !slices.Contains(blocks, block) {
			return refuse("invalid_response_action", fmt.Sprintf("no input block has the block_id %q", block))
		}
	}
	return nil
}
