package main

import (
	"github.com/spf13/cobra"

	"drover/bot"
)

func (c *cli) manifestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "manifest",
		Short: "Print the Slack app manifest",
		Long:  "Print the Slack app manifest. Paste it at https://api.slack.com/apps under Create New App, From a manifest.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := c.out.Write(bot.Manifest())
			return err
		},
	}
}
