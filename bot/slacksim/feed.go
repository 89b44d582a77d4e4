package slacksim

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// EventKind says what an Event is about.
type EventKind string

// The kinds of events in the feed.
const (
	EventMessage      EventKind = "message"      // a message was posted
	EventChanged      EventKind = "changed"      // a message was edited or updated
	EventDeleted      EventKind = "deleted"      // a message was deleted
	EventEphemeral    EventKind = "ephemeral"    // something only User sees
	EventView         EventKind = "view"         // a modal opened, changed or closed
	EventHome         EventKind = "home"         // a Home tab was published
	EventFile         EventKind = "file"         // a file was shared
	EventUser         EventKind = "user"         // a person or group changed
	EventChannel      EventKind = "channel"      // a channel or its members changed
	EventCall         EventKind = "call"         // the app called a method; Name is the method
	EventConnected    EventKind = "connected"    // a socket said hello
	EventDisconnected EventKind = "disconnected" // a socket ended
	EventEnvelope     EventKind = "envelope"     // an envelope was sent; Name is its type
	EventAck          EventKind = "ack"          // an envelope was acked; Name is its type
	EventAckDropped   EventKind = "ack_dropped"  // an ack was unknown, late or too big; Name says why
)

// Event is one thing that happened, for a page or a test that follows along.
type Event struct {
	Seq     int64     `json:"seq"`
	At      time.Time `json:"at"`
	Kind    EventKind `json:"kind"`
	Channel string    `json:"channel,omitempty"`
	TS      string    `json:"ts,omitempty"`
	User    string    `json:"user,omitempty"`
	Name    string    `json:"name,omitempty"`
	// Data is what happened in full, where there is more to say: the message,
	// the view, the envelope.
	Data json.RawMessage `json:"data,omitempty"`
}

// subscriber gets every event through a queue of its own, so that a slow reader
// neither loses events nor holds up the server.
type subscriber struct {
	queue []Event
	wake  chan struct{}
}

// Subscribe returns the events from now on. The channel is closed when ctx ends
// or the server closes.
func (s *Server) Subscribe(ctx context.Context) <-chan Event {
	out := make(chan Event)
	sub := &subscriber{wake: make(chan struct{}, 1)}
	s.mu.Lock()
	s.subscribers[sub] = true
	s.mu.Unlock()
	if !s.spawn(func() { s.pump(ctx, sub, out) }) {
		close(out)
	}
	return out
}

func (s *Server) pump(ctx context.Context, sub *subscriber, out chan<- Event) {
	defer close(out)
	defer func() {
		s.mu.Lock()
		delete(s.subscribers, sub)
		s.mu.Unlock()
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.done:
			return
		case <-sub.wake:
		}
		s.mu.Lock()
		events := sub.queue
		sub.queue = nil
		s.mu.Unlock()
		for _, e := range events {
			select {
			case out <- e:
			case <-ctx.Done():
				return
			case <-s.done:
				return
			}
		}
	}
}

// emit adds an event to the feed and wakes everybody who waits. The caller holds s.mu.
func (s *Server) emit(e Event) {
	s.seq++
	e.Seq, e.At = s.seq, s.now()
	for sub := range s.subscribers {
		sub.queue = append(sub.queue, e)
		select {
		case sub.wake <- struct{}{}:
		default:
		}
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// emitData is emit with a body, made only if somebody listens.
func (s *Server) emitData(e Event, data any) {
	if len(s.subscribers) > 0 {
		e.Data = encode(data)
	}
	s.emit(e)
}

// WaitFor waits until the condition holds. It is asked again after everything
// that happens, and may use any reading method of the server.
func (s *Server) WaitFor(ctx context.Context, condition func() bool) error {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if condition() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for the local Slack: %w", ctx.Err())
		case <-s.done:
			return fmt.Errorf("wait for the local Slack: %w", ErrClosed)
		}
	}
}
