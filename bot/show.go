package bot

import (
	"fmt"
	"strings"

	"drover/executor"
	"drover/executor/action"
	"drover/store"
)

// showRun tells of one run in private: the card's lines, without its buttons.
func showRun(run store.Run) string {
	lines := []string{fmt.Sprintf("%s *#%d %s* %s", runIcon(run.State), run.Number, headline(run), outcome(run))}
	if run.Urgent {
		lines = append(lines, alarm(run))
	}
	if asked := asking(run); asked != "" {
		lines = append(lines, asked)
	}
	return strings.Join(append(lines, serverLines(run), origin(run)), "\n")
}

// showServer tells what drover knows of a server.
func showServer(s store.Server) string {
	lines := []string{
		"*" + escape(s.Name) + "* " + code(fmt.Sprintf("%s@%s:%d", s.LoginUser, s.Address, s.Port)) + " · " + escape(s.Platform),
	}
	if len(s.Tags) > 0 {
		lines = append(lines, "tags: "+escape(strings.Join(s.Tags, " ")))
	}
	if s.DisabledReason != "" {
		lines = append(lines, "disabled: "+escape(oneLine(s.DisabledReason)))
	}
	if s.OwnHost {
		lines = append(lines, "drover itself runs there: it is never restarted or switched off from here")
	}
	for _, pin := range s.HostKeys {
		lines = append(lines, "host key "+code(pin.Fingerprint))
	}
	if len(s.HostKeys) == 0 {
		lines = append(lines, "Its host key is not trusted yet. An admin types "+code("trust "+s.Name))
	}
	if s.HostAt != nil {
		lines = append(lines, escape(oneLine(fmt.Sprintf("%s · kernel %s", s.Host, s.Host.Kernel)))+" · seen "+when(*s.HostAt))
	}
	if s.FactsAt != nil {
		var facts []string
		for name, value := range sorted(s.Facts) {
			facts = append(facts, escape(oneLine(name+" "+value)))
		}
		lines = append(lines, clip(strings.Join(facts, " · "), 500)+" · seen "+when(*s.FactsAt))
	}
	if s.Note != "" {
		lines = append(lines, escape(oneLine(s.Note)))
	}
	return strings.Join(lines, "\n")
}

// actionLine is an action in one line: how to call it, and what it does.
func actionLine(a *action.Action) string {
	call := a.Name
	for _, p := range a.Parameters {
		if p.Default == nil {
			call += " " + p.Name + "="
		} else {
			call += " [" + p.Name + "=" + *p.Default + "]"
		}
	}
	return code(call) + " " + escape(oneLine(firstOf(a.Description, a.Title)))
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// showAction tells all about an action, down to what it runs.
func showAction(entry store.Action) (string, error) {
	a, err := executor.Definition(entry)
	if err != nil {
		return "", err
	}
	lines := []string{actionLine(a), fmt.Sprintf("revision %d · role %s · time limit %s", entry.Revision, a.Role, a.Timeout)}
	if a.Approvals > 0 {
		lines[1] += fmt.Sprintf(" · approvals %d", a.Approvals)
	}
	for _, p := range a.Parameters {
		lines = append(lines, "• "+code(p.Name)+" "+escape(oneLine(describe(p))))
	}
	lines = append(lines, fenced(clip(entry.YAML, 2500)))
	return strings.Join(lines, "\n"), nil
}

// describe says what a parameter accepts.
func describe(p action.Parameter) string {
	var text string
	switch p.Type {
	case action.Enum:
		text = "one of " + strings.Join(p.Values, ", ")
	case action.Int:
		text = "a whole number"
		if p.Min != nil && p.Max != nil {
			text += fmt.Sprintf(" from %d to %d", *p.Min, *p.Max)
		}
	case action.Bool:
		text = "true or false"
	default:
		text = "text"
		if p.Pattern != "" {
			text += " like " + p.Pattern
		}
	}
	if p.Help != "" {
		text = p.Help + ": " + text
	}
	return text
}
