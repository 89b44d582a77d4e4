package action

import (
	"regexp"
	"strings"
)

// NoExitCode stands for an exit code that never came. Many devices send none.
const NoExitCode = -1

// complaint is how a device's command line says that it did not do what it was told: IOS with a %, RouterOS with these
// words. Neither says it in an exit code.
var complaint = regexp.MustCompile(`(?m)^\s*(% ?\S.*|bad command name .*|syntax error .*|expected .*|no such item.*|failure: .*|invalid value .*|input does not match .*|missing value.*|not enough permissions.*)$`)

// deviceComplaint returns what a device says against the command, or nothing.
func deviceComplaint(out Output) string {
	return strings.TrimSpace(complaint.FindString(strings.ReplaceAll(out.Stdout+"\n"+out.Stderr, "\r", "")))
}
