package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drover/executor"
	"drover/store"
)

// reportJSON is a report as `report --json` prints it.
type reportJSON struct {
	store.Report
	Urgent []runJSON `json:"urgent"`
}

func (c *cli) reportCommand() *cobra.Command {
	var since, file string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "report [SINCE]", Short: "Sum up what was run: how it ended, and what broke the glass", Args: cobra.MaximumNArgs(1),
		Long: "Count the runs of each action and how they ended, and list the break-glass runs: those since then, and all that nobody has looked\n" +
			"at yet. Previews do not count. SINCE is the same as --since: `drover report 30d`.",
	}
	cmd.Flags().StringVar(&since, "since", "7d", "a length of time such as 7d, or a date such as 2026-03-01")
	cmd.Flags().StringVar(&file, "csv", "", "write the runs to this file, too, one line for each server; - is standard output alone")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 && cmd.Flags().Changed("since") {
			return usage("the time is given twice: as a word, and with --since")
		}
		if len(args) > 0 {
			since = args[0]
		}
		return c.inspect(cmd.Context(), func(s *store.Store) error {
			from, err := parseSince(since, s.Now().Time)
			if err != nil {
				return err
			}
			at := store.Time{Time: from.UTC()}
			if file != "" {
				if err := c.writeRuns(cmd.Context(), s, at, file); err != nil || file == "-" {
					return err
				}
			}
			report, err := s.Report(cmd.Context(), at)
			if err != nil {
				return err
			}
			return c.printReport(report, asJSON)
		})
	}
	return cmd
}

func (c *cli) printReport(report store.Report, asJSON bool) error {
	if asJSON {
		shown := reportJSON{Report: report, Urgent: []runJSON{}}
		for _, run := range report.Urgent {
			shown.Urgent = append(shown.Urgent, shownRun(run))
		}
		return printJSON(c.out, shown)
	}
	fmt.Fprintf(c.out, "Since %s\n\n", report.Since.Local().Format("2006-01-02 15:04"))
	err := printList(c.out, false, report.Actions, "ACTION\tRUNS\tSUCCEEDED\tPARTLY\tFAILED\tOTHERS\tOPEN\tSERVERS", func(a store.RunCount) string {
		return fmt.Sprintf("%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d", a.Action, a.Runs, a.Succeeded, a.Partial, a.Failed, a.Others(), a.Open, a.Servers)
	})
	if err != nil || len(report.Urgent) == 0 {
		return err
	}
	fmt.Fprintln(c.out)
	return printList(c.out, false, report.Urgent, "BREAK-GLASS\tACTION\tSERVERS\tBY\tAT\tREVIEW\tREASON", func(r store.Run) string {
		review := "open"
		if r.ReviewedAt != nil {
			review = string(r.ReviewedBy)
		}
		return fmt.Sprintf("#%d\t%s\t%s\t%s\t%s\t%s\t%s", r.Number, r.Action, executor.FoldNames(serversOf(r)), r.RequestedBy,
			r.CreatedAt.Local().Format("2006-01-02 15:04"), review, r.Reason)
	})
}

func serversOf(r store.Run) []string {
	names := make([]string, len(r.Targets))
	for i, t := range r.Targets {
		names[i] = t.Server
	}
	return names
}

// writeRuns writes the runs since a time as CSV, one line for each server, to a file that only its owner reads.
func (c *cli) writeRuns(ctx context.Context, s *store.Store, since store.Time, file string) (err error) {
	runs, err := s.RunsSince(ctx, since)
	if err != nil {
		return err
	}
	var out io.Writer = c.out
	if file != "-" {
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return usage("--csv: %v", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	table := csv.NewWriter(out)
	rows := [][]string{{"run", "action", "origin", "requested_by", "reason", "urgent", "reviewed_by", "run_state", "created_at", "server", "state", "started_at", "finished_at", "summary"}}
	for _, r := range runs {
		for _, t := range r.Targets {
			rows = append(rows, []string{
				strconv.Itoa(r.Number), r.Action, string(r.Origin), string(r.RequestedBy), cell(r.Reason), strconv.FormatBool(r.Urgent), string(r.ReviewedBy), string(r.State),
				r.CreatedAt.Format(time.RFC3339), t.Server, string(t.State), timeOrNot(t.StartedAt), timeOrNot(t.FinishedAt), cell(t.Summary),
			})
		}
	}
	if err := table.WriteAll(rows); err != nil {
		return fmt.Errorf("write the runs: %w", err)
	}
	return nil
}

// cell keeps what people and servers wrote from being read as a formula by a spreadsheet.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

func timeOrNot(t *store.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}
