package executor

import "drover/store"

// RebootAction is the name of the built-in action that restarts a server.
const RebootAction = "reboot"

// NeedReboot are the servers of a run that said at its end that they need a reboot.
func NeedReboot(run store.Run) []store.Target {
	var list []store.Target
	for _, t := range run.Targets {
		if t.State == store.TargetSucceeded && t.Facts["reboot_required"] == "yes" {
			list = append(list, t)
		}
	}
	return list
}
