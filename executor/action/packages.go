package action

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// summarizePackages reads the marked lines of an update: "changed name old new" ("-" for a package that was not there
// before or is not there now), "security name", "held name", "kept name", "broken name", "ignored repository", "kernel
// running newest", "reboot yes|no", "lists seconds|never" and "end". The prose of the package manager is never read for
// the result, only, after a failure, for a cause that has a name.
func summarizePackages(out Output) Outcome {
	prose, found := sections(out.Stdout)
	p := packages{security: map[string]bool{}}
	for _, section := range found {
		p.read(section)
	}
	o := Outcome{Facts: p.facts()}
	if out.ExitCode != 0 {
		o.Reason = failureCause(prose, out.Stderr, out.ExitCode)
	} else if !p.complete {
		o.Failed, o.Reason = true, "the update did not report its end"
	}
	o.Summary, o.Details = p.summary(), p.details()
	switch {
	case o.Reason == "":
		o.Details = cmp.Or(o.Details, "Nothing to do.") + p.basis() // and never the log in its place
	case o.Reason != "":
		o.Summary = o.Reason
		if len(p.changed) > 0 {
			o.Summary += " · before that " + p.counts(3)
		}
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
	held           []string      // by somebody
	kept           []string      // their update would need more than an update may do
	broken         []string      // not fully installed
	ignored        []string      // repositories that did not answer, and may do so
	reboot         string        // yes, no or unknown (empty)
	kernel, newest string        // the release that runs, and the newest one installed
	listsAge       time.Duration // of the package lists, where they are not fetched anew; 0 when it is not known
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
	case s.name == "reboot" && (s.rest == "yes" || s.rest == "no"):
		p.reboot = s.rest
	case s.name == "kernel" && len(words) == 2:
		p.kernel, p.newest = words[0], words[1]
	case s.name == "lists" && len(words) == 1:
		p.listsAge = readAge(words[0])
	case len(words) == 1:
		p.readName(s.name, words[0])
	}
}

func (p *packages) readName(list, name string) {
	switch list {
	case "security":
		p.security[name] = true
	case "held":
		p.held = append(p.held, name)
	case "kept":
		p.kept = append(p.kept, name)
	case "broken":
		p.broken = append(p.broken, name)
	case "ignored":
		p.ignored = append(p.ignored, name)
	}
}

// keptBack are the names whose update was not taken for another reason than that somebody holds them.
func (p *packages) keptBack() []string {
	var names []string
	said := map[string]bool{}
	for _, name := range p.held {
		said[name] = true
	}
	for _, name := range p.kept {
		if !said[name] {
			said[name] = true
			names = append(names, name)
		}
	}
	return names
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
			if p.preview {
				line = c.name + " " + c.old + " would be removed"
			}
		}
		if c.new != "-" {
			line += p.mention(c.name)
		}
		lines = append(lines, line)
	}
	if len(p.held) > 0 {
		lines = append(lines, "Held: "+strings.Join(p.held, ", "))
	}
	if kept := p.keptBack(); len(kept) > 0 {
		for i, name := range kept {
			kept[i] = name + p.mention(name)
		}
		lines = append(lines, "Kept back: "+strings.Join(kept, ", "))
	}
	if len(p.broken) > 0 {
		lines = append(lines, "Not fully installed: "+strings.Join(p.broken, ", "))
	}
	if len(p.ignored) > 0 {
		lines = append(lines, "Optional repositories that did not answer: "+strings.Join(p.ignored, ", "))
	}
	if p.kernel != p.newest {
		lines = append(lines, fmt.Sprintf("Kernel: %s runs, %s is installed", p.kernel, p.newest))
	}
	if p.reboot == "yes" {
		lines = append(lines, "Reboot required")
	}
	return strings.Join(lines, "\n")
}

func (p *packages) mention(name string) string {
	if p.isSecurity(name) {
		return " (security)"
	}
	return ""
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
