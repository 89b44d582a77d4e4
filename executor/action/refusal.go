package action

import "regexp"

// refusedExit is the exit code (EX_UNAVAILABLE) with which a script says that this server is not one for it, and that it
// has done nothing; the reason stands in a line of standard error that begins with "drover: ".
const refusedExit = 69

var refusal = regexp.MustCompile(`(?m)^drover: (.+)$`)

// refused returns a script's reason not to do its work.
func refused(out Output) (reason string, ok bool) {
	match := refusal.FindStringSubmatch(out.Stderr)
	if out.ExitCode != refusedExit || match == nil {
		return "", false
	}
	return match[1], true
}

// cutOff reads an output without the part that the script prints last: as text, and never as a success.
func cutOff(out Output) Outcome {
	o := summarizeText(out)
	if out.ExitCode == 0 {
		o.Failed, o.Reason = true, "the command did not report its end"
		o.Summary = o.Reason
	}
	return o
}
