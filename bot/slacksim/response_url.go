package slacksim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// responseURL lets the app answer what a person did, five times in thirty
// minutes, wherever the bot is a member or not.
type responseURL struct {
	channel *channel
	user    *User
	origin  *Message // the message that replace_original and delete_original mean
	line    string   // the command line that it answers, if it is of a slash command
	made    time.Time
	uses    int
}

// newResponseURL makes a response_url. The caller holds s.mu.
func (s *Server) newResponseURL(door string, c *channel, u *User, origin *Message) string {
	url := strings.Join([]string{s.base, door, s.cfg.Team.ID, s.appID, newSecret()}, "/")
	s.responseURLs[url] = &responseURL{channel: c, user: u, origin: origin, made: s.now()}
	return url
}

func (s *Server) serveResponseURL(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	if payload := formPayload(r, data); payload != "" {
		data = []byte(payload)
	}
	fault := s.takeFault("response_url")
	if fault.Delay > 0 && !s.pause(r.Context(), fault.Delay) {
		return
	}
	if fault.Status != 0 {
		w.WriteHeader(fault.Status)
		return
	}
	err = s.respond(s.base+r.URL.Path, data)
	var refused *apiError
	status := http.StatusOK
	body := encode(object{"ok": true})
	if errors.As(err, &refused) {
		status, body = http.StatusNotFound, encode(refused.body())
		if strings.HasPrefix(refused.code, "invalid") || refused.code == "no_text" {
			status = http.StatusBadRequest
		}
	}
	s.record(Call{
		Method: "response_url", Args: map[string]string{"payload": string(data)}, Response: body,
		Error: errorText(refused), Status: status, At: s.now(), Remote: r.RemoteAddr, AnswerLost: fault.LoseAnswer,
	})
	if fault.LoseAnswer {
		hangUp(w)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone, its message is posted
}

// formPayload is the payload field of a form body, which Slack takes as well as JSON.
func formPayload(r *http.Request, data []byte) string {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return ""
	}
	r.Body = io.NopCloser(strings.NewReader(string(data)))
	return r.PostFormValue("payload")
}

func (s *Server) respond(url string, payload json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ru := s.responseURLs[url]
	switch {
	case ru == nil:
		return refuse("no_such_url")
	case s.now().Sub(ru.made) > s.limits.ResponseURLLife:
		return refuse("expired_url")
	case ru.uses >= s.limits.ResponseURLUses:
		return refuse("used_url")
	}
	if !json.Valid(payload) {
		return refuse("invalid_payload")
	}
	ru.uses++
	_, err := s.answer(ru, payload)
	return err
}

// answer does what the payload of an ack or of a response_url says. It returns
// the message shown, or nil if one was deleted. The caller holds s.mu.
func (s *Server) answer(ru *responseURL, payload json.RawMessage) (*Message, error) {
	r := &request{args: map[string]string{}, server: s}
	var text string
	if json.Unmarshal(payload, &text) == nil {
		r.args["text"] = text // a bare string is a text
	} else if err := r.addJSON(payload); err != nil {
		return nil, refuse("invalid_payload")
	}
	if r.flag("delete_original") {
		return nil, s.deleteOrigin(ru)
	}
	said, err := s.kit.readContent(r.args)
	if err != nil {
		return nil, err
	}
	if said.empty() {
		return nil, refuse("no_text")
	}
	m := s.botMessage(said)
	m.Slash = ru.line
	if r.flag("replace_original") && ru.origin != nil {
		return s.replaceOrigin(ru, m), nil
	}
	if m.ThreadTS, err = ru.channel.thread(r.args["thread_ts"]); err != nil {
		return nil, err
	}
	switch r.args["response_type"] {
	case "in_channel":
		s.post(ru.channel, m)
	case "", "ephemeral":
		m.To = ru.user.ID
		s.whisper(ru.channel, m)
	default:
		return nil, refuse("invalid_response_type")
	}
	return m, nil
}

func (s *Server) replaceOrigin(ru *responseURL, m *Message) *Message {
	o := ru.origin
	before := s.messageJSON(o, true)
	o.Text, o.Blocks, o.Attachments = m.Text, m.Blocks, m.Attachments
	if o.To != "" {
		o.Version++
		s.emitData(Event{Kind: EventEphemeral, Channel: o.Channel, TS: o.TS, User: o.To}, o)
		return o
	}
	s.edited(ru.channel, o, before)
	return o
}

func (s *Server) deleteOrigin(ru *responseURL) error {
	o := ru.origin
	if o == nil {
		return refuse("no_original_message")
	}
	if o.To == "" {
		s.remove(ru.channel, o)
		return nil
	}
	for i, m := range s.ephemerals {
		if m == o {
			s.ephemerals = append(s.ephemerals[:i:i], s.ephemerals[i+1:]...)
			break
		}
	}
	s.emit(Event{Kind: EventDeleted, Channel: o.Channel, TS: o.TS, User: o.To})
	return nil
}
