package slacksim

import (
	"encoding/json"
	"slices"
	"time"
)

// Call is one Web API call as the server saw it. Tokens are never kept.
type Call struct {
	Method   string
	Args     map[string]string // structured arguments as JSON text
	Response json.RawMessage
	// Error is Slack's error name, "" if the call went through.
	Error  string
	Status int
	At     time.Time
	Took   time.Duration
	Remote string // the client's address
	// AnswerLost is set if the call had its effect but the client never heard.
	AnswerLost bool
}

// Calls returns the API calls so far, oldest first, at most Limits.CallHistory.
// With names, only the calls of those methods.
func (s *Server) Calls(methods ...string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var calls []Call
	for i := range s.calls {
		c := s.calls[(s.callNum+i)%len(s.calls)]
		if len(methods) == 0 || slices.Contains(methods, c.Method) {
			calls = append(calls, c)
		}
	}
	return calls
}

// record keeps a call in a ring: callNum is the oldest once it is full.
func (s *Server) record(c Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls) < s.limits.CallHistory {
		s.calls = append(s.calls, c)
	} else {
		s.calls[s.callNum] = c
		s.callNum = (s.callNum + 1) % len(s.calls)
	}
	s.emit(Event{Kind: EventCall, Name: c.Method, Channel: c.Args["channel"], TS: c.Args["ts"]})
}
