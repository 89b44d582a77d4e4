package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"drover/executor"
	"drover/store"
)

// runJSON is a run as `show --json`, `run --json` and `history --json` print it. Scripts rely on it.
type runJSON struct {
	ID          string         `json:"id"`
	Run         int            `json:"run"`
	State       store.RunState `json:"state"`
	StateReason string         `json:"state_reason,omitempty"`
	Action      string         `json:"action"`
	Preview     bool           `json:"preview,omitempty"` // it only looked at what its action would do
	Params      store.Strings  `json:"params"`
	Options     string         `json:"options,omitempty"` // as they are typed
	Schedule    string         `json:"schedule,omitempty"`
	OnlyAsks    bool           `json:"only_asks,omitempty"` // for what a schedule may run from then on
	RequestedBy store.Actor    `json:"requested_by"`
	Origin      store.Origin   `json:"origin"`
	Reason      string         `json:"reason,omitempty"`
	Approvals   []approvalJSON `json:"approvals"`
	Urgent      bool           `json:"urgent,omitempty"`
	ReviewedBy  store.Actor    `json:"reviewed_by,omitempty"`
	ContinuedBy store.Actor    `json:"continued_by,omitempty"`
	CreatedAt   time.Time      `json:"created_at"`
	StartedAt   *time.Time     `json:"started_at"`
	FinishedAt  *time.Time     `json:"finished_at"`
	Targets     []targetJSON   `json:"targets"`

	Excluded []executor.Exclusion `json:"excluded,omitempty"` // named, and left out
}

type approvalJSON struct {
	User     store.Actor    `json:"user"`
	Decision store.Decision `json:"decision"`
	Reason   string         `json:"reason,omitempty"`
	At       time.Time      `json:"at"`
}

type targetJSON struct {
	Server    string            `json:"server"`
	Batch     int               `json:"batch"` // its turn: 0 is the canary's, the others count from 1
	State     store.TargetState `json:"state"`
	ErrorKind string            `json:"error_kind,omitempty"`
	ExitCode  *int              `json:"exit_code"`
	Seconds   float64           `json:"seconds"`
	Summary   string            `json:"summary"`
	Output    string            `json:"output"`
	LogFile   string            `json:"log_file,omitempty"` // all of it, where output leaves something out
}

func shownRun(r store.Run) runJSON {
	shown := runJSON{
		ID: r.ID, Run: r.Number, State: r.State, StateReason: r.StateReason, Action: r.Action, Preview: r.Preview, Params: r.Params, Schedule: r.Schedule, OnlyAsks: r.OnlyAsks(),
		RequestedBy: r.RequestedBy, Origin: r.Origin, Reason: r.Reason, Approvals: []approvalJSON{}, Urgent: r.Urgent, ReviewedBy: r.ReviewedBy,
		ContinuedBy: r.ContinuedBy, Excluded: executor.LeftOut(r),
		CreatedAt: r.CreatedAt.Time, StartedAt: moment(r.StartedAt), FinishedAt: moment(r.FinishedAt), Targets: []targetJSON{},
	}
	if options, err := executor.OptionsOf(r); err == nil { // drover wrote them itself
		shown.Options = options.String()
	}
	for _, a := range r.Approvals {
		shown.Approvals = append(shown.Approvals, approvalJSON{a.Actor, a.Decision, a.Reason, a.At.Time})
	}
	for _, t := range r.Targets {
		shown.Targets = append(shown.Targets, targetJSON{
			Server: t.Server, Batch: t.Batch, State: t.State, ErrorKind: t.ErrorKind, ExitCode: t.ExitCode, Seconds: seconds(t), Summary: t.Summary, Output: output(t), LogFile: t.LogFile,
		})
	}
	return shown
}

func moment(t *store.Time) *time.Time {
	if t == nil {
		return nil
	}
	return &t.Time
}

func seconds(t store.Target) float64 {
	if t.StartedAt == nil || t.FinishedAt == nil {
		return 0
	}
	return t.FinishedAt.Sub(t.StartedAt.Time).Seconds()
}

// output is what the command printed, standard output first.
func output(t store.Target) string {
	if t.Stdout != "" && t.Stderr != "" {
		return strings.TrimRight(t.Stdout, "\n") + "\n" + t.Stderr
	}
	return t.Stdout + t.Stderr
}

func (c *cli) showCommand() *cobra.Command {
	var asJSON, plan bool
	cmd := &cobra.Command{Use: "show RUN", Short: "Show one run: what it did on each server, with the output", Args: cobra.ExactArgs(1)}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the run as JSON")
	cmd.Flags().BoolVar(&plan, "plan", false, "print what it was to run where, byte for byte, instead of what came of it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withStore(cmd.Context(), func(s *store.Store) error {
			run, err := findRun(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			switch {
			case plan:
				return c.showPlan(run, asJSON)
			case asJSON:
				return printJSON(c.out, shownRun(run))
			}
			c.printRun(run)
			return nil
		})
	}
	return cmd
}

