package main

import "testing"

// TestHintsNameCommandsOfTheTerminal: a refusal is worded for Slack, and what somebody typed is left as it is.
func TestHintsNameCommandsOfTheTerminal(t *testing.T) {
	for text, want := range map[string]string{
		"No server is called x. `list` shows the servers.":                      "No server is called x. `drover server list` shows the servers.",
		"There is no action called `list`. `actions` shows what there is.":      "There is no action called `list`. `drover action list` shows what there is.",
		"Nothing was run. `actions logs` shows its parameters.":                 "Nothing was run. `drover action show logs` shows its parameters.",
		"There is no freeze of that. `freeze` lists what is frozen.":            "There is no freeze of that. `drover freeze` lists what is frozen.",
		"`list` is a word of drover's own. `help` shows how to use it.":         "`list` is a word of drover's own. `drover help` shows how to use it.",
		"No such binding. `user list` shows all. `schedule list` shows all.":    "No such binding. `drover user list` shows all. `drover schedule list` shows all.",
		"Say why: `deny 4 because …`. Nothing was done. `drover list` shows it": "Say why: `deny 4 because …`. Nothing was done. `drover list` shows it",
	} {
		if got := atTerminal(text); got != want {
			t.Errorf("%s\n  is told as %s\n  want       %s", text, got, want)
		}
	}
}
