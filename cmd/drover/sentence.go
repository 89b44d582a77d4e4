package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"drover/store"
)

// sentence is an error of a command for the person at the terminal.
func sentence(cmd *cobra.Command, err error) string {
	text := atTerminal(err.Error())
	switch {
	case errors.Is(err, store.ErrNotFound):
		if what, ok := strings.CutSuffix(text, ": not found"); ok {
			text = "there is no " + what
		}
		return text + whatThereIs(cmd)
	case errors.Is(err, store.ErrExists):
		return text + ": choose another name, or edit the one that is there"
	}
	return text
}

// whatThereIs names the command beside this one that lists what there is; of runs that is history.
func whatThereIs(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return ""
	}
	beside := cmd.Parent().Commands()
	for _, name := range []string{"list", "history"} {
		if i := slices.IndexFunc(beside, func(c *cobra.Command) bool { return c.Name() == name }); i >= 0 {
			return fmt.Sprintf(": `%s` shows what there is", beside[i].CommandPath())
		}
	}
	return ""
}

// slackHint is how a refusal says where to look, in the words that Slack knows. What somebody typed is never followed by
// these verbs.
var slackHint = regexp.MustCompile("`(list|actions|help|history|freeze|user list|schedule list)( [a-z0-9._-]+)?` (shows|lists)")

// atTerminal turns the hints of a refusal into commands that this terminal has.
func atTerminal(text string) string {
	return slackHint.ReplaceAllStringFunc(text, func(hint string) string {
		parts := slackHint.FindStringSubmatch(hint)
		command := parts[1]
		switch {
		case command == "list":
			command = "server list"
		case command == "actions" && parts[2] != "":
			command = "action show"
		case command == "actions":
			command = "action list"
		}
		return fmt.Sprintf("`drover %s%s` %s", command, parts[2], parts[3])
	})
}
