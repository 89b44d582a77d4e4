package slacksim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// request is one Web API call. Arguments are text, whatever body they came in:
// structured ones are JSON text, as Slack takes them in forms.
type request struct {
	method string
	token  string
	args   map[string]string
	server *Server // set once the call is let in; its lock is held
}

// readRequest takes the arguments from the query and from a form or JSON body,
// and the token from the header or from an argument. The request is usable, if
// incomplete, even when there is an error.
func readRequest(r *http.Request) (*request, error) {
	req := &request{method: r.PathValue("method"), args: map[string]string{}}
	req.token, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	req.addForm(r.URL.Query())
	err := req.addBody(r)
	if req.token == "" {
		req.token = req.args["token"]
	}
	delete(req.args, "token")
	return req, err
}

func (r *request) addBody(hr *http.Request) error {
	kind, _, _ := mime.ParseMediaType(hr.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		data, err := io.ReadAll(hr.Body)
		if err != nil {
			return refuse("request_timeout")
		}
		return r.addJSON(data)
	case "application/x-www-form-urlencoded":
		if err := hr.ParseForm(); err != nil {
			return refuse("invalid_form_data")
		}
		r.addForm(hr.PostForm)
	case "multipart/form-data":
		if err := hr.ParseMultipartForm(maxBody); err != nil {
			return refuse("invalid_form_data")
		}
		r.addForm(hr.MultipartForm.Value)
	case "":
		if hr.ContentLength > 0 {
			return refuse("missing_post_type")
		}
	default:
		return refuse("invalid_post_type")
	}
	return nil
}

func (r *request) addForm(values url.Values) {
	for name, v := range values {
		if len(v) > 0 && v[0] != "" {
			r.args[name] = v[0]
		}
	}
}

func (r *request) addJSON(data []byte) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil // slack-go opens connections with an empty JSON body
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		if json.Valid(data) {
			return refuse("json_not_object")
		}
		return refuse("invalid_json")
	}
	for name, raw := range fields {
		if text, ok := argument(raw); ok && name != "token" {
			r.args[name] = text
		}
	}
	return nil
}

// argument is the text of a JSON value: that of a string, or the JSON itself.
func argument(raw json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil && raw[0] == '"' {
		return text, true
	}
	var compact bytes.Buffer
	if string(raw) == "null" || json.Compact(&compact, raw) != nil {
		return "", false
	}
	return compact.String(), true
}

func (r *request) flag(name string) bool {
	return slices.Contains([]string{"true", "1"}, strings.ToLower(r.args[name]))
}

// number reads an optional integer argument.
func (r *request) number(name string, otherwise int) (int, error) {
	text, ok := r.args[name]
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, refuse("invalid_arguments", fmt.Sprintf("must be a valid integer [json-pointer:/%s]", name))
	}
	return n, nil
}

// required refuses a call that lacks one of the named arguments.
func (r *request) required(names ...string) error {
	var problems []string
	for _, name := range names {
		if r.args[name] == "" {
			problems = append(problems, "missing required field: "+name)
		}
	}
	return refuseAll("invalid_arguments", problems)
}

// needScope refuses a call for which the bot holds none of the scopes.
func (r *request) needScope(scope string) error {
	m := r.server.manifest
	if m.hasScope(scope) {
		return nil
	}
	return &apiError{code: "missing_scope", extra: object{
		"needed": scope, "provided": strings.Join(m.OAuth.Scopes.Bot, ","),
	}}
}
