package action

import "time"

// How an action's output is read (Action.Result).
const (
	ResultText     = "text"     // the last meaningful line
	ResultTiming   = "timing"   // how long each step took; for ping
	ResultStatus   = "status"   // marked sections about a server
	ResultPackages = "packages" // marked lines about changed packages
	ResultPing     = "ping"     // how many packets were answered
	ResultDisk     = "disk"     // how full the filesystems are
	ResultUnits    = "units"    // failed systemd units
	ResultService  = "service"  // a systemd service before and after it was restarted
)

// results are all of them, in the order in which they are named.
func results() []string {
	return []string{ResultText, ResultTiming, ResultStatus, ResultPackages, ResultPing, ResultDisk, ResultUnits, ResultService}
}

// Output is what came back from one server.
type Output struct {
	ExitCode       int           // NoExitCode when none came
	Device         bool          // it is no shell's: what went wrong is only in its words
	Stdout, Stderr string        // cleaned of terminal codes
	Connect        time.Duration // TCP; 0 when the connection was already open
	Login          time.Duration // SSH handshake and authentication; 0 when the connection was already open
	Run            time.Duration // the command itself
}

// Outcome is what an output means.
type Outcome struct {
	Summary string            // one line for a phone
	Details string            // text for the thread; may be empty
	Facts   map[string]string // what is now known of the server: os, kernel, reboot_required, …; nil when nothing
	Failed  bool              // the exit code is not 0, or the output proves failure despite it
	Reason  string            // why it failed, in a few words; empty otherwise
}
