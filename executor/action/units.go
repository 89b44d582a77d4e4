package action

import (
	"fmt"
	"strings"
)

// summarizeUnits reads what systemctl lists as failed: "name load active sub description" on each line, which older
// versions begin with a dot.
func summarizeUnits(out Output) Outcome {
	_, found := sections(out.Stdout)
	var names, lines []string
	complete := false
	for _, s := range found {
		complete = complete || s.name == "end"
		if s.name != "failed" {
			continue
		}
		for _, line := range s.lines {
			line = strings.TrimSpace(strings.TrimLeft(line, "●*× "))
			names = append(names, strings.TrimSuffix(firstField(line), ".service"))
			lines = append(lines, line)
		}
	}
	if out.ExitCode != 0 || !complete {
		return cutOff(out)
	}
	if len(names) == 0 {
		return Outcome{Summary: "none failed", Details: "No unit has failed."}
	}
	return Outcome{Summary: fmt.Sprintf("%d failed%s", len(names), firstNames(": ", names, 5)), Details: strings.Join(lines, "\n")}
}
