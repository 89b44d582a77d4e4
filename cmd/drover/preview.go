package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"drover/executor"
	"drover/store"
)

// previewJSON is what `preview --json` prints.
type previewJSON struct {
	Action    string                    `json:"action"`
	Revision  int                       `json:"revision"`
	Params    map[string]string         `json:"params"`
	Options   string                    `json:"options"`
	Role      store.Role                `json:"role"`
	Approvals int                       `json:"approvals"`
	Refusal   string                    `json:"refusal"` // why you may not run it; empty: you may
	Sudo      bool                      `json:"sudo"`
	Batches   []batchJSON               `json:"batches"`
	Excluded  []executor.Exclusion      `json:"excluded"`
	Holds     []executor.Hold           `json:"holds"`
	Commands  []executor.PlannedCommand `json:"commands"`
	Expected  *expectedJSON             `json:"expected"`
	Holders   []holderJSON              `json:"waits_for"`
	LastDown  []downJSON                `json:"last_down"`
	Run       *runJSON                  `json:"run"` // what the action's own preview found out
}

type batchJSON struct {
	Canary  bool     `json:"canary"`
	Servers []string `json:"servers"`
}

type expectedJSON struct {
	Times   int     `json:"times"`
	Median  float64 `json:"median_seconds"`
	Slowest float64 `json:"slowest_seconds"`
	All     float64 `json:"all_seconds"`
}

type holderJSON struct {
	Server string      `json:"server"`
	Run    int         `json:"run"`
	Action string      `json:"action"`
	By     store.Actor `json:"requested_by"`
}

type downJSON struct {
	holderJSON
	At time.Time `json:"at"`
}

func shownPreview(p *executor.Preview) previewJSON {
	shown := previewJSON{
		Action: p.Plan.Action, Revision: p.Plan.Revision, Params: p.Plan.Params, Options: p.Plan.Options.String(),
		Role: p.Role, Approvals: p.Approvals, Refusal: p.Refusal, Sudo: p.Plan.Sudo,
		Batches: []batchJSON{}, Excluded: append([]executor.Exclusion{}, p.Plan.Excluded...),
		Holds: append([]executor.Hold{}, p.Plan.Holds...), Commands: p.Plan.Commands(),
		Holders: []holderJSON{}, LastDown: []downJSON{},
	}
	for _, b := range p.Plan.Batches() {
		shown.Batches = append(shown.Batches, batchJSON(b))
	}
	if x := p.Expected; x != nil {
		shown.Expected = &expectedJSON{x.Times, x.Median.Seconds(), x.Slowest.Seconds(), x.All.Seconds()}
	}
	for _, h := range p.Holders {
		shown.Holders = append(shown.Holders, holderJSON(h))
	}
	for _, d := range p.LastDown {
		shown.LastDown = append(shown.LastDown, downJSON{holderJSON{d.Server, d.Run, d.Action, d.By}, d.FinishedAt.Time})
	}
	return shown
}

func (c *cli) previewCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "preview ACTION TARGET… [name=value]…",
		Short: "Show what a run would do, and change nothing",
		Long: "Show what `drover run` with the same words would do: servers, order, the exact commands, who may run it, how long it took in\n" +
			"the past and which other runs are in its way. Where the action has a preview of its own, as update has, it is run on the servers:\n" +
			"it only looks, and is recorded like any other run.",
		Args: cobra.MinimumNArgs(1),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the preview as JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		request, err := c.request(args)
		if err != nil {
			return err
		}
		return c.withEngine(cmd.Context(), "run/", func(s *store.Store, e *executor.Engine) error {
			p, err := e.Preview(cmd.Context(), request)
			if err != nil {
				return err
			}
			if !asJSON {
				c.printPreview(p)
			}
			if !p.Looks {
				return c.reportPreview(p, nil, asJSON)
			}
			if request.Channel, err = s.Setting(cmd.Context(), store.SettingChannel); err != nil {
				return err
			}
			run, err := e.Look(cmd.Context(), request)
			if err == nil {
				run, err = c.await(cmd.Context(), s, e, request.Actor, run)
			}
			if err != nil {
				return err
			}
			return c.reportPreview(p, &run, asJSON)
		})
	}
	return cmd
}

// reportPreview prints what is left to print, and ends with the exit code of the look.
func (c *cli) reportPreview(p *executor.Preview, run *store.Run, asJSON bool) error {
	if asJSON {
		shown := shownPreview(p)
		if run != nil {
			looked := shownRun(*run)
			shown.Run = &looked
		}
		if err := printJSON(c.out, shown); err != nil {
			return err
		}
	} else if run != nil {
		fmt.Fprintln(c.out)
		c.printRun(*run)
	}
	if run == nil {
		return nil
	}
	return exitOf(*run)
}

// printPreview prints a preview for a person: what decides first, the commands last and in full.
func (c *cli) printPreview(p *executor.Preview) {
	fmt.Fprintf(c.out, "Preview of %s, revision %d: nothing is changed.\n", p.Plan.Action, p.Plan.Revision)
	if p.Refusal != "" {
		c.line("refused", "%s", p.Refusal)
	}
	if p.Approvals > 0 {
		c.line("needs", "the role %s, approvals: %d", p.Role, p.Approvals)
	} else {
		c.line("needs", "the role %s", p.Role)
	}
	if x := p.Expected; x != nil {
		c.line("time", "%s", expectation(x, len(p.Plan.Targets)))
	} else {
		c.line("time", "not known: it has not succeeded on these servers yet")
	}
	for _, h := range p.Holders {
		c.line("waits for", "#%d %s by %s, which is changing %s", h.Run, h.Action, h.By, h.Server)
	}
	for _, d := range p.LastDown {
		c.line("last down", "%s at %s: #%d %s by %s", d.Server, d.FinishedAt.Local().Format("2006-01-02 15:04"), d.Run, d.Action, d.By)
	}
	if never := p.NeverDown(); len(never) > 0 {
		c.line("last down", "%s not by drover, as far as it knows", executor.FoldNames(never))
	}
	c.printPlan(p.Plan)
}

// expectation is how long it took in the past, as Slack says it.
func expectation(x *executor.Expected, servers int) string {
	text := fmt.Sprintf("usually %s on a server", roughly(x.Median))
	if x.Slowest > x.Median {
		text += fmt.Sprintf(", at most %s", roughly(x.Slowest))
	}
	if servers > 1 {
		text += fmt.Sprintf(", about %s for all", roughly(x.All))
	}
	if x.Times == 1 {
		return text + " (the last time)"
	}
	return text + fmt.Sprintf(" (the last %d times)", x.Times)
}

// roughly leaves out what nobody plans by.
func roughly(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return store.Span(d.Round(time.Second)).String()
}
