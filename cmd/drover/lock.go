package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"drover/executor"
	"drover/store"
)

func (c *cli) lockCommand() *cobra.Command {
	var reason string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "lock [TARGET… DURATION because WHY]",
		Short: "Keep everybody else's changes off servers, or list the locks",
		Long: "Keep everybody else's changes off servers for a time such as 2h or 1d; looking goes on. The owner's own runs pass, and the\n" +
			"channel ($DROVER_CHANNEL) is told when it begins and when it ends. A server has one lock. Without words it lists the locks.",
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, instead of because …; others see it when they are kept off")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the locks as one JSON array")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		actor, err := c.actor()
		if err != nil {
			return err
		}
		return c.withEngine(cmd.Context(), "lock/", func(_ *store.Store, e *executor.Engine) error {
			if len(args) == 0 {
				return c.listLocks(cmd, e, asJSON)
			}
			words, why, err := reasoned(args, reason)
			if err != nil {
				return err
			}
			request, err := executor.ParseLock(words)
			if err != nil {
				return err
			}
			request.Actor, request.Reason = actor, why
			locks, busy, err := e.Lock(cmd.Context(), request)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "Locked %s until %s\n", lockNames(locks), locks[0].Until.Local().Format("2006-01-02 15:04 MST"))
			for _, run := range busy {
				fmt.Fprintf(c.out, "#%d is changing %s at this moment and goes on\n", run.Number, run.Server)
			}
			return nil
		})
	}
	return cmd
}

func (c *cli) listLocks(cmd *cobra.Command, e *executor.Engine, asJSON bool) error {
	holds, err := e.Locks(cmd.Context())
	if err != nil {
		return err
	}
	return printList(c.out, asJSON, holds, "SERVERS\tBY\tUNTIL\tREASON", func(h executor.Hold) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s", strings.Join(h.Servers, " "), e.Name(cmd.Context(), h.By), h.Until.Local().Format("2006-01-02 15:04"), h.Reason)
	})
}

func (c *cli) unlockCommand() *cobra.Command {
	return &cobra.Command{
		Use: "unlock TARGET…", Short: "End the locks of servers", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			actor, err := c.actor()
			if err != nil {
				return err
			}
			return c.withEngine(cmd.Context(), "unlock/", func(_ *store.Store, e *executor.Engine) error {
				locks, err := e.Unlock(cmd.Context(), actor, args)
				if err != nil {
					return err
				}
				fmt.Fprintf(c.out, "Unlocked %s\n", lockNames(locks))
				return nil
			})
		},
	}
}

func lockNames(locks []store.Lock) string {
	var names []string
	for _, l := range locks {
		names = append(names, l.Server)
	}
	return executor.FoldNames(names)
}
