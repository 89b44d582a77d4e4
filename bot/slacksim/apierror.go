package slacksim

import (
	"encoding/json"
	"maps"
	"strings"
	"time"
)

// object is a JSON object under construction.
type object = map[string]any

// apiError is a refusal: Slack's error name and what goes with it.
type apiError struct {
	code       string
	problems   []string // without the "[ERROR] " prefix
	extra      object
	retryAfter time.Duration
}

// Error is Slack's error name and, if there are any, the problems in detail.
func (e *apiError) Error() string {
	if len(e.problems) == 0 {
		return e.code
	}
	return e.code + ": " + strings.Join(e.problems, "; ")
}

// refuse makes a refusal with Slack's error name.
func refuse(code string, problems ...string) *apiError {
	return &apiError{code: code, problems: problems}
}

// refuseAll is nil without problems; it keeps typed nils out of error values.
func refuseAll(code string, problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return refuse(code, problems...)
}

// body is the JSON answer of a refusal.
func (e *apiError) body() object {
	o := object{"ok": false, "error": e.code}
	maps.Copy(o, e.extra)
	if len(e.problems) > 0 {
		messages := make([]string, len(e.problems))
		for i, p := range e.problems {
			messages[i] = "[ERROR] " + p
		}
		o["errors"] = e.problems
		o["response_metadata"] = object{"messages": messages}
	}
	return o
}

// encode marshals what the package itself built out of maps, strings, numbers
// and already valid JSON, which cannot fail.
func encode(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return data
}
