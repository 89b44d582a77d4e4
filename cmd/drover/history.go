package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"drover/executor"
	"drover/store"
)

func (c *cli) historyCommand() *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{Use: "history", Short: "List recent runs, the newest first", Args: cobra.NoArgs}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	cmd.Flags().IntVar(&limit, "limit", 20, "how many")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if limit < 1 {
			return usage("--limit must be at least 1")
		}
		return c.withStore(cmd.Context(), func(s *store.Store) error {
			runs, err := s.Runs(cmd.Context(), limit)
			if err != nil {
				return err
			}
			if asJSON {
				shown := make([]runJSON, len(runs))
				for i, run := range runs {
					shown[i] = shownRun(run)
				}
				return printJSON(c.out, shown)
			}
			return printList(c.out, false, runs, "RUN\tACTION\tSERVERS\tSTATE\tBY\tAT", func(r store.Run) string {
				return fmt.Sprintf("#%d\t%s\t%s\t%s\t%s\t%s", r.Number, nameOf(r), executor.FoldNames(serversOf(r)), stateOf(r), r.RequestedBy,
					r.CreatedAt.Local().Format("2006-01-02 15:04"))
			})
		})
	}
	return cmd
}
