package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"drover/bot"
	"drover/executor"
	"drover/executor/ssh"
	"drover/scheduler"
	"drover/store"
)

func (c *cli) doctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor [SERVER…]",
		Short: "Check tokens, scopes, channel, clock, database, key, schedules and every server",
		Long: "Look at everything that drover needs and say, in one line each, whether it is well and what to do next. It changes nothing.\n" +
			"With names, patterns or tag:… it looks at those servers only. It ends with 0 when nothing failed, and with 1 otherwise.",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		list, err := c.examine(cmd.Context(), args)
		if err != nil {
			return err
		}
		if asJSON {
			err = printJSON(c.out, list)
		} else {
			c.printFindings(list)
		}
		if err != nil {
			return err
		}
		if slices.ContainsFunc(list, func(f executor.Finding) bool { return f.Grade == executor.Wrong }) {
			return exitError(exitFailed)
		}
		return nil
	}
	return cmd
}

// examine looks at the database first, for Slack's team and the servers are in it.
func (c *cli) examine(ctx context.Context, words []string) (list []executor.Finding, err error) {
	s, err := store.Inspect(ctx, c.settings.db, c.settings.store())
	if errors.Is(err, fs.ErrNotExist) {
		list = append(c.examineSlack(ctx, "", ""), executor.Finding{
			Subject: "database", Check: "file", Grade: executor.Worth,
			Text: fmt.Sprintf("there is none at %s yet: any command that adds something makes it. Is DROVER_DB right?", c.settings.db),
		})
		if len(words) > 0 {
			return nil, usage("there is no database at %s, so there is no server %q", c.settings.db, words[0])
		}
		return list, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	ofStore, usable := executor.ExamineStore(ctx, s)
	if !usable {
		return append(c.examineSlack(ctx, "", ""), ofStore...), nil
	}
	return c.examineAll(ctx, s, ofStore, words)
}

// examineAll asks Slack and all servers at the same time.
func (c *cli) examineAll(ctx context.Context, s *store.Store, ofStore []executor.Finding, words []string) ([]executor.Finding, error) {
	team, err := s.Setting(ctx, store.SettingTeam)
	if err != nil {
		return nil, err
	}
	channel, err := s.Setting(ctx, store.SettingChannel) // of the last serve
	if err != nil {
		return nil, err
	}
	ofUsers, err := executor.ExamineUsers(ctx, s)
	if err != nil {
		return nil, err
	}
	ofActions, err := executor.ExamineActions(ctx, s)
	if err != nil {
		return nil, err
	}
	ofSchedules, err := scheduler.Examine(ctx, s)
	if err != nil {
		return nil, err
	}
	var ofSlack, ofServers []executor.Finding
	client := ssh.NewClient(ssh.Limits{})
	defer client.Close()
	var group errgroup.Group
	group.Go(func() error {
		ofSlack = c.examineSlack(ctx, team, channel)
		return nil
	})
	group.Go(func() (err error) {
		ofServers, err = executor.ExamineServers(ctx, s, client, c.getenv("SSH_AUTH_SOCK"), words)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(ofSlack, ofStore, ofUsers, ofActions, ofSchedules, ofServers), nil
}

// examineSlack looks at the two tokens that serve would use.
func (c *cli) examineSlack(ctx context.Context, team, channel string) []executor.Finding {
	var list []executor.Finding
	token := func(check, name, prefix string) bot.Token {
		token, err := c.token(name, prefix)
		if err != nil {
			list = append(list, executor.Finding{Subject: "slack", Check: check, Grade: executor.Wrong, Text: err.Error()})
		}
		return bot.Token(token)
	}
	x := bot.Examination{
		BotToken: token("bot-token", "SLACK_BOT_TOKEN", "xoxb-"), AppToken: token("app-token", "SLACK_APP_TOKEN", "xapp-"),
		APIURL: c.getenv("SLACK_API_URL"), Team: team, Channel: cmp.Or(c.getenv("DROVER_CHANNEL"), channel),
	}
	return append(list, bot.Examine(ctx, x)...)
}

func (c *cli) printFindings(list []executor.Finding) {
	widthOf := func(text func(executor.Finding) string) int {
		width := 0
		for _, f := range list {
			width = max(width, len(text(f)))
		}
		return width
	}
	subjects := widthOf(func(f executor.Finding) string { return f.Subject })
	checks := widthOf(func(f executor.Finding) string { return f.Check })
	for _, f := range list {
		fmt.Fprintf(c.out, "%-4s  %-*s  %-*s  %s\n", f.Grade, subjects, f.Subject, checks, f.Check, f.Text)
		for _, step := range f.Steps {
			fmt.Fprintf(c.out, "      %s\n", step)
		}
	}
}
