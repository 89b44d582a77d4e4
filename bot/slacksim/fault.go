package slacksim

import "time"

// Fault is a misbehaviour of the Web API. Fields combine.
type Fault struct {
	// Times is how many calls it hits; 0 means all until ClearFaults.
	Times int
	// Delay is waited before the call is looked at.
	Delay time.Duration
	// Status answers with this HTTP status instead of doing anything, for
	// instance 429 or 503; RetryAfter goes into its header.
	Status     int
	RetryAfter time.Duration
	// Error answers ok:false with this error name instead of doing anything.
	Error string
	// LoseAnswer lets the call have its effect and then closes the connection
	// without an answer, so that the client cannot know.
	LoseAnswer bool
}

// Fail makes the next calls of a method misbehave; "*" stands for every method.
// Faults of one method are used up in the order in which they were added.
func (s *Server) Fail(method string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = append(s.faults[method], &f)
}

// ClearFaults ends all faults of the methods, or of all methods if none is named.
func (s *Server) ClearFaults(methods ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(methods) == 0 {
		clear(s.faults)
	}
	for _, m := range methods {
		delete(s.faults, m)
	}
}

// takeFault returns the fault that hits this call; the zero Fault is none.
func (s *Server) takeFault(method string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range []string{method, "*"} {
		queue := s.faults[name]
		if len(queue) == 0 {
			continue
		}
		f := queue[0]
		if f.Times == 1 {
			s.faults[name] = queue[1:]
		} else if f.Times > 1 {
			f.Times--
		}
		return *f
	}
	return Fault{}
}

// Away makes the whole workspace unreachable: HTTP 503 for everything and all
// sockets dropped, until Away(false).
func (s *Server) Away(away bool) {
	s.mu.Lock()
	s.away = away
	s.mu.Unlock()
	if away {
		s.DropConnections()
	}
}
