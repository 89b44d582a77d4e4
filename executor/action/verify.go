package action

import "strings"

// Expect is the parameter of an action with VerifyRebooted that names what must be active once the server is back: units
// of systemd, or services, with commas between them. The proof reads it on every platform, whatever the command does with it.
const Expect = "expect"

// Expected lists what the values of an action expect to be active after a restart.
func Expected(a *Action, v Values) []string {
	if a.Verify != VerifyRebooted {
		return nil
	}
	return strings.FieldsFunc(v[Expect], func(r rune) bool { return r == ',' || r == ' ' })
}

// checkVerify refuses what could not be proven.
func (d *decoder) checkVerify(a *Action) {
	if a.Verify == VerifyNone {
		return
	}
	if !a.Changes {
		d.at("verify", "%s takes a server down: changes must be true", a.Verify)
	}
	if a.Detach {
		d.at("verify", "%s cannot be with detach: a server that goes down keeps no result", a.Verify)
	}
	if p, ok := a.Parameter(Expect); ok && a.Verify == VerifyRebooted && (p.Type != String || p.Pattern == "") {
		d.at("verify", "rebooted reads the parameter %s, which must be a string with a pattern", Expect)
	}
}
