package main

import (
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"drover/cmd/drover/demo"
)

func (c *cli) demoCommand() *cobra.Command {
	var play bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try drover: a local Slack, four servers and the bot, in one",
		Long:  "Start a local Slack, a fleet of SSH servers inside this process and the real bot with a temporary database. Nothing leaves this machine.",
		Args:  cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&play, "play", false, "run a scripted tour and print the conversation")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		log := slog.New(slog.DiscardHandler)
		if c.getenv("DROVER_LOG") != "" || cmd.Flags().Changed("log") {
			if log, err = c.settings.logger(c.err); err != nil {
				return err
			}
		}
		world, err := demo.Start(cmd.Context(), serve, log)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, world.Close()) }()
		if play {
			return world.Play(cmd.Context(), c.out)
		}
		return world.Prompt(cmd.Context(), c.in, c.out)
	}
	return cmd
}
