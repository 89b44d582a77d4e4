package slacksim

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"time"
)

const (
	// pageMachines is how often an open page learns how the machines are.
	pageMachines = time.Second
	// pageBeat is how often something is written even if nothing happens, so that
	// both sides notice when the other is gone.
	pageBeat = 15 * time.Second
)

// servePageEvents streams what happens, as one person sees it, until the page
// goes away. It begins with hello and the number of the last event: a page that
// has seen less reads the workspace again, so that a lost connection loses
// nothing and the server keeps no history.
func (s *Server) servePageEvents(w http.ResponseWriter, r *http.Request) {
	user := r.URL.Query().Get("user")
	if !s.isPerson(user) {
		http.Error(w, "There is no such person.", http.StatusNotFound)
		return
	}
	events := s.Subscribe(r.Context())
	w.Header().Set("Content-Type", "text/event-stream")
	out := &pageStream{out: w, flush: http.NewResponseController(w)}
	out.send("hello", s.lastEvent(), object{"seq": s.lastEvent(), "online": s.Connections() > 0})
	machines, beat := time.NewTicker(pageMachines), time.NewTicker(pageBeat)
	defer machines.Stop()
	defer beat.Stop()
	var shown []byte
	for out.err == nil {
		select {
		case e, open := <-events:
			if !open {
				return
			}
			if s.seesEvent(user, e) {
				out.send(string(e.Kind), e.Seq, s.pageEvent(e))
			}
		case <-machines.C:
			if now := encode(s.machines()); !bytes.Equal(now, shown) {
				shown = now
				out.send("machines", 0, s.machines())
			}
		case <-beat.C:
			out.write(": still here\n\n")
		}
	}
}

// pageStream writes Server-Sent Events; err is the first failure.
type pageStream struct {
	out   http.ResponseWriter
	flush *http.ResponseController
	err   error
}

// send writes one event. Encoded JSON has no line breaks, so it is one line. The
// number is the event's place in the feed; 0: it has none.
func (p *pageStream) send(name string, seq int64, data any) {
	id := ""
	if seq > 0 {
		id = fmt.Sprintf("id: %d\n", seq)
	}
	p.write(fmt.Sprintf("event: %s\n%sdata: %s\n\n", name, id, encode(data)))
}

func (p *pageStream) write(text string) {
	if p.err == nil {
		_, p.err = p.out.Write([]byte(text))
	}
	if p.err == nil {
		p.err = p.flush.Flush()
	}
}

func (s *Server) lastEvent() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seq
}

// seesEvent reports whether a person's Slack would show an event. Envelopes and
// acks are between Slack and the app.
func (s *Server) seesEvent(user string, e Event) bool {
	switch e.Kind {
	case EventMessage, EventChanged, EventDeleted:
		return s.isMember(user, e.Channel) && (e.Kind != EventDeleted || e.User == "" || e.User == user)
	case EventEphemeral, EventView, EventHome:
		return e.User == user
	case EventUser, EventChannel, EventCall, EventConnected, EventDisconnected:
		return true
	}
	return false
}

func (s *Server) isMember(user, channel string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[channel]
	return c != nil && slices.Contains(c.Members, user)
}

// pageEvent adds to an event what the page cannot know by itself.
func (s *Server) pageEvent(e Event) any {
	if e.Kind == EventConnected || e.Kind == EventDisconnected {
		return object{"seq": e.Seq, "kind": e.Kind, "online": s.Connections() > 0}
	}
	return e
}
