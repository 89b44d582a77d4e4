package slacksim

import (
	"encoding/json"
	"net/http"
	"time"
)

// maxPageCalls is how many of the app's calls the page shows.
const maxPageCalls = 30

// pageCall is a Call for the page. What it holds is what Call holds: no token.
type pageCall struct {
	Method   string            `json:"method"`
	Args     map[string]string `json:"args"`
	Response json.RawMessage   `json:"response"`
	Error    string            `json:"error,omitempty"`
	Status   int               `json:"status"`
	At       time.Time         `json:"at"`
	Millis   float64           `json:"ms"`
}

// servePageCalls answers with the last calls, the newest first.
func (s *Server) servePageCalls(w http.ResponseWriter, _ *http.Request) {
	writePageJSON(w, http.StatusOK, s.lastCalls(maxPageCalls))
}

func (s *Server) lastCalls(most int) []pageCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := []pageCall{}
	for i := len(s.calls) - 1; i >= 0 && len(calls) < most; i-- {
		c := s.calls[(s.callNum+i)%len(s.calls)]
		calls = append(calls, pageCall{
			Method: c.Method, Args: c.Args, Response: c.Response, Error: c.Error, Status: c.Status,
			At: c.At, Millis: float64(c.Took.Microseconds()) / 1000,
		})
	}
	return calls
}
