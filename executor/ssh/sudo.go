package ssh

import (
	"regexp"
	"strings"
)

// sudoKind reads why sudo has ended before the command began. sudo speaks English
// here because of LC_ALL=C; sudo-rs words the same things differently.
func sudoKind(said string) Kind {
	has := func(texts ...string) bool {
		for _, t := range texts {
			if strings.Contains(said, t) {
				return true
			}
		}
		return false
	}
	switch {
	case has("incorrect password attempt", "incorrect authentication attempt", "Authentication failed, try again", "Sorry, try again"):
		return SudoWrongPassword
	case has("sudo: not found", "sudo: command not found", "sudo: No such file", "sudo: inaccessible"):
		return SudoMissing
	case has("a password is required", "a terminal is required", "interactive authentication is required", "no password was provided"):
		return SudoPasswordNeeded
	case has("sudo"), has("not allowed"):
		return SudoRefused
	}
	return NoShell
}

// question is sudo's prompt, as it and sudo-rs print it.
var question = regexp.MustCompile(`(\[sudo: )?` + promptTag + `\w+(\] Password:)?`)

// sudoSaid is why sudo refused, for people: without its question, and without the command, which it may repeat.
func sudoSaid(kind Kind, said string) string {
	if kind != SudoRefused {
		return ""
	}
	said = strings.TrimSpace(question.ReplaceAllString(said, ""))
	if about, _, ok := strings.Cut(said, " to execute '"); ok {
		said = about + " to execute that."
	}
	return strings.TrimPrefix(said, "sudo: ")
}
