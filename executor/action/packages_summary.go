package action

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// summary is the line of the card. Its end says what is to be done next, so names make room for it: the details have them all.
func (p *packages) summary() string {
	next := p.next()
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

// counts says how many packages were upgraded, and how many of those for security, installed and removed. The removed
// ones are named: nobody expects them.
func (p *packages) counts(n int) string {
	var upgraded, installed, security int
	var removed []string
	for _, c := range p.changed {
		switch {
		case c.old == "-":
			installed++
		case c.new == "-":
			removed = append(removed, c.name)
		default:
			upgraded++
			if p.isSecurity(c.name) {
				security++
			}
		}
	}
	verbs := []string{"upgraded", "installed", "removed"}
	if p.preview {
		verbs = []string{"to upgrade", "to install", "to remove"}
	}
	var parts []string
	for i, number := range []int{upgraded, installed, len(removed)} {
		if number > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", number, verbs[i]))
		}
	}
	switch {
	case len(parts) == 0:
		return "nothing to do"
	case security > 0:
		parts[0] += fmt.Sprintf(" (%d security)", security)
	}
	if len(removed) > 0 {
		parts[len(parts)-1] += firstNames(": ", removed, n)
	}
	return strings.Join(parts, ", ")
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
