package bot

import (
	"iter"
	"maps"
	"slices"

	"drover/store"
)

// runIcon is a run's state at a glance.
func runIcon(s store.RunState) string {
	switch s {
	case store.Succeeded:
		return ":white_check_mark:"
	case store.Failed:
		return ":x:"
	case store.Partial, store.Interrupted:
		return ":warning:"
	case store.Cancelled, store.Denied, store.Expired:
		return ":no_entry_sign:"
	case store.Paused:
		return ":double_vertical_bar:"
	case store.AwaitingApproval:
		return ":raised_hand:"
	}
	return ":hourglass_flowing_sand:"
}

// targetIcon is a target's state at a glance.
func targetIcon(s store.TargetState) string {
	switch s {
	case store.TargetSucceeded:
		return ":white_check_mark:"
	case store.TargetFailed, store.TargetUnreachable, store.TargetTimedOut:
		return ":x:"
	case store.TargetInterrupted:
		return ":warning:"
	case store.TargetCancelled, store.TargetSkipped:
		return ":no_entry_sign:"
	case store.TargetPending:
		return ":white_circle:"
	}
	return ":hourglass_flowing_sand:"
}

// iconOf is targetIcon, but for what goes on without drover.
func iconOf(t store.Target) string {
	if t.ProbeAt != nil {
		return targetIcon(store.TargetRunning)
	}
	return targetIcon(t.State)
}

var targetWords = map[store.TargetState]string{
	store.TargetPending: "waiting", store.TargetDispatching: "connecting", store.TargetRunning: "running",
	store.TargetSucceeded: "succeeded", store.TargetFailed: "failed", store.TargetUnreachable: "unreachable",
	store.TargetTimedOut: "timed out", store.TargetCancelled: "cancelled", store.TargetSkipped: "skipped",
	store.TargetInterrupted: "interrupted",
}

// targetOrder is the order in which counts are shown: what went wrong first.
var targetOrder = []store.TargetState{
	store.TargetFailed, store.TargetUnreachable, store.TargetTimedOut, store.TargetInterrupted, store.TargetCancelled,
	store.TargetSkipped, store.TargetRunning, store.TargetDispatching, store.TargetPending, store.TargetSucceeded,
}

// isFailure says whether somebody should look at the target.
func isFailure(s store.TargetState) bool {
	switch s {
	case store.TargetFailed, store.TargetUnreachable, store.TargetTimedOut, store.TargetInterrupted:
		return true
	}
	return false
}

// sorted walks names and values in the order of the names.
func sorted(m map[string]string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !yield(name, m[name]) {
				return
			}
		}
	}
}
