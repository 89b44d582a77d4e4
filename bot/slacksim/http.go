package slacksim

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds what a client may send in one request.
const maxBody = 64 << 20

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.serveAPI)
	mux.HandleFunc("GET /link/", s.serveLink)
	mux.HandleFunc("POST /upload/v1/{secret}", s.serveUpload)
	mux.HandleFunc("GET /files-pri/{id}/{name}", s.serveFile)
	mux.HandleFunc("POST /commands/{team}/{app}/{secret}", s.serveResponseURL)
	mux.HandleFunc("POST /actions/{team}/{app}/{secret}", s.serveResponseURL)
	s.mountPage(mux)
	return s.gate(mux)
}

// gate keeps Close waiting for running requests, and answers 503 to all while
// the workspace is away.
func (s *Server) gate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.enter() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		defer s.wg.Done()
		s.mu.Lock()
		away := s.away
		s.mu.Unlock()
		if away {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// serveAPI answers one Web API call: faults first, then Slack's own checks.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	begin := s.now()
	req, err := readRequest(r)
	fault := s.takeFault(req.method)
	if fault.Delay > 0 && !s.pause(r.Context(), fault.Delay) {
		return
	}
	var answer object
	status := http.StatusOK
	var retryAfter time.Duration
	switch {
	case fault.Status != 0 && fault.Status != http.StatusOK:
		status, retryAfter = fault.Status, fault.RetryAfter
		answer, err = nil, refuse(http.StatusText(fault.Status))
		if status == http.StatusTooManyRequests {
			err = refuse("ratelimited")
		}
	case fault.Error != "":
		answer, err = nil, refuse(fault.Error)
	case err == nil:
		answer, err = s.call(req)
	}
	var refused *apiError
	if errors.As(err, &refused) {
		answer = refused.body()
		if refused.retryAfter > 0 {
			status, retryAfter = http.StatusTooManyRequests, refused.retryAfter
		}
	} else {
		answer["ok"] = true
	}
	body := encode(answer)
	s.record(Call{
		Method: req.method, Args: req.args, Response: body, Error: errorText(refused), Status: status,
		At: begin, Took: s.now().Sub(begin), Remote: r.RemoteAddr, AnswerLost: fault.LoseAnswer,
	})
	if fault.LoseAnswer {
		hangUp(w)
		return
	}
	s.writeAnswer(w, req.method, status, retryAfter, body)
}

func errorText(e *apiError) string {
	if e == nil {
		return ""
	}
	return e.code
}

func (s *Server) writeAnswer(w http.ResponseWriter, method string, status int, retryAfter time.Duration, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Slack-Req-Id", newSecret())
	h.Set("X-OAuth-Scopes", strings.Join(s.manifest.OAuth.Scopes.Bot, ","))
	if m, ok := s.methods[method]; ok && m.scope != "" {
		h.Set("X-Accepted-OAuth-Scopes", m.scope)
	}
	if retryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((retryAfter+time.Second-1)/time.Second), 10))
	}
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		s.cfg.Log.Debug("write an answer", "method", method, "error", err)
	}
}

// hangUp closes the TCP connection without an answer.
func hangUp(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		return
	}
	if c, _, err := hijacker.Hijack(); err == nil {
		_ = c.Close() // nothing more is said on it either way
	}
}

// call checks who calls what and runs the method.
func (s *Server) call(r *request) (object, error) {
	m, ok := s.methods[r.method]
	if !ok {
		return nil, &apiError{code: "unknown_method", extra: object{"req_method": r.method}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.server = s
	if err := s.authorise(m, r); err != nil {
		return nil, err
	}
	if err := s.rates.take(r.method, m.perMinute, s.now()); err != nil {
		return nil, err
	}
	answer, err := m.handle(r)
	if err != nil {
		s.cfg.Log.Info("refused an API call", "method", r.method, "error", err)
		return nil, err
	}
	return answer, nil
}

func (s *Server) authorise(m method, r *request) error {
	if m.token == tokenNone {
		return nil
	}
	switch r.token {
	case "":
		return refuse("not_authed")
	case s.appToken:
		if m.token == tokenBot {
			return refuse("not_allowed_token_type")
		}
	case s.botToken:
		if m.token == tokenApp {
			return refuse("not_allowed_token_type")
		}
		if m.scope != "" {
			return r.needScope(m.scope)
		}
	default:
		return refuse("invalid_auth")
	}
	return nil
}
