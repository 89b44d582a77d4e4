package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"drover/executor"
)

// wrapArgs makes every complaint about the words of a command a usage error in drover's own sentence.
func wrapArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, words []string) error {
			switch {
			case check(cmd, words) == nil:
				return nil
			case cmd.HasSubCommands() && check(cmd, words[:1]) != nil:
				return unknownCommand(cmd, words[0])
			case tooFew(cmd, check, words):
				return usage("something is missing: write `%s`", form(cmd))
			}
			return usage("that is a word too many: write `%s`", form(cmd))
		}
	}
	for _, child := range cmd.Commands() {
		wrapArgs(child)
	}
}

// form is how a command is written. The list of flags that cobra would add is what --help is for.
func form(cmd *cobra.Command) string { return cmd.Parent().CommandPath() + " " + cmd.Use }

// mostMissing is more words than any command wants at least.
const mostMissing = 3

func tooFew(cmd *cobra.Command, check cobra.PositionalArgs, words []string) bool {
	words = slices.Clone(words)
	for range mostMissing {
		words = append(words, "more")
		if check(cmd, words) == nil {
			return true
		}
	}
	return false
}

// atMostOne refuses a command line with more than one of some flags.
func atMostOne(cmd *cobra.Command, names ...string) {
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		var given []string
		for _, name := range names {
			if cmd.Flags().Changed(name) {
				given = append(given, "--"+name)
			}
		}
		if len(given) > 1 {
			return usage("%s do not go together: give one of them", strings.Join(given, " and "))
		}
		return nil
	}
}

// unknownCommand says what was meant by a word that is no command here, or where to look.
func unknownCommand(cmd *cobra.Command, word string) error {
	if !cmd.HasParent() {
		if hint := wordOfSlack(word); hint != "" {
			return usage("`%s` is a word of Slack: %s", word, hint)
		}
	}
	var known []string
	for _, child := range cmd.Commands() {
		known = append(known, child.Name())
	}
	hint := executor.DidYouMean(word, known)
	if hint == "" {
		hint = fmt.Sprintf(" `%s --help` shows all.", cmd.CommandPath())
	}
	return usage("`%s` has no command %q.%s", cmd.CommandPath(), word, hint)
}

// wordOfSlack is what the terminal has instead of a word that Slack knows, or "".
func wordOfSlack(word string) string {
	switch word {
	case "list":
		return "here it is `drover server list`"
	case "trust":
		return "here it is `drover server trust`"
	case "actions":
		return "here it is `drover action list`"
	case "cancel":
		return "say it there, or press Ctrl-C where the run was begun"
	case "retry":
		return "say it there, or ask for the same again with `drover run`"
	case "approve", "deny":
		return "say it there"
	case "pending":
		return "say it there; `drover history` shows what waits"
	}
	return ""
}
