package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"drover/executor"
	"drover/executor/action"
	"drover/store"
)

func (c *cli) actionCommand() *cobra.Command {
	return group("action", "The whitelist of actions",
		c.actionList(), c.actionShow(), c.actionAdd(), c.actionEdit(), c.actionLint(), c.actionRender(), c.actionRemove())
}

// listedAction is an action as `action list --json` prints it.
type listedAction struct {
	Name        string `json:"name"`
	Revision    int    `json:"revision"`
	Builtin     bool   `json:"builtin"`
	Role        string `json:"role"`
	Approvals   int    `json:"approvals"`
	Changes     bool   `json:"changes"`
	Description string `json:"description"`
}

func (c *cli) actionList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List actions", Args: cobra.NoArgs}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withEngine(cmd.Context(), "cli/", func(s *store.Store, _ *executor.Engine) error {
			entries, err := s.Actions(cmd.Context())
			if err != nil {
				return err
			}
			items := []listedAction{}
			for _, entry := range entries {
				a, err := executor.Definition(entry)
				if err != nil {
					return err
				}
				items = append(items, listedAction{entry.Name, entry.Revision, entry.Builtin, a.Role, a.Approvals, a.Changes, a.Description})
			}
			return printList(c.out, asJSON, items, "NAME\tREVISION\tROLE\tAPPROVALS\tCHANGES\tDOES", func(a listedAction) string {
				return fmt.Sprintf("%s\t%d\t%s\t%d\t%s\t%s", a.Name, a.Revision, a.Role, a.Approvals, yesNo(a.Changes), a.Description)
			})
		})
	}
	return cmd
}

func (c *cli) actionShow() *cobra.Command {
	var revision int
	cmd := &cobra.Command{Use: "show NAME", Short: "Print an action's YAML", Args: cobra.ExactArgs(1)}
	cmd.Flags().IntVar(&revision, "revision", 0, "an older `number`: what a run ran then; default: the newest")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withEngine(cmd.Context(), "cli/", func(s *store.Store, e *executor.Engine) (err error) {
			var entry store.Action
			if cmd.Flags().Changed("revision") {
				entry, err = s.ActionNumbered(cmd.Context(), args[0], revision)
			} else {
				entry, err = e.FindAction(cmd.Context(), args[0])
			}
			if err != nil {
				return err
			}
			done := "by"
			if entry.Removed {
				done = "removed by"
			}
			fmt.Fprintf(c.out, "# revision %d, %s %s at %s\n%s", entry.Revision, done, entry.CreatedBy, entry.CreatedAt.Format("2006-01-02 15:04:05Z"), entry.YAML)
			return nil
		})
	}
	return cmd
}

func (c *cli) actionAdd() *cobra.Command {
	return c.actionFromFile("add FILE.yaml", "Add an action to the whitelist", "added", (*store.Store).AddAction)
}

func (c *cli) actionEdit() *cobra.Command {
	return c.actionFromFile("edit FILE.yaml", "Give an action a new revision", "changed", (*store.Store).EditAction)
}

type saveAction func(*store.Store, context.Context, store.Actor, string, string) error

// actionFromFile keeps what a file says under the name that the file gives.
func (c *cli) actionFromFile(use, short, done string, save saveAction) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			yaml, a, err := readAction(args[0])
			if err != nil {
				return err
			}
			actor, err := c.actor()
			if err != nil {
				return err
			}
			return c.withEngine(cmd.Context(), "cli/", func(s *store.Store, e *executor.Engine) error {
				if err := e.CheckApprovals(cmd.Context(), actor, a); err != nil {
					return err
				}
				err := save(s, cmd.Context(), actor, a.Name, string(yaml))
				if errors.Is(err, store.ErrNotFound) {
					return noAction(a.Name)
				}
				if err != nil {
					return fmt.Errorf("action %s: %w", a.Name, err)
				}
				fmt.Fprintf(c.out, "Action %s is %s.\n", a.Name, done)
				return c.warnOfNobody(cmd.Context(), s, actor, a)
			})
		},
	}
}

func noAction(name string) error {
	return usage("there is no action %q: `drover action list` shows all", name)
}

// warnOfNobody says when drover cannot keep whoever edited an action from approving it, for it does not know who they are.
func (c *cli) warnOfNobody(ctx context.Context, s *store.Store, actor store.Actor, a *action.Action) error {
	linked, err := s.Linked(ctx, actor.Login())
	if err == nil && linked == "" && a.Approvals > 0 {
		fmt.Fprintf(c.out, "Nobody approves an action that they edited last, but drover does not know who %s is in Slack: `drover user link %s U…`.\n",
			actor.Login(), actor.Login())
	}
	return err
}

func readAction(file string) ([]byte, *action.Action, error) {
	yaml, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && executor.NamePattern.MatchString(file) && !strings.HasSuffix(file, ".yaml") {
		return nil, nil, usage("there is no file %[1]s. To change the action: `drover action show %[1]s > %[1]s.yaml`, edit that, and `drover action edit %[1]s.yaml`", file)
	}
	if err != nil {
		return nil, nil, usage("cannot read the action: %w", err)
	}
	a, err := action.Parse(yaml)
	if err != nil {
		return nil, nil, usage("%s: %w", file, err)
	}
	return yaml, a, nil
}

func (c *cli) actionLint() *cobra.Command {
	return &cobra.Command{
		Use: "lint FILE.yaml", Short: "Check an action's file without keeping it", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			_, a, err := readAction(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "%s: action %s is fine.\n", args[0], a.Name)
			return nil
		},
	}
}

func (c *cli) actionRender() *cobra.Command {
	return &cobra.Command{
		Use:   "render NAME TARGET… [name=value]…",
		Short: "Print the exact command for each server without running it",
		Long: "Print the exact command for each server without running it, also for servers that drover cannot reach yet. `drover preview` says\n" +
			"besides what would be left out, how it would go and who may run it.",
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := executor.ParseRequest(args)
			if err != nil {
				return err
			}
			return c.withEngine(cmd.Context(), "cli/", func(_ *store.Store, e *executor.Engine) error {
				commands, without, err := e.Render(cmd.Context(), request)
				if err != nil {
					return err
				}
				for _, r := range commands {
					fmt.Fprintf(c.out, "# %s\n%s\n", r.Server, r.Command)
					if r.Unfit != "" {
						fmt.Fprintf(c.err, "%s could not run it now: %s\n", r.Server, r.Unfit)
					}
				}
				for _, x := range without {
					fmt.Fprintf(c.err, "%s is left out: %s\n", x.Server, x.Reason)
				}
				return nil
			})
		},
	}
}

func (c *cli) actionRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Take an action off the whitelist; its history stays", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.change(cmd.Context(), func(s *store.Store, actor store.Actor) error {
				err := s.RemoveAction(cmd.Context(), actor, args[0])
				if errors.Is(err, store.ErrNotFound) {
					return noAction(args[0])
				}
				if err != nil {
					return err
				}
				fmt.Fprintf(c.out, "Action %s is off the whitelist.\n", args[0])
				return nil
			})
		},
	}
}
