package executor

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"drover/store"
)

// Chronicle puts entries of the audit log into words for one surface.
type Chronicle struct {
	Person func(store.Actor) string // how somebody is named there
	Text   func(string) string      // makes text that people or servers chose harmless there
}

// maxDetail is how many characters of one detail a line shows.
const maxDetail = 200

// Tell is what an entry says, in a line that follows the name of its actor: "asked for #42: update on web1".
func (c Chronicle) Tell(e store.AuditEntry) string {
	t := told{c, e, map[string]any{}}
	decoder := json.NewDecoder(strings.NewReader(e.Payload))
	decoder.UseNumber()            // 1000000, not 1e+06
	_ = decoder.Decode(&t.details) // an entry that somebody broke is shown without them
	if say := sayings[e.Event]; say != nil {
		return say(t)
	}
	noun, verb, _ := strings.Cut(e.Event, ".")
	switch {
	case noun == "target":
		return t.target(verb)
	case noun == "run" && store.RunState(verb).Final():
		return t.subject() + " " + words(verb) + t.opt(": ", "why")
	}
	return t.plainly(verb)
}

// told is an entry that is being put into words.
type told struct {
	Chronicle
	entry   store.AuditEntry
	details map[string]any
}

// sayings are the events that the general rule words badly.
var sayings = map[string]func(told) string{
	"request.refused": func(t told) string { return "was refused" + t.opt(": ", "why") },
	"run.requested":   told.requested,
	"approval.given":  func(t told) string { return "approved " + t.subject() },
	"approval.void": func(t told) string {
		return "wanted to approve " + t.subject() + ", which was void by then" + t.opt(": ", "why")
	},
	"approval.denied":      func(t told) string { return "denied " + t.subject() + t.opt(" because ", "reason") },
	"run.reviewed":         func(t told) string { return "reviewed " + t.subject() + ", which was break-glass" },
	"run.continued":        func(t told) string { return "let " + t.subject() + " go on" },
	"run.queued":           func(t told) string { return t.subject() + " has its approvals" },
	"run.started":          func(t told) string { return "began " + t.subject() },
	"run.cancel_requested": func(t told) string { return "cancelled " + t.subject() },
	"run.abandoned":        func(t told) string { return t.subject() + " lost its worker" },
	"run.proven":           func(t told) string { return t.subject() + " is proven" + t.opt(": ", "state") },
	"server.edited":        told.edited,
	"server.disabled":      func(t told) string { return "disabled " + t.subject() + t.opt(" because ", "reason") },
	"server.trusted":       func(t told) string { return "trusted the host keys of " + t.subject() + t.opt(": ", "fingerprints") },
	"user.granted":         told.granted,
	"user.revoked":         told.revoked,
	"user.expired":         func(t told) string { return "let " + t.given() + " of " + t.subject() + " end" },
	"user.changed":         told.standing,
	"usergroup.changed":    told.members,
	"server.locked": func(t told) string {
		return "locked " + t.subject() + t.opt(" until ", "until") + t.opt(" because ", "reason")
	},
	"server.unlocked":     func(t told) string { return "unlocked " + t.subject() },
	"server.lock_expired": func(t told) string { return "ended the lock of " + t.subject() },
	"user.linked":         func(t told) string { return "linked the login" + t.opt(" ", "login") + " to " + t.subject() },
	"setting.changed":     told.set,
	"credential.added":    told.credential,
}

func (t told) requested() string {
	verb := "asked for "
	if t.details["urgent"] == true {
		verb = "broke the glass for "
	}
	text := verb + t.subject() + t.opt(": ", "action") + t.opt(" on ", "selector")
	if params, ok := t.details["params"].(map[string]any); ok {
		for _, name := range slices.Sorted(maps.Keys(params)) {
			text += " " + t.Text(name+"="+t.shown(params[name]))
		}
	}
	return text + t.opt(" because ", "reason")
}

func (t told) target(verb string) string {
	servers := t.opt("", "server")
	if list, ok := t.details["servers"].([]any); ok {
		servers = t.Text(foldAny(list))
	}
	run := " in " + t.subject()
	switch verb {
	case "dispatched":
		return servers + " was sent its command" + run
	case "sent":
		return servers + " has taken its command" + run
	case "proven":
		return servers + " is proven to have" + t.opt(" ", "state") + run + t.opt(": ", "summary")
	case "not_proven":
		return servers + " is not proven to have ended" + run + t.opt(": ", "summary")
	}
	return servers + " " + words(verb) + run + t.opt(": ", "summary")
}

// foldAny folds names that came out of JSON.
func foldAny(list []any) string {
	var names []string
	for _, value := range list {
		if name, ok := value.(string); ok {
			names = append(names, name)
		}
	}
	return FoldNames(names)
}

