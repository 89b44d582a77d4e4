package action

import (
	"fmt"
	"strings"
)

// summarizeService reads what systemctl showed of a service before and some seconds after it was restarted. It counts as
// restarted when it is active, or has done its work, since another moment than before.
func summarizeService(out Output) Outcome {
	_, found := sections(out.Stdout)
	var before, after unit
	var log []string
	preview, complete := false, false
	for _, s := range found {
		switch s.name {
		case "before":
			before = readUnit(s.lines)
		case "after":
			after = readUnit(s.lines)
		case "log":
			log = s.lines
		case "preview":
			preview = true
		case "end":
			complete = true
		}
	}
	switch {
	case preview && complete:
		return Outcome{Summary: before.name() + " " + before.now() + " · would be restarted", Details: before.now()}
	case after == nil:
		return cutOff(out)
	}
	o := Outcome{Summary: fmt.Sprintf("%s %s (before: %s)", after.name(), after.now(), before.now())}
	if after.done() {
		o.Summary = after.name() + " " + after.now()
	}
	if trouble := after.trouble(before, out); trouble != "" {
		o.Failed, o.Reason, o.Summary = true, trouble, trouble
	} else if !complete {
		o.Failed, o.Reason = true, "the restart did not report its end"
		o.Summary = o.Reason
	}
	o.Details = strings.Trim(strings.Join(log, "\n")+"\n\n"+strings.Trim(out.Stderr, "\n"), "\n")
	if o.Details == "" {
		o.Details = o.Summary
	}
	return o
}

// unit is what `systemctl show` says of one: names and values.
type unit map[string]string

func readUnit(lines []string) unit {
	u := unit{}
	for _, line := range lines {
		if name, value, ok := strings.Cut(line, "="); ok {
			u[name] = value
		}
	}
	return u
}

func (u unit) name() string { return strings.TrimSuffix(u["Id"], ".service") }

// now says how a unit is: "active since 2026-11-25 22:16:42 UTC", "failed (exit code 3)".
func (u unit) now() string {
	_, since, _ := strings.Cut(u["ActiveEnterTimestamp"], " ") // without the weekday
	switch state := u["ActiveState"]; {
	case state == "active" && since != "":
		return "active since " + since
	case state == "inactive" && u.done():
		return "ran and ended well"
	case state == "failed":
		return "failed (" + u.result() + ")"
	case state == "":
		return "unknown"
	default:
		return state
	}
}

// done says whether a service has nothing more to do: some run once and end.
func (u unit) done() bool { return u["Type"] == "oneshot" && u["Result"] == "success" }

// result is why a service ended, as systemd calls it, with the exit code where that says more.
func (u unit) result() string {
	if code := u["ExecMainStatus"]; u["Result"] == "exit-code" && code != "" && code != "0" {
		return "exit code " + code
	}
	return u["Result"]
}

// trouble says why a service is not properly restarted, or nothing.
func (u unit) trouble(before unit, out Output) string {
	crashed := u["NRestarts"] != "" && u["NRestarts"] != "0"
	switch {
	case u["ActiveState"] == "failed":
		return fmt.Sprintf("%s failed: %s", u.name(), u.result())
	case crashed:
		return fmt.Sprintf("%s crashes again and again: %s times within seconds", u.name(), u["NRestarts"])
	case out.ExitCode != 0:
		return summarizeText(Output{ExitCode: out.ExitCode, Stderr: out.Stderr}).Summary
	case u["ActiveState"] == "inactive" && u.done():
		return ""
	case u["ActiveState"] != "active":
		return fmt.Sprintf("%s is not active: it is %s", u.name(), u["ActiveState"])
	case u["ActiveEnterTimestampMonotonic"] == before["ActiveEnterTimestampMonotonic"]:
		return fmt.Sprintf("%s was not restarted: it is still %s", u.name(), u.now())
	}
	return ""
}
