package slacksim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// Pick says more about a click than the action_id does.
type Pick struct {
	// BlockID chooses between elements with the same action_id.
	BlockID string
	// Value is the option that is chosen in a select, overflow, radio or
	// checkbox element, the user, channel or date picked, or the text typed.
	// For a button it chooses between several with the same action_id.
	Value string
	// Values are what is chosen where several can be: checkboxes and multi selects.
	// They win over Value.
	Values []string
}

// chosen is what was picked; one empty string means nothing.
func (p Pick) chosen() []string {
	if p.Values != nil {
		return p.Values
	}
	return []string{p.Value}
}

// Click presses a button, or uses another interactive element, on a message or
// on an ephemeral message of the person, and waits for the ack. The errors that
// Slack shows are in Response.Error.
func (s *Server) Click(ctx context.Context, userID, channelID, messageTS, actionID string, picks ...Pick) (Response, error) {
	s.mu.Lock()
	payload, err := s.clickPayload(userID, channelID, messageTS, actionID, onePick(picks))
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

func onePick(picks []Pick) Pick {
	if len(picks) > 0 {
		return picks[0]
	}
	return Pick{}
}

func (s *Server) clickPayload(userID, channelID, ts, actionID string, p Pick) (object, error) {
	c, u, err := s.person(channelID, userID)
	if err != nil {
		return nil, err
	}
	m := s.seenBy(c, u, ts)
	if m == nil {
		return nil, fmt.Errorf("no message %s in %s", ts, channelID)
	}
	if m.BotID != s.botID {
		return nil, fmt.Errorf("message %s is not the app's", ts)
	}
	action, err := findAction(m.Blocks, actionID, p)
	if err != nil {
		return nil, err
	}
	container := object{"type": "message", "message_ts": m.TS, "channel_id": c.ID, "is_ephemeral": m.To != ""}
	if m.ThreadTS != "" {
		container["thread_ts"] = m.ThreadTS
	}
	payload := s.interaction("block_actions", u, "")
	payload["container"], payload["message"] = container, s.messageJSON(m, true)
	payload["channel"] = object{"id": c.ID, "name": c.slashName()}
	payload["state"] = object{"values": blockState(m.Blocks, nil)}
	payload["response_url"] = s.newResponseURL("actions", c, u, m)
	payload["actions"] = []object{s.stamped(action)}
	return payload, nil
}

// seenBy finds a message, or an ephemeral one of this person.
func (s *Server) seenBy(c *channel, u *User, ts string) *Message {
	if m := c.byTS[ts]; m != nil {
		return m
	}
	for _, m := range slices.Backward(s.ephemerals) {
		if m.TS == ts && m.Channel == c.ID && m.To == u.ID {
			return m
		}
	}
	return nil
}

// interaction starts an interaction payload; every one has a trigger_id.
func (s *Server) interaction(kind string, u *User, viewID string) object {
	var enterprise any
	if id := s.cfg.Team.Enterprise; id != "" {
		enterprise = object{"id": id, "name": s.cfg.Team.Name}
	}
	return object{
		"type": kind, "token": s.verification, "api_app_id": s.appID, "enterprise": enterprise, "is_enterprise_install": false,
		"team":       object{"id": s.cfg.Team.ID, "domain": s.cfg.Team.Domain},
		"user":       object{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": u.TeamID},
		"trigger_id": s.newTrigger(u.ID, viewID),
	}
}

func (s *Server) stamped(action object) object {
	action["action_ts"] = s.clock.next(s.now())
	return action
}

// findAction finds the element with an action_id and makes the actions entry of
// the payload out of it.
func findAction(blocks json.RawMessage, actionID string, p Pick) (object, error) {
	var why error
	for _, e := range elementsOf(blocks) {
		if e.str("action_id") != actionID || (p.BlockID != "" && e.block != p.BlockID) {
			continue
		}
		action, err := e.use(p)
		if err == nil {
			return action, nil
		}
		why = err
	}
	if why != nil {
		return nil, why
	}
	return nil, fmt.Errorf("nothing with the action_id %q is there", actionID)
}
