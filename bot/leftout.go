package bot

import (
	"fmt"
	"strings"

	"drover/executor"
	"drover/store"
)

// maxLeftOut is how many different reasons a card shows for leaving servers out.
const maxLeftOut = 4

// leftOut tells of the servers that were named and had no part in a run, with the reasons. A run that waits for its
// approval shows them with its plan.
func leftOut(run store.Run) string {
	if run.State == store.AwaitingApproval || !strings.Contains(run.Plan, `"excluded":`) { // a plan of many servers is long
		return ""
	}
	plan, err := executor.PlanOf(run)
	if err != nil {
		return ""
	}
	var reasons []string
	servers := map[string][]string{}
	for _, x := range plan.Excluded {
		if servers[x.Reason] == nil {
			reasons = append(reasons, x.Reason)
		}
		servers[x.Reason] = append(servers[x.Reason], x.Server)
	}
	var lines []string
	for i, reason := range reasons {
		if i == maxLeftOut {
			lines = append(lines, fmt.Sprintf("… and %d more reasons", len(reasons)-i))
			break
		}
		lines = append(lines, fmt.Sprintf("Left out: %s %s", code(clip(executor.FoldNames(servers[reason]), 300)), escape(clip(oneLine(reason), 200))))
	}
	return strings.Join(lines, "\n")
}
