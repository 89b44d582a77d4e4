package slacksim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// maxPageAct bounds what the page sends in one request.
const maxPageAct = 1 << 20

// pageAct is something that a person does on the page.
type pageAct struct {
	User    string              `json:"user"`
	Channel string              `json:"channel"`
	Thread  string              `json:"thread"`
	TS      string              `json:"ts"`
	Text    string              `json:"text"`
	View    string              `json:"view"`
	Action  string              `json:"action"`
	Block   string              `json:"block"`
	Picked  []string            `json:"picked"`
	Values  map[string][]string `json:"values"`
	Name    string              `json:"name"` // a shortcut's callback_id, a tab, a machine
	Fault   string              `json:"fault"`
}

// pageAnswer is what came of it. Error is what Slack tells the person.
type pageAnswer struct {
	Error       string            `json:"error,omitempty"`
	Problems    []string          `json:"problems,omitempty"`
	FieldErrors map[string]string `json:"field_errors,omitempty"`
	TS          string            `json:"ts,omitempty"`
}

// servePageAct does what the page asks for. What cannot be done at all, as
// opposed to what the app or Slack refuses, is a 400 with the reason.
func (s *Server) servePageAct(w http.ResponseWriter, r *http.Request) {
	do, known := pageActs()[r.PathValue("act")]
	if !known {
		http.Error(w, "The page cannot do that.", http.StatusNotFound)
		return
	}
	var act pageAct
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxPageAct))
	in.DisallowUnknownFields()
	if err := in.Decode(&act); err != nil {
		writePageJSON(w, http.StatusBadRequest, pageAnswer{Error: fmt.Sprintf("cannot read the request: %v", err)})
		return
	}
	answer, err := do(s, r.Context(), act)
	if err != nil {
		writePageJSON(w, http.StatusBadRequest, pageAnswer{Error: err.Error()})
		return
	}
	writePageJSON(w, http.StatusOK, answer)
}

func pageActs() map[string]func(*Server, context.Context, pageAct) (pageAnswer, error) {
	return map[string]func(*Server, context.Context, pageAct) (pageAnswer, error){
		"say":      (*Server).pageSay,
		"edit":     (*Server).pageEdit,
		"delete":   (*Server).pageDelete,
		"click":    (*Server).pageClick,
		"submit":   (*Server).pageSubmit,
		"close":    (*Server).pageClose,
		"open":     (*Server).pageOpen,
		"shortcut": (*Server).pageShortcut,
		"break":    (*Server).pageBreak,
	}
}

// pageSay posts a message, or runs the slash command that it begins with.
func (s *Server) pageSay(ctx context.Context, a pageAct) (pageAnswer, error) {
	if !strings.HasPrefix(a.Text, "/") {
		ts, err := s.PostMessage(a.User, a.Channel, a.Thread, a.Text)
		return pageAnswer{TS: ts}, err
	}
	command, text, _ := strings.Cut(a.Text, " ")
	if a.Thread != "" {
		return shown(s.SlashCommandInThread(a.User, a.Channel, a.Thread, command))
	}
	return shown(s.SlashCommand(ctx, a.User, a.Channel, command, strings.TrimSpace(text)))
}

func (s *Server) pageEdit(_ context.Context, a pageAct) (pageAnswer, error) {
	return pageAnswer{}, s.EditMessage(a.User, a.Channel, a.TS, a.Text)
}

func (s *Server) pageDelete(_ context.Context, a pageAct) (pageAnswer, error) {
	return pageAnswer{}, s.DeleteMessage(a.User, a.Channel, a.TS)
}

// pageClick uses an element of a message or, with a View, of a view.
func (s *Server) pageClick(ctx context.Context, a pageAct) (pageAnswer, error) {
	pick := Pick{BlockID: a.Block, Values: a.Picked}
	if a.View != "" {
		return shown(s.ClickView(ctx, a.User, a.View, a.Action, pick))
	}
	return shown(s.Click(ctx, a.User, a.Channel, a.TS, a.Action, pick))
}

func (s *Server) pageSubmit(ctx context.Context, a pageAct) (pageAnswer, error) {
	return shown(s.Submit(ctx, a.User, a.View, a.Values))
}

func (s *Server) pageClose(ctx context.Context, a pageAct) (pageAnswer, error) {
	return shown(s.CloseView(ctx, a.User, a.View))
}

// pageOpen opens a tab of the app.
func (s *Server) pageOpen(_ context.Context, a pageAct) (pageAnswer, error) {
	if a.Name == "home" {
		return pageAnswer{}, s.OpenHome(a.User)
	}
	return pageAnswer{}, s.OpenAppMessages(a.User)
}

func (s *Server) pageShortcut(ctx context.Context, a pageAct) (pageAnswer, error) {
	return shown(s.Shortcut(ctx, a.User, a.Name))
}

func (s *Server) pageBreak(_ context.Context, a pageAct) (pageAnswer, error) {
	return pageAnswer{}, s.breakMachine(a.Name, a.Fault)
}

func shown(r Response, err error) (pageAnswer, error) {
	return pageAnswer{Error: r.Error, Problems: r.Problems, FieldErrors: r.FieldErrors}, err
}
