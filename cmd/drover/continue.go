package main

import (
	"github.com/spf13/cobra"

	"drover/executor"
	"drover/store"
)

func (c *cli) continueCommand() *cobra.Command {
	var noWait, asJSON bool
	cmd := &cobra.Command{
		Use: "continue RUN", Short: "Let a run go on after its canary",
		Long: "Let a run go on that was asked for with canary=N and waits. Rights and plan are checked again. It waits for the end of the\n" +
			"run and ends as `drover run` does.",
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "only let it go on, for a living serve to work")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the run as JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		actor, err := c.actor()
		if err != nil {
			return err
		}
		return c.withEngine(cmd.Context(), "run/", func(s *store.Store, e *executor.Engine) error {
			run, err := findRun(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			if err := e.Continue(cmd.Context(), actor, run, ""); err != nil {
				return err
			}
			if noWait {
				run, err = s.Run(cmd.Context(), run.ID)
			} else {
				run, err = c.await(cmd.Context(), s, e, actor, run)
			}
			if err != nil {
				return err
			}
			return c.report(run, asJSON)
		})
	}
	return cmd
}
