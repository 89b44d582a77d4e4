package action

import (
	"regexp"
	"slices"

	"github.com/agnivade/levenshtein"
)

var (
	actionName    = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	parameterName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)
)

// Reserved reports whether a word has a meaning of its own in what people type, so that no action and no server may
// be called that.
func Reserved(word string) bool {
	switch word {
	case "help", "list", "show", "actions", "preview", "history", "run", "pending", "approve", "deny", "cancel",
		"retry", "add", "edit", "remove", "enable", "disable", "trust", "user", "action", "schedule", "freeze", "unfreeze", "lock",
		"unlock", "can", "report", "audit", "doctor":
		return true
	case "all", "because":
		return true
	}
	return false
}

// Option reports whether name=value is an option of a run, which a parameter may therefore not be called.
// max_failures is refused with max-failures: nobody could tell the two apart.
func Option(name string) bool {
	switch name {
	case "batch", "canary", "parallel", "max-failures", "max_failures", "timeout", "urgent", "reason":
		return true
	}
	return false
}

// closest returns the word among known that differs from typed in the fewest letters, or nothing when none is near
// enough that a person could have meant it.
func closest(typed string, known []string) string {
	limit := min(3, len(typed)/2+1)
	best, distance := "", limit+1
	for _, word := range slices.Sorted(slices.Values(known)) {
		if d := levenshtein.ComputeDistance(typed, word); d < distance && d < len(word) {
			best, distance = word, d
		}
	}
	return best
}
