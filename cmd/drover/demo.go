package main

import (
	"errors"
	"log/slog"
	"net"

	"github.com/spf13/cobra"

	"drover/cmd/drover/demo"
)

func (c *cli) demoCommand() *cobra.Command {
	var play bool
	var listen string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try drover in the browser: a local Slack, four servers and the bot, in one",
		Long: "Start a local Slack with a page for the browser, a fleet of SSH servers inside this process and the real bot with a temporary database.\n" +
			"Nothing leaves this machine.",
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&play, "play", false, "run a scripted tour and print the conversation")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "where the page is: a loopback address with a port; port 0 takes a free one")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if err := onlyLoopback(listen); err != nil {
			return err
		}
		log := slog.New(slog.DiscardHandler)
		if c.getenv("DROVER_LOG") != "" || cmd.Flags().Changed("log") {
			if log, err = c.settings.logger(c.err); err != nil {
				return err
			}
		}
		world, err := demo.Start(cmd.Context(), listen, serve, log)
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

// onlyLoopback refuses an address that others can reach: on the page anybody can act as anybody.
func onlyLoopback(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "" {
		return usage("--listen %q is not an address with a port, such as 127.0.0.1:7000", address)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return usage("--listen %s: the page knows no passwords, so it is served on loopback only, such as 127.0.0.1:%s", address, port)
}
