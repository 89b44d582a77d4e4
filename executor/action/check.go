package action

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxText is how many characters a title, a description or a help text may have: each is shown on one line of a phone.
const maxText = 200

// check looks at what decode has read. Every problem names what is allowed.
func (d *decoder) check(a *Action) {
	d.checkName(a.Name)
	d.checkLine("title", a.Title)
	d.checkLine("description", a.Description)
	d.oneOf("role", a.Role, RoleViewer, RoleOperator)
	d.oneOf("verify", a.Verify, VerifyNone, VerifyRebooted, VerifyDown)
	d.oneOf("result", a.Result, results()...)
	if a.Approvals < 0 || a.Approvals > 10 {
		d.at("approvals", "must be from 0 to 10, not %d", a.Approvals)
	}
	if a.Timeout < time.Second || a.Timeout > 24*time.Hour {
		d.at("timeout", "must be from 1s to 24h, not %s", a.Timeout)
	}
	if a.Silence != 0 && (a.Silence < time.Second || a.Silence > a.Timeout) {
		d.at("silence", "must be from 1s to the timeout (%s), not %s", a.Timeout, a.Silence)
	}
	for i, p := range a.Parameters {
		d.checkParameter(fmt.Sprintf("parameters[%d]", i), p, a.Parameters[:i])
	}
	if len(a.Run) == 0 {
		d.at("run", "is required, with a command for at least one of linux, routeros, ios")
	}
	d.proof = a.Verify == VerifyRebooted
	d.checkVerify(a)
	d.checkCommands("run", a.Run, a.Parameters)
	d.checkCommands("preview", a.Preview, a.Parameters)
	d.checkPreview(a)
	for _, p := range Platforms() {
		if _, ok := a.Run[p]; !ok && hasKey(a.Preview, p) {
			d.at("preview."+string(p), "has no command of the same platform under run")
		}
	}
}

func hasKey(commands map[Platform]Command, p Platform) bool {
	_, ok := commands[p]
	return ok
}

func (d *decoder) checkName(name string) {
	switch {
	case name == "":
		d.at("name", "is required")
	case !actionName.MatchString(name):
		d.at("name", "must be lower-case letters, digits and . _ -, begin with a letter or digit and have at most 63 characters, not %q", printable(name))
	case Reserved(name):
		d.at("name", "must not be the reserved word %s", name)
	}
}

func (d *decoder) checkLine(key, text string) {
	if f := unsafe(text); f != nil {
		d.at(key, "must be one line of plain text: it %s", f.problem)
	}
	if n := utf8.RuneCountInString(text); n > maxText {
		d.at(key, "must have at most %d characters, not %d", maxText, n)
	}
}

func (d *decoder) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		d.at(key, "must be one of %s, not %q", strings.Join(allowed, ", "), printable(value))
	}
}
