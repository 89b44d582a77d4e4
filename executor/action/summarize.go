package action

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// summaryWidth is how many columns a summary may have: a line that a phone wraps once.
const summaryWidth = 160

// Summarize says what an output means, in the way the action asks for (Result). It never fails: an output that does not
// look as expected is read as plain text.
func (a *Action) Summarize(out Output) Outcome {
	o := a.read(out)
	if out.ExitCode != 0 && out.ExitCode != NoExitCode {
		o.Failed = true
		if o.Reason == "" {
			o.Reason = exitReason(out.ExitCode)
		}
	}
	o.Summary = ansi.Truncate(ansi.Strip(o.Summary), summaryWidth, "…")
	return o
}

func (a *Action) read(out Output) Outcome {
	if reason, ok := refused(out); ok {
		return Outcome{Summary: reason, Details: plainDetails(out), Reason: reason}
	}
	if out.Device {
		if said := deviceComplaint(out); said != "" {
			return Outcome{Summary: said, Details: plainDetails(out), Failed: true, Reason: said}
		}
	}
	switch a.Result {
	case ResultTiming:
		return summarizeTiming(out)
	case ResultStatus:
		return summarizeStatus(out)
	case ResultPackages:
		return summarizePackages(out)
	case ResultPing:
		return summarizePing(out)
	case ResultDisk:
		return summarizeDisk(out)
	case ResultUnits:
		return summarizeUnits(out)
	case ResultService:
		return summarizeService(out)
	}
	return summarizeText(out)
}

// summarizeText takes the last line that says something. When a command fails, that is mostly the last of stderr.
func summarizeText(out Output) Outcome {
	first, second := out.Stdout, out.Stderr
	if out.ExitCode > 0 {
		first, second = second, first
	}
	last := lastLine(first)
	if last == "" {
		last = lastLine(second)
	}
	if last == "" {
		last = "done"
		if out.ExitCode > 0 {
			last = exitReason(out.ExitCode)
		}
	}
	return Outcome{Summary: last, Details: plainDetails(out)}
}

func plainDetails(out Output) string {
	return strings.Trim(strings.Join([]string{strings.Trim(out.Stdout, "\n"), strings.Trim(out.Stderr, "\n")}, "\n"), "\n")
}

// lastLine returns the last line that holds a letter or digit: a rule of dashes is no news.
func lastLine(text string) string {
	lines := strings.Split(ansi.Strip(text), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		line := strings.Join(strings.Fields(lines[i]), " ")
		if strings.IndexFunc(line, isWordRune) >= 0 {
			return line
		}
	}
	return ""
}

// exitReason puts the exit codes that have a meaning of their own into words. 126 and 127 are the shell's; above 128 it
// is 128 plus the signal that ended the command.
func exitReason(code int) string {
	switch code {
	case 126:
		return "the command cannot be executed (exit 126)"
	case 127:
		return "the command was not found (exit 127)"
	case 137:
		return "killed (exit 137)"
	case 143:
		return "terminated (exit 143)"
	}
	return fmt.Sprintf("exit %d", code)
}
