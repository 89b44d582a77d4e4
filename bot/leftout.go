package bot

import (
	"fmt"
	"strings"

	"drover/executor"
	"drover/store"
)

// maxLeftOut is how many different reasons are shown for leaving servers out.
const maxLeftOut = 4

// leftOut tells of the servers that were named and had no part in a run, with the reasons. A run that waits for its
// approval shows them with its plan.
func leftOut(run store.Run) string {
	if run.State == store.AwaitingApproval {
		return ""
	}
	return strings.Join(exclusions(executor.LeftOut(run)), "\n")
}

// exclusions tells of servers that are left out, those with the same reason together.
func exclusions(list []executor.Exclusion) []string {
	var reasons []string
	servers := map[string][]string{}
	for _, x := range list {
		if servers[x.Reason] == nil {
			reasons = append(reasons, x.Reason)
		}
		servers[x.Reason] = append(servers[x.Reason], x.Server)
	}
	var lines []string
	for i, reason := range reasons {
		if i == maxLeftOut {
			return append(lines, fmt.Sprintf("… and %d more reasons", len(reasons)-i))
		}
		lines = append(lines, fmt.Sprintf("Left out: %s %s", code(clip(executor.FoldNames(servers[reason]), 300)), escape(clip(oneLine(reason), 200))))
	}
	return lines
}
