package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"drover/executor"
	"drover/store"
)

func (c *cli) freezeCommand() *cobra.Command {
	var reason string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "freeze [TARGET… until WHEN because WHY]",
		Short: "Keep every change off servers, or list the freezes",
		Long: "Keep every change off servers until a time such as 08:00, \"Mon 08:00\", \"tomorrow 18:00\" or \"2027-01-31 08:00\": chat, schedules and\n" +
			"the terminal are all held, looking goes on, and only an emergency (urgent=true) passes. all and tag:… take in servers that are added\n" +
			"later. Without words it lists the freezes.",
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, instead of because …; others see it when they are held")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the freezes as one JSON array")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		actor, err := c.actor()
		if err != nil {
			return err
		}
		return c.withEngine(cmd.Context(), "freeze/", func(s *store.Store, e *executor.Engine) error {
			if len(args) == 0 {
				return c.listFreezes(cmd, s, e, asJSON)
			}
			words, why, err := reasoned(args, reason)
			if err != nil {
				return err
			}
			request, err := executor.ParseFreeze(words, s.Now().Time, time.Local)
			if err != nil {
				return err
			}
			request.Actor, request.Reason = actor, why
			f, busy, err := e.Freeze(cmd.Context(), request)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "Froze %s until %s\n", f.Selector, f.Until.Local().Format("Mon 2006-01-02 15:04 MST"))
			for _, run := range busy {
				fmt.Fprintf(c.out, "#%d is changing %s at this moment and goes on\n", run.Number, run.Server)
			}
			return nil
		})
	}
	return cmd
}

func (c *cli) listFreezes(cmd *cobra.Command, s *store.Store, e *executor.Engine, asJSON bool) error {
	all, err := s.Freezes(cmd.Context())
	if err != nil {
		return err
	}
	return printList(c.out, asJSON, all, "TARGETS\tBY\tUNTIL\tREASON", func(f store.Freeze) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s", f.Selector, e.Name(cmd.Context(), f.CreatedBy), f.Until.Local().Format("Mon 2006-01-02 15:04"), f.Reason)
	})
}

func (c *cli) unfreezeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "unfreeze [TARGET…]", Short: "End a freeze, named by the words that made it",
		RunE: func(cmd *cobra.Command, args []string) error {
			actor, err := c.actor()
			if err != nil {
				return err
			}
			return c.withEngine(cmd.Context(), "unfreeze/", func(_ *store.Store, e *executor.Engine) error {
				ended, err := e.Unfreeze(cmd.Context(), actor, args)
				for _, f := range ended {
					fmt.Fprintf(c.out, "%s is not frozen any more\n", f.Selector)
				}
				return err
			})
		},
	}
}
