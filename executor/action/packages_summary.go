package action

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// summary is the line of the card. Its end says what is to be done next, so names make room for it: the details have them all.
func (p *packages) summary() string {
	next := p.next() + p.stale()
	room := max(0, summaryWidth-ansi.StringWidth(next))
	for n := 3; n > 0; n-- {
		if text := p.lists(n); ansi.StringWidth(text) <= room {
			return text + next
		}
	}
	return ansi.Truncate(p.lists(0), room, "…") + next
}

// next is the kernel that a reboot would bring, and that one is required.
func (p *packages) next() string {
	var text string
	if p.kernel != p.newest {
		from, to := withoutFlavour(p.kernel, p.newest)
		text = fmt.Sprintf(" · kernel %s → %s", from, to)
	}
	if p.reboot == "yes" {
		text += " · reboot required"
	}
	return text
}

// lists says what was done and what was not, with at most n names of each kind.
func (p *packages) lists(n int) string {
	text := p.counts(n)
	for _, list := range []struct {
		names []string
		what  string
	}{{p.held, "held"}, {p.keptBack(), "kept back"}, {p.broken, "not fully installed"}} {
		if len(list.names) > 0 {
			text += fmt.Sprintf(", %d %s%s", len(list.names), list.what, firstNames(": ", list.names, n))
		}
	}
	switch {
	case len(p.ignored) > 0 && n > 0:
		text += ", no answer from the repository" + firstNames(" ", p.ignored, n)
	case len(p.ignored) > 0:
		text += fmt.Sprintf(", no answer from %d of the repositories", len(p.ignored))
	}
	return text
}

// counts says how many packages were upgraded, installed and removed, and how many of those for security. The removed
// ones are named: nobody expects them.
func (p *packages) counts(n int) string {
	var upgraded, installed, removed []change
	for _, c := range p.changed {
		switch {
		case c.old == "-":
			installed = append(installed, c)
		case c.new == "-":
			removed = append(removed, c)
		default:
			upgraded = append(upgraded, c)
		}
	}
	verbs := []string{"upgraded", "installed", "removed"}
	if p.preview {
		verbs = []string{"to upgrade", "to install", "to remove"}
	}
	var parts []string
	for i, list := range [][]change{upgraded, installed, removed} {
		if len(list) > 0 {
			parts = append(parts, fmt.Sprintf("%d %s%s", len(list), verbs[i], p.securityCount(list)))
		}
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	parts[len(parts)-1] += firstNames(": ", gone(removed, installed), n)
	return strings.Join(parts, ", ")
}

// securityCount says how many of the changes are for security, when any is.
func (p *packages) securityCount(changes []change) string {
	var n int
	for _, c := range changes {
		if c.new != "-" && p.isSecurity(c.name) {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d security)", n)
}

// gone names what was removed: with its version, where it made room for a newer one beside which it was, as kernels do.
func gone(removed, installed []change) []string {
	var names []string
	for _, c := range removed {
		if slices.ContainsFunc(installed, func(i change) bool { return i.name == c.name }) {
			c.name += " " + c.old
		}
		names = append(names, c.name)
	}
	return names
}

// withoutFlavour drops what two kernel releases have in common at their end, as long as it is words and no numbers:
// 6.1.0-21 and 6.1.0-22 of 6.1.0-21-amd64 and 6.1.0-22-amd64.
func withoutFlavour(a, b string) (string, string) {
	for {
		i, j := strings.LastIndexAny(a, "-."), strings.LastIndexAny(b, "-.")
		if i < 0 || j < 0 || a[i:] != b[j:] || strings.IndexFunc(a[i:], isWordRune) != 1 || isDigit(a[i+1]) {
			return a, b
		}
		a, b = a[:i], b[:j]
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// firstNames are at most n names, and how many more there are, with what leads to them; nothing when there is room for none.
func firstNames(lead string, names []string, n int) string {
	switch {
	case n == 0 || len(names) == 0:
		return ""
	case len(names) <= n:
		return lead + strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s%s and %d more", lead, strings.Join(names[:n], ", "), len(names)-n)
}
