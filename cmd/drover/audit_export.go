package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"drover/store"
)

func (c *cli) auditExport() *cobra.Command {
	var since, format string
	cmd := &cobra.Command{
		Use: "export", Short: "Print the audit log for other programs", Args: cobra.NoArgs,
		Long: "Print the audit log, or from --since on, as JSON lines or as CSV, oldest first. Each entry has its hash and that of the entry before\n" +
			"it. The last JSON line is {\"head\":…}: a file without it is not complete. How many entries there are and where they end is\n" +
			"printed to standard error as well.",
		Example: "  drover audit export --since 30d --format csv > audit.csv",
	}
	cmd.Flags().StringVar(&since, "since", "", "a length of time such as 7d, or a date such as 2026-03-01; empty: from the beginning")
	cmd.Flags().StringVar(&format, "format", "jsonl", "jsonl or csv")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		write, ok := map[string]func(io.Writer, iter.Seq2[store.AuditEntry, error]) (store.Head, int64, error){
			"jsonl": exportLines, "csv": exportTable,
		}[format]
		if !ok {
			return usage("--format %s is not jsonl or csv", format)
		}
		return c.inspect(cmd.Context(), func(s *store.Store) error {
			first, err := firstSince(cmd.Context(), s, since)
			if err != nil {
				return err
			}
			out := bufio.NewWriter(c.out)
			head, n, err := write(out, first)
			if err != nil {
				return fmt.Errorf("export the audit log: %w", err)
			}
			if err := out.Flush(); err != nil {
				return fmt.Errorf("export the audit log: %w", err)
			}
			fmt.Fprintf(c.err, "%d entries, the last is %d:%s\n", n, head.Seq, head.Hash)
			return nil
		})
	}
	return cmd
}

// firstSince walks the entries that were written since then. From the first of them on it leaves none out, even where the
// clock went back: what is exported is one piece of the chain.
func firstSince(ctx context.Context, s *store.Store, since string) (iter.Seq2[store.AuditEntry, error], error) {
	if since == "" {
		return s.AuditEntries(ctx, 1), nil
	}
	from, err := parseSince(since, s.Now().Time)
	if err != nil {
		return nil, err
	}
	first, err := s.FirstAuditEntry(ctx, store.Time{Time: from})
	if err != nil {
		return nil, err
	}
	if first == 0 {
		return func(func(store.AuditEntry, error) bool) {}, nil
	}
	return s.AuditEntries(ctx, first), nil
}

// parseSince reads how far back something reaches: a length of time before now, or a date in this host's zone.
func parseSince(text string, now time.Time) (time.Time, error) {
	if span, err := store.ParseSpan(text); err == nil {
		return now.Add(-time.Duration(span)), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return at, nil
		}
	}
	return time.Time{}, usage("--since %q: write a length of time such as 12h or 7d, or a date such as 2026-03-01", text)
}

func exportLines(w io.Writer, entries iter.Seq2[store.AuditEntry, error]) (head store.Head, n int64, err error) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for e, err := range entries {
		if err != nil {
			return head, n, err
		}
		if err := encoder.Encode(e); err != nil {
			return head, n, err
		}
		head, n = store.Head{Seq: e.Seq, Hash: e.Hash}, n+1
	}
	return head, n, encoder.Encode(map[string]any{"head": head, "entries": n})
}

func exportTable(w io.Writer, entries iter.Seq2[store.AuditEntry, error]) (head store.Head, n int64, err error) {
	table := csv.NewWriter(w)
	if err := table.Write([]string{"seq", "at", "actor", "event", "subject", "payload", "prev", "hash"}); err != nil {
		return head, n, err
	}
	for e, err := range entries {
		if err != nil {
			return head, n, err
		}
		at := e.At.Format(time.RFC3339Nano)
		if err := table.Write([]string{strconv.FormatInt(e.Seq, 10), at, string(e.Actor), e.Event, e.Subject, e.Payload, e.Prev, e.Hash}); err != nil {
			return head, n, err
		}
		head, n = store.Head{Seq: e.Seq, Hash: e.Hash}, n+1
	}
	table.Flush()
	return head, n, table.Error()
}
