package action

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// summarizeStatus reads the sections of the status script. A section that is missing or strange is left out of the
// summary; without any section the output is read as text.
func summarizeStatus(out Output) Outcome {
	_, found := sections(out.Stdout)
	if len(found) == 0 {
		return summarizeResources(out)
	}
	s := status{sections: map[string][]string{}, facts: map[string]string{}}
	for _, section := range found {
		s.sections[section.name] = section.lines
	}
	for _, read := range []func(*status){
		(*status).uptime, (*status).load, (*status).memory, (*status).disk, (*status).system, (*status).kernel,
		(*status).updates, (*status).reboot, (*status).users,
	} {
		read(&s)
	}
	if len(s.short) == 0 {
		return summarizeText(out)
	}
	return Outcome{
		Summary: strings.Join(s.short, " · "),
		Details: strings.Join(s.long, "\n"),
		Facts:   s.facts,
	}
}

// status gathers what the sections say: parts of the summary, lines of the details, facts.
type status struct {
	sections map[string][]string
	short    []string
	long     []string
	facts    map[string]string
}

func (s *status) line(section string) string {
	if lines := s.sections[section]; len(lines) > 0 {
		return lines[0]
	}
	return ""
}

func (s *status) say(label, text string) { s.long = append(s.long, label+": "+text) }

// uptime reads /proc/uptime: seconds since boot with a fraction.
func (s *status) uptime() {
	seconds, err := strconv.ParseFloat(firstField(s.line("uptime")), 64)
	if err != nil || !(seconds >= 0 && seconds < 1e10) { // also refuses NaN
		return
	}
	up := days(time.Duration(seconds) * time.Second)
	s.short = append(s.short, "up "+up)
	s.say("Uptime", up)
	s.facts["uptime_seconds"] = strconv.FormatInt(int64(seconds), 10)
}

// load reads /proc/loadavg: the averages of 1, 5 and 15 minutes come first.
func (s *status) load() {
	fields := strings.Fields(s.line("load"))
	if len(fields) < 3 {
		return
	}
	s.short = append(s.short, "load "+fields[0])
	s.say("Load", strings.Join(fields[:3], " "))
	s.facts["load"] = fields[0]
}

func (s *status) kernel() {
	kernel := strings.TrimSpace(s.line("kernel"))
	if kernel == "" {
		return
	}
	s.say("Kernel", kernel)
	s.facts["kernel"] = kernel
}

func (s *status) updates() {
	n, err := strconv.Atoi(s.line("updates"))
	if err != nil || n < 0 {
		return
	}
	s.facts["updates"] = strconv.Itoa(n)
	s.short = append(s.short, count(n, "update"))
	s.say("Updates", strconv.Itoa(n))
}

func (s *status) reboot() {
	answer := s.line("reboot")
	if answer != "yes" && answer != "no" {
		return
	}
	s.facts["reboot_required"] = answer
	text := answer
	if reasons := s.sections["reasons"]; answer == "yes" && len(reasons) > 0 {
		text += ", for " + strings.Join(reasons, ", ")
	}
	if answer == "yes" {
		s.short = append(s.short, "reboot required")
	}
	s.say("Reboot required", text)
}

// users reads who: the first word of a line is the name, once for each session.
func (s *status) users() {
	lines, asked := s.sections["users"]
	if !asked {
		return
	}
	sessions := map[string]int{}
	var order []string
	for _, line := range lines {
		name := firstField(line)
		if sessions[name] == 0 {
			order = append(order, name)
		}
		sessions[name]++
	}
	for i, name := range order {
		if sessions[name] > 1 {
			order[i] = fmt.Sprintf("%s (%d sessions)", name, sessions[name])
		}
	}
	s.facts["users"] = strconv.Itoa(len(order))
	if len(order) == 0 {
		order = []string{"nobody"}
	}
	s.facts["logged_in"] = strings.Join(order, ", ")
	s.say("Logged in", strings.Join(order, ", "))
}

func firstField(text string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	return first
}
