package executor

import (
	"fmt"

	"drover/store"
)

// Inactive says what keeps a revision of a schedule from running, by the runs that asked for its approvals; "": nothing
// does.
func Inactive(asked []store.Run) string {
	waits := ""
	for _, run := range asked {
		switch run.State {
		case store.Succeeded:
		case store.AwaitingApproval:
			waits = fmt.Sprintf("waits for approval #%d", run.Number)
		default:
			return fmt.Sprintf("is not approved (#%d ended %s; an edit asks again)", run.Number, run.State)
		}
	}
	return waits
}