func (t told) granted() string {
	text := "gave" + t.opt(" ", "role") + " to " + t.subject()
	if t.denies() {
		text = "denied" + t.opt(" ", "role") + " to " + t.subject()
	}
	return text + t.scope() + t.opt(" until ", "until")
}

func (t told) revoked() string {
	if t.denies() {
		return "lifted " + t.given() + " from " + t.subject()
	}
	return "took " + t.given() + " from " + t.subject()
}

func (t told) denies() bool { return t.details["effect"] == string(store.Deny) }

// given is what a binding gave, or denied.
func (t told) given() string {
	role := t.opt("", "role")
	if t.denies() {
		role = "the deny of " + role
	}
	return role + t.scope()
}

// standing is what Slack says of somebody now.
func (t told) standing() string {
	var is []string
	for _, what := range []struct{ name, word string }{{"bot", "a bot"}, {"guest", "a guest"}, {"stranger", "of another workspace"}, {"deactivated", "deactivated"}} {
		if t.details[what.name] == true {
			is = append(is, what.word)
		}
	}
	if len(is) == 0 {
		is = []string{"a member"}
	}
	return "learned that " + t.subject() + " is now " + strings.Join(is, " and ")
}

func (t told) credential() string {
	article := ", a "
	if t.details["kind"] == string(store.CredentialAgent) {
		article = ", an "
	}
	return "added " + t.subject() + t.opt(article, "kind")
}

// scope is what a binding is about.
func (t told) scope() string {
	text := ""
	if t.details["action"] != "*" {
		text = t.opt(" for ", "action")
	}
	return text + t.opt(" on tag:", "tag")
}

func (t told) members() string {
	return "learned that " + t.subject() + " is" + t.opt(" ", "state") + t.opt(", with ", "added") + t.opt(", without ", "removed")
}

func (t told) set() string {
	verb := "set "
	if t.opt("", "value") == "" {
		verb = "reset "
	}
	return verb + t.name() + t.opt(" to ", "value") + t.opt(", before ", "before")
}

func (t told) edited() string {
	var changes []string
	was, _ := t.details["was"].(map[string]any)
	for _, field := range slices.Sorted(maps.Keys(was)) {
		changes = append(changes, fmt.Sprintf("%s %s → %s", field, orNone(t.shown(was[field])), orNone(t.shown(t.details[field]))))
	}
	return "edited " + t.subject() + t.Text(after(": ", strings.Join(changes, ", ")))
}

// plainly is the general rule: lock.made about lock/db1 with a reason is "made lock db1 (reason: …)".
func (t told) plainly(verb string) string {
	text := words(verb) + " " + t.subject()
	var details []string
	for _, name := range slices.Sorted(maps.Keys(t.details)) {
		if shown := t.shown(t.details[name]); shown != "" && !unread[name] {
			details = append(details, words(name)+": "+shown)
		}
	}
	if len(details) == 0 {
		return text
	}
	return text + " (" + t.Text(strings.Join(details, ", ")) + ")"
}

// unread are details that no line shows: they are for programs, or too long.
var unread = map[string]bool{"yaml": true, "plan_hash": true, "action_id": true, "occurrence": true}

// subject is whom or what the entry is about.
func (t told) subject() string {
	kind, name, _ := strings.Cut(t.entry.Subject, "/")
	switch kind {
	case "run":
		return "#" + t.Text(name)
	case "user":
		return t.Person(store.Actor(name))
	case "server":
		return t.Text(name)
	}
	return t.Text(kind + after(" ", name))
}

func (t told) name() string {
	_, name, _ := strings.Cut(t.entry.Subject, "/")
	return t.Text(name)
}

// opt is a detail after a few words, or nothing when the entry does not have it.
func (t told) opt(lead, name string) string {
	return after(lead, t.Text(t.shown(t.details[name])))
}

// shown is a detail as people read it; "" for one that says nothing.
func (t told) shown(value any) string {
	switch value := value.(type) {
	case string:
		if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
			return at.UTC().Format("2006-01-02 15:04 UTC")
		}
		text := strings.Join(strings.Fields(value), " ")
		if runes := []rune(text); len(runes) > maxDetail {
			return string(runes[:maxDetail-1]) + "…"
		}
		return text
	case []any:
		var parts []string
		for _, part := range value {
			parts = append(parts, t.shown(part))
		}
		return t.shown(strings.Join(parts, " "))
	case bool:
		if value {
			return "yes"
		}
		return ""
	case json.Number:
		return value.String()
	}
	return ""
}

func after(lead, text string) string {
	if text == "" {
		return ""
	}
	return lead + text
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// words is a name of the code as people write it.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }
