package slacksim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// keptEvents is how many delivered events can be delivered again.
const keptEvents = 1000

// event is one Events API callback and what became of it.
type event struct {
	id      string
	payload object
}

// event queues an event for the app, if the manifest asks for it. The caller
// holds s.mu.
func (s *Server) event(name string, inner object) {
	if s.closed || !s.manifest.hears(name) {
		return
	}
	id := newID("Ev")
	channelID, _ := inner["channel"].(string)
	shared := false
	if c := s.channels[channelID]; c != nil {
		shared = c.ExtShared
	}
	e := &event{id: id, payload: object{
		"token": s.verification, "team_id": s.cfg.Team.ID, "context_team_id": s.cfg.Team.ID, "context_enterprise_id": s.enterprise(),
		"api_app_id": s.appID, "type": "event_callback", "event": inner, "event_id": id,
		"event_time": s.now().Unix(), "event_context": newSecret(), "is_ext_shared_channel": shared,
		"authorizations": []object{{
			"enterprise_id": s.enterprise(), "team_id": s.cfg.Team.ID, "user_id": s.botUser, "is_bot": true, "is_enterprise_install": false,
		}},
	}}
	s.outbox = append(s.outbox, e)
	if len(s.sent) == keptEvents {
		s.sent = s.sent[1:]
	}
	s.sent = append(s.sent, e)
	select {
	case s.outboxNew <- struct{}{}:
	default:
	}
}

// deliverEvents sends queued events in order; each then waits for its own ack.
func (s *Server) deliverEvents() {
	for {
		select {
		case <-s.done:
			return
		case <-s.outboxNew:
		}
		s.mu.Lock()
		events := s.outbox
		s.outbox = nil
		s.mu.Unlock()
		for _, e := range events {
			p, err := s.sendEvent(e, 0)
			s.spawn(func() { s.followUp(e, p, err) })
		}
	}
}

func (s *Server) sendEvent(e *event, attempt int) (*pending, error) {
	env := envelope{ID: uuid.NewString(), Type: "events_api", Payload: encode(e.payload), RetryAttempt: attempt}
	if attempt > 0 {
		env.RetryReason = "timeout"
	}
	return s.send(env)
}

// followUp redelivers an event until it is acked or the retries are used up.
func (s *Server) followUp(e *event, p *pending, err error) {
	ctx := context.Background()
	for attempt := 0; ; attempt++ {
		if err == nil {
			if _, ok := s.wait(ctx, p); ok {
				return
			}
		}
		if attempt >= len(s.limits.EventRetries) || !s.pause(ctx, s.limits.EventRetries[attempt]) {
			return
		}
		p, err = s.sendEvent(e, attempt+1)
	}
}

// Redeliver sends an event again as Slack does after a lost ack: a new envelope
// with the same event_id, retry_attempt and retry_reason. An empty id means the
// latest event. It waits for the ack and returns how long that took.
func (s *Server) Redeliver(ctx context.Context, eventID string, attempt int) (time.Duration, error) {
	e, err := s.findEvent(eventID)
	if err != nil {
		return 0, err
	}
	p, err := s.sendEvent(e, attempt)
	if err != nil {
		return 0, fmt.Errorf("redeliver event %s: %w", e.id, err)
	}
	return s.mustAck(ctx, p)
}

func (s *Server) findEvent(id string) (*event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.sent) - 1; i >= 0; i-- {
		if id == "" || s.sent[i].id == id {
			return s.sent[i], nil
		}
	}
	return nil, fmt.Errorf("redeliver event %q: no such event was sent", id)
}

// Duplicate sends the latest envelope, of whatever type, once more with the
// same envelope id. It waits for the ack.
func (s *Server) Duplicate(ctx context.Context) (time.Duration, error) {
	s.mu.Lock()
	last := s.lastSent
	s.mu.Unlock()
	if last == nil {
		return 0, errors.New("duplicate the latest envelope: there is none")
	}
	p, err := s.send(*last)
	if err != nil {
		return 0, fmt.Errorf("duplicate envelope %s: %w", last.ID, err)
	}
	return s.mustAck(ctx, p)
}

func (s *Server) mustAck(ctx context.Context, p *pending) (time.Duration, error) {
	if _, ok := s.wait(ctx, p); !ok {
		return time.Since(p.sent), fmt.Errorf("wait for the ack of envelope %s: %s", p.envelope.ID, codeTimeout)
	}
	return time.Since(p.sent), nil
}
