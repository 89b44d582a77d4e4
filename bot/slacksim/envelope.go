package slacksim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
)

// What Slack tells a person when the app did not answer.
const (
	codeTimeout  = "operation_timeout" // delivered, but no ack in time
	codeDispatch = "dispatch_failed"   // nobody to deliver it to
)

var errNoConnection = errors.New("no Socket Mode connection")

// envelope is what goes over the socket.
type envelope struct {
	ID              string          `json:"envelope_id"`
	Type            string          `json:"type"`
	Payload         json.RawMessage `json:"payload"`
	AcceptsResponse bool            `json:"accepts_response_payload"`
	RetryAttempt    int             `json:"retry_attempt,omitempty"`
	RetryReason     string          `json:"retry_reason,omitempty"`
}

// pending is an envelope that waits for its ack.
type pending struct {
	envelope envelope
	sent     time.Time
	acked    chan json.RawMessage // buffered; nil payload means none
}

// send gives an envelope to exactly one of the connections, any of them. A
// connection that turns out to be dead is skipped.
func (s *Server) send(e envelope) (*pending, error) {
	p := &pending{envelope: e, sent: time.Now(), acked: make(chan json.RawMessage, 1)}
	for {
		s.mu.Lock()
		c := s.pickConn()
		if c == nil {
			delete(s.pending, e.ID)
			s.mu.Unlock()
			return nil, errNoConnection
		}
		s.pending[e.ID] = p
		s.lastSent = &e
		s.emitData(Event{Kind: EventEnvelope, Name: e.Type}, e)
		s.mu.Unlock()
		if c.write(e) {
			return p, nil
		}
		s.removeConn(c)
	}
}

// pickConn chooses a connection without any pattern. The caller holds s.mu.
func (s *Server) pickConn() *conn {
	var ready []*conn
	for c := range s.conns {
		if c.ready {
			ready = append(ready, c)
		}
	}
	if len(ready) == 0 {
		return nil
	}
	return ready[rand.IntN(len(ready))]
}

// wait returns the ack's payload, or false when it did not come in time.
func (s *Server) wait(ctx context.Context, p *pending) (json.RawMessage, bool) {
	timer := time.NewTimer(s.limits.Ack)
	defer timer.Stop()
	select {
	case payload := <-p.acked:
		return payload, true
	case <-timer.C:
	case <-ctx.Done():
	case <-s.done:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, p.envelope.ID)
	select {
	case payload := <-p.acked: // it came while the lock was awaited
		return payload, true
	default:
		return nil, false
	}
}

// Response is how the app answered something that a person did.
type Response struct {
	EnvelopeID  string
	TriggerID   string
	ResponseURL string
	// Payload is the ack's payload; nil if there was none.
	Payload json.RawMessage
	// Took is the time from sending the envelope to its ack.
	Took time.Duration
	// Error is what Slack told the person instead: operation_timeout,
	// dispatch_failed, or why it refused the app's answer.
	Error string
	// Problems are the details of a refused answer.
	Problems []string
	// FieldErrors are the app's or Slack's messages at a modal's fields, by block_id.
	FieldErrors map[string]string
	// Message is what was shown because of the ack, if anything.
	Message *Message
}

// refused notes Slack's refusal of the app's answer.
func (r *Response) refused(err error) {
	var e *apiError
	if errors.As(err, &e) {
		r.Error, r.Problems = e.code, e.problems
	}
}

// ask sends an envelope that a person waits for.
func (s *Server) ask(ctx context.Context, kind string, payload object) (Response, error) {
	e := envelope{ID: uuid.NewString(), Type: kind, Payload: encode(payload), AcceptsResponse: true}
	r := Response{EnvelopeID: e.ID}
	r.TriggerID, _ = payload["trigger_id"].(string)
	r.ResponseURL, _ = payload["response_url"].(string)
	p, err := s.send(e)
	switch {
	case err != nil && s.isClosed(): // it closed between the envelope and its way out
		return r, fmt.Errorf("send the app an envelope: %w", ErrClosed)
	case err != nil:
		r.Error = codeDispatch
		return r, nil
	}
	answer, ok := s.wait(ctx, p)
	r.Took = time.Since(p.sent)
	switch {
	case ok:
		r.Payload = answer
	case ctx.Err() != nil:
		return r, fmt.Errorf("wait for the app's ack: %w", ctx.Err())
	case s.isClosed():
		return r, fmt.Errorf("wait for the app's ack: %w", ErrClosed)
	default:
		r.Error = codeTimeout
	}
	return r, nil
}

func (s *Server) isClosed() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}