// findRun is the run with a number or an id.
func findRun(ctx context.Context, s *store.Store, name string) (run store.Run, err error) {
	if number, wrong := strconv.Atoi(strings.TrimPrefix(name, "#")); wrong == nil {
		run, err = s.RunNumbered(ctx, number)
	} else {
		run, err = s.Run(ctx, name)
	}
	if errors.Is(err, store.ErrNotFound) {
		return run, noRun(ctx, s, name)
	}
	return run, err
}

// noRun says that there is no such run. In Slack `show` takes a server, too.
func noRun(ctx context.Context, s *store.Store, name string) error {
	if _, err := s.ServerNamed(ctx, name); err == nil {
		return usage("%s is a server and no run: `drover server show %s` shows it", name, name)
	}
	return fmt.Errorf("run %s: %w", name, store.ErrNotFound)
}

// stateOf is a run's state for a person: what only asked and was approved has run nothing.
func stateOf(r store.Run) string {
	if r.OnlyAsks() && r.State == store.Succeeded {
		return "approved"
	}
	return string(r.State)
}

// printRun prints a run for a person: the outcome first, then each server with its output.
func (c *cli) printRun(r store.Run) {
	fmt.Fprintf(c.out, "#%d %s: %s", r.Number, nameOf(r), stateOf(r))
	if r.StateReason != "" {
		fmt.Fprintf(c.out, ": %s", r.StateReason)
	}
	fmt.Fprintf(c.out, "\nby %s at %s", r.RequestedBy, r.CreatedAt.Local().Format("2006-01-02 15:04:05"))
	if plan, err := executor.PlanOf(r); err == nil { // drover wrote it itself
		fmt.Fprintf(c.out, ", revision %d", plan.Revision)
	}
	if r.Reason != "" {
		fmt.Fprintf(c.out, " because %s", r.Reason)
	}
	fmt.Fprintln(c.out)
	c.printApprovals(r)
	c.printOrder(r)
	for _, t := range r.Targets {
		fmt.Fprintf(c.out, "\n%s: %s", t.Server, t.State)
		if t.Summary != "" {
			fmt.Fprintf(c.out, ": %s", t.Summary)
		}
		fmt.Fprintln(c.out)
		for line := range strings.Lines(body(t)) {
			fmt.Fprintf(c.out, "  %s\n", strings.TrimRight(line, "\n"))
		}
		c.printLog(t)
	}
	for _, x := range executor.LeftOut(r) {
		fmt.Fprintf(c.out, "\n%s: left out: %s\n", x.Server, x.Reason)
	}
}

// printLog says where the whole of an output is that was too long to be shown.
func (c *cli) printLog(t store.Target) {
	switch {
	case t.LogFile != "":
		fmt.Fprintf(c.out, "  All of it (%s): %s\n", humanize.IBytes(uint64(t.LogSize)), t.LogFile)
	case t.LogSize > 0:
		fmt.Fprintf(c.out, "  All of it was kept for %d days.\n", int(store.LogsKept.Hours()/24))
	}
}

// printOrder says how a run goes about its servers, and who let it go on.
func (c *cli) printOrder(r store.Run) {
	if options, err := executor.OptionsOf(r); err == nil {
		if words := options.InWords(executor.BatchesOf(r)); words != "" {
			fmt.Fprintln(c.out, words)
		}
	}
	if r.ContinuedAt != nil {
		fmt.Fprintf(c.out, "continued by %s at %s\n", r.ContinuedBy, r.ContinuedAt.Local().Format("2006-01-02 15:04:05"))
	}
}

func (c *cli) printApprovals(r store.Run) {
	for _, a := range r.Approvals {
		fmt.Fprintf(c.out, "%s by %s at %s", a.Decision, a.Actor, a.At.Local().Format("2006-01-02 15:04:05"))
		if a.Reason != "" {
			fmt.Fprintf(c.out, " because %s", a.Reason)
		}
		fmt.Fprintln(c.out)
	}
	switch {
	case r.Urgent && r.ReviewedAt == nil:
		fmt.Fprintln(c.out, "break-glass: nobody approved it, and nobody has reviewed it yet")
	case r.Urgent:
		fmt.Fprintf(c.out, "break-glass: reviewed by %s at %s\n", r.ReviewedBy, r.ReviewedAt.Local().Format("2006-01-02 15:04:05"))
	}
	if r.State == store.AwaitingApproval {
		fmt.Fprintf(c.out, "waits for approval until %s: %d of %d given\n", r.ApproveBy.Local().Format("2006-01-02 15:04:05"), len(r.Approvals), r.ApprovalsNeeded)
	}
}

// nameOf is what a run does in a word or three.
func nameOf(r store.Run) string {
	if r.Preview {
		return "preview of " + r.Action
	}
	return r.Action
}

// body is what the action makes of its output, or else the output.
func body(t store.Target) string {
	if t.Details != "" {
		return t.Details
	}
	return strings.TrimSpace(output(t))
}
