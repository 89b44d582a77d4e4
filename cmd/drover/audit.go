package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"drover/executor"
	"drover/store"
)

func (c *cli) auditCommand() *cobra.Command {
	cmd := c.auditList()
	cmd.Use, cmd.Short = "audit [SERVER|USER|RUN]", "Who did what: the last entries of the audit log"
	cmd.Long = "Every request, refusal, start, result and change of configuration, rights or trust is an entry of a log that is only added to and\n" +
		"whose entries are chained by a key. Without a further word this lists the last entries; verify and export read all of it."
	cmd.AddCommand(c.auditList(), c.auditVerify(), c.auditExport())
	return cmd
}

func (c *cli) auditList() *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{Use: "list [SERVER|USER|RUN]", Short: "List the last entries, the newest first", Args: cobra.MaximumNArgs(1)}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	cmd.Flags().IntVar(&limit, "limit", 20, "how many")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if limit < 1 {
			return usage("--limit must be at least 1")
		}
		return c.inspect(cmd.Context(), func(s *store.Store) error {
			filter, err := auditFilter(cmd.Context(), s, args)
			if err != nil {
				return err
			}
			entries, err := s.AuditTail(cmd.Context(), filter, limit)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.out, entries)
			}
			if len(entries) == 0 && len(args) > 0 {
				return usage("the audit log has nothing about %q", args[0])
			}
			return c.printEntries(cmd.Context(), s, entries)
		})
	}
	return cmd
}

// auditFilter reads what the entries shall be about: a run's number, a person as `user list` shows them, or a server.
func auditFilter(ctx context.Context, s *store.Store, args []string) (store.AuditFilter, error) {
	if len(args) == 0 {
		return store.AuditFilter{}, nil
	}
	word := args[0]
	if number, err := strconv.Atoi(strings.TrimPrefix(word, "#")); err == nil {
		return store.AuditFilter{Run: number}, nil
	}
	if store.Actor(word).Local() || word == string(store.Drover) {
		return store.AuditFilter{Person: store.Actor(word)}, nil
	}
	team, err := s.Setting(ctx, store.SettingTeam)
	if err != nil {
		return store.AuditFilter{}, err
	}
	if person, err := executor.Subject(team, word); err == nil {
		if team, id, ok := person.Slack(); ok && team == "" { // "nothing about it" would read as if they had done nothing
			return store.AuditFilter{}, usage("drover does not know its Slack workspace yet: name its id, too, such as T012ABC/%s", id)
		}
		return store.AuditFilter{Person: person}, nil
	}
	return store.AuditFilter{Server: strings.ToLower(word)}, nil
}

func (c *cli) printEntries(ctx context.Context, s *store.Store, entries []store.AuditEntry) error {
	known, err := s.Users(ctx)
	if err != nil {
		return err
	}
	names := map[store.Actor]string{}
	for _, u := range known {
		names[u.Actor()] = fmt.Sprintf("%s (%s)", u.Name, u.SlackID)
	}
	person := func(a store.Actor) string {
		if name := names[a]; name != "" {
			return name
		}
		return string(a)
	}
	chronicle := executor.Chronicle{Person: person, Text: func(text string) string { return text }}
	return printList(c.out, false, entries, "AT\tBY\tDID", func(e store.AuditEntry) string {
		return fmt.Sprintf("%s\t%s\t%s", e.At.Local().Format("2006-01-02 15:04:05"), person(e.Actor), chronicle.Tell(e))
	})
}

func (c *cli) auditVerify() *cobra.Command {
	var asJSON bool
	var given []string
	cmd := &cobra.Command{
		Use: "verify", Short: "Check that nobody has changed the audit log", Args: cobra.NoArgs,
		Long: "Read the whole log, and name the first entry that was edited, removed, inserted or moved. The anchors that drover makes daily and when it\n" +
			"stops show a log whose end was cut off: those in the database, those in the file beside it ($DROVER_ANCHOR_FILE), and those that you\n" +
			"copy from the channel with --anchor. It ends with 0 when all is well, with 1 when the log was changed, and with 5 when it cannot be read.",
		Example: "  drover audit verify --anchor 1234:5f0c6a…",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	cmd.Flags().StringArrayVar(&given, "anchor", nil, "an anchor from the channel, as NUMBER:HASH; may be given several times")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		anchors, err := parseAnchors(given)
		if err != nil {
			return err
		}
		return c.inspect(cmd.Context(), func(s *store.Store) error {
			if err := s.LoadKey(cmd.Context()); err != nil {
				return err
			}
			verdict, err := s.VerifyAudit(cmd.Context(), anchors...)
			if err != nil {
				return err
			}
			return c.printVerdict(verdict, asJSON)
		})
	}
	return cmd
}

func (c *cli) printVerdict(v store.Verdict, asJSON bool) error {
	if asJSON {
		if err := printJSON(c.out, v); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(c.out, executor.TellVerdict(v))
		for _, note := range v.Notes {
			fmt.Fprintf(c.out, "Worth a look: %s\n", note)
		}
	}
	if v.Fault != nil {
		return exitError(exitFailed)
	}
	return nil
}

// anchorForm is an anchor as the channel shows it. Sixteen digits are more than anybody can forge by trying.
var anchorForm = regexp.MustCompile(`^([1-9][0-9]{0,17}):([0-9a-f]{16,64})$`)

func parseAnchors(given []string) ([]store.Anchor, error) {
	var anchors []store.Anchor
	for _, text := range given {
		parts := anchorForm.FindStringSubmatch(text)
		if parts == nil {
			return nil, usage("%q is not an anchor: copy it from the channel as it is, a number and a hash with a colon between", text)
		}
		seq, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil {
			return nil, usage("%q is not an anchor: %w", text, err)
		}
		anchors = append(anchors, store.Anchor{Head: store.Head{Seq: seq, Hash: parts[2]}})
	}
	return anchors, nil
}

// inspect runs fn on the database, opened for looking at it only: beside a running serve, and without changing it.
func (c *cli) inspect(ctx context.Context, fn func(*store.Store) error) (err error) {
	s, err := store.Inspect(ctx, c.settings.db, c.settings.store())
	if errors.Is(err, fs.ErrNotExist) {
		return usage("there is no database at %s: is DROVER_DB right?", c.settings.db)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	current, newest, err := s.Schema(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%s is not a database of drover's: %w", c.settings.db, err)
	case current > newest:
		return store.ErrNewerSchema
	case current < newest:
		return usage("%s has the schema of an older drover: start drover once, or use the drover that wrote it", c.settings.db)
	}
	return fn(s)
}
