package action

import (
	"fmt"
	"strconv"
	"strings"
)

// summarizePackages reads the marked lines of an update: "changed name old new" ("-" for a package that was not there
// before or is not there now), "security name", "held name", "reboot yes|no", "kernel running newest" and "end". The prose
// of the package manager is never read for the result, only, after a failure, for a cause that has a name.
func summarizePackages(out Output) Outcome {
	prose, found := sections(out.Stdout)
	var p packages
	for _, section := range found {
		p.read(section)
	}
	o := Outcome{Facts: p.facts()}
	if out.ExitCode != 0 {
		o.Reason = failureCause(prose+"\n"+out.Stderr, out.ExitCode)
	} else if !p.complete {
		o.Failed, o.Reason = true, "the update did not report its end"
	}
	o.Summary = p.summary()
	if o.Reason != "" {
		o.Summary = o.Reason
		if len(p.changed) > 0 {
			o.Summary += " · before that " + p.counts()
		}
	}
	o.Details = p.details()
	if o.Details == "" || o.Reason != "" {
		o.Details = strings.Trim(o.Details+"\n\n"+plainDetails(Output{Stdout: prose, Stderr: out.Stderr}), "\n")
	}
	return o
}

type change struct{ name, old, new string }

type packages struct {
	preview        bool // nothing was changed: this is what would be
	complete       bool // the last marked line was there
	changed        []change
	security       map[string]bool
	held           []string
	reboot         string // yes, no or unknown (empty)
	kernel, newest string // the release that runs, and the newest one installed
}

func (p *packages) read(s section) {
	words := strings.Fields(s.rest)
	switch {
	case s.name == "preview":
		p.preview = true
	case s.name == "end":
		p.complete = true
	case s.name == "changed" && len(words) == 3:
		p.changed = append(p.changed, change{words[0], words[1], words[2]})
	case s.name == "security" && len(words) == 1:
		if p.security == nil {
			p.security = map[string]bool{}
		}
		p.security[words[0]] = true
	case s.name == "held" && len(words) == 1:
		p.held = append(p.held, words[0])
	case s.name == "reboot" && (s.rest == "yes" || s.rest == "no"):
		p.reboot = s.rest
	case s.name == "kernel" && len(words) == 2:
		p.kernel, p.newest = words[0], words[1]
	}
}

func (p *packages) summary() string {
	text := p.counts()
	if len(p.held) > 0 {
		text += fmt.Sprintf(", %d held: %s", len(p.held), firstNames(p.held, 3))
	}
	if p.reboot == "yes" {
		text += " · reboot required"
	}
	return text
}

// counts says how many packages were upgraded, and how many of those for security, installed and removed.
func (p *packages) counts() string {
	var upgraded, installed, removed, security int
	for _, c := range p.changed {
		switch {
		case c.old == "-":
			installed++
		case c.new == "-":
			removed++
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
	for i, n := range []int{upgraded, installed, removed} {
		if n == 0 {
			continue
		}
		part := fmt.Sprintf("%d %s", n, verbs[i])
		if i == 0 && security > 0 {
			part += fmt.Sprintf(" (%d security)", security)
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}

// isSecurity compares without the architecture, which dpkg adds to some names and apt does not.
func (p *packages) isSecurity(name string) bool {
	base, _, _ := strings.Cut(name, ":")
	return p.security[name] || p.security[base]
}

func (p *packages) details() string {
	var lines []string
	for _, c := range p.changed {
		line := fmt.Sprintf("%s %s → %s", c.name, c.old, c.new)
		switch {
		case c.old == "-":
			line = c.name + " " + c.new + " (new)"
		case c.new == "-":
			line = c.name + " " + c.old + " removed"
		}
		if p.isSecurity(c.name) && c.new != "-" {
			line += " (security)"
		}
		lines = append(lines, line)
	}
	if len(p.held) > 0 {
		lines = append(lines, "Held: "+strings.Join(p.held, ", "))
	}
	if p.kernel != "" && p.kernel != p.newest {
		lines = append(lines, fmt.Sprintf("Kernel: %s runs, %s is installed", p.kernel, p.newest))
	}
	return strings.Join(lines, "\n")
}

func (p *packages) facts() map[string]string {
	facts := map[string]string{}
	if p.reboot != "" {
		facts["reboot_required"] = p.reboot
	}
	if p.kernel != "" {
		facts["kernel_release"] = p.kernel
	}
	if p.complete && !p.preview {
		facts["packages_changed"] = strconv.Itoa(len(p.changed))
	}
	if len(facts) == 0 {
		return nil
	}
	return facts
}

func firstNames(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
}
