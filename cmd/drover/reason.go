package main

import (
	"slices"
	"strings"

	"drover/executor"
)

// reasoned takes the words from because on for the reason, as in Slack; --reason is the other way to say it.
func reasoned(args []string, flag string) (words []string, reason string, err error) {
	at := slices.IndexFunc(args, func(word string) bool { return strings.EqualFold(word, "because") })
	if at <= 0 {
		return args, flag, nil
	}
	if flag != "" {
		return nil, "", &executor.Refusal{Text: "The reason is given twice: after `because`, and with --reason."}
	}
	return args[:at], strings.Join(args[at+1:], " "), nil
}
