package executor

import (
	"fmt"

	"drover/store"
)

// Meaning is what a binding comes down to for its subject, such as "may look, and run what changes servers, on servers
// with tag:web". When it ends is left to the caller, who knows how times are shown.
func Meaning(b store.Binding) string {
	text := map[store.Role]string{
		store.Viewer:     "may look, and run what only looks",
		store.Operator:   "may look, and run what changes servers",
		store.Admin:      "may look, run what changes servers, and change drover's configuration",
		store.Approver:   "may approve the runs of others",
		store.Breakglass: "may run without approval in an emergency",
	}[b.Role]
	if b.Effect == store.Deny {
		text = map[store.Role]string{
			store.Viewer:     "may do nothing",
			store.Operator:   "may neither run what changes servers nor change drover's configuration",
			store.Admin:      "may not change drover's configuration",
			store.Approver:   "may not approve",
			store.Breakglass: "may not run without approval",
		}[b.Role]
	}
	if b.ActionGlob != "*" {
		text += fmt.Sprintf(", for `%s`", b.ActionGlob)
	}
	if b.Tag != "" {
		text += fmt.Sprintf(", on servers with `tag:%s`", b.Tag)
	}
	if b.Effect == store.Deny {
		text += ", whatever else they are given"
	}
	return text
}

// Brief is a binding in the words that give it: "operator tag:web action=restart-* deny".
func Brief(b store.Binding) string {
	text := string(b.Role)
	if b.Tag != "" {
		text += " tag:" + b.Tag
	}
	if b.ActionGlob != "*" {
		text += " action=" + b.ActionGlob
	}
	if b.Effect == store.Deny {
		text += " deny"
	}
	return text
}
