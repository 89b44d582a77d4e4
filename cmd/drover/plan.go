package main

import (
	"fmt"

	"drover/executor"
	"drover/store"
)

// printPlan prints what would run where, byte for byte.
func (c *cli) printPlan(plan *executor.Plan) {
	batches := plan.Batches()
	if words := plan.Options.InWords(batches); words != "" {
		c.line("order", "%s", words)
	}
	for i, b := range batches {
		name := "servers"
		if b.Canary {
			name = "canary"
		} else if len(batches) > 1 {
			number := i + 1
			if batches[0].Canary {
				number = i
			}
			name = fmt.Sprintf("batch %d", number)
		}
		c.line(name, "%s", executor.FoldNames(b.Servers))
	}
	for _, h := range plan.Holds {
		c.line(string(h.Kind), "%s by %s until %s because %s", executor.FoldNames(h.Servers), h.By, h.Until.Local().Format("2006-01-02 15:04"), h.Reason)
	}
	for _, x := range plan.Excluded {
		c.line("left out", "%s: %s", x.Server, x.Reason)
	}
	for _, command := range plan.Commands() {
		as := ""
		if plan.Sudo {
			as = " as root"
		}
		fmt.Fprintf(c.out, "\n# on %s%s\n%s\n", executor.FoldNames(command.Servers), as, command.Text)
	}
}

// showPlan prints the plan that a run was recorded with.
func (c *cli) showPlan(run store.Run, asJSON bool) error {
	plan, err := executor.PlanOf(run)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.out, plan)
	}
	c.printPlan(&plan)
	return nil
}

// line prints one thing with its name before it.
func (c *cli) line(name, format string, args ...any) {
	fmt.Fprintf(c.out, "%-10s %s\n", name, fmt.Sprintf(format, args...))
}
