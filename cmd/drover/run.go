package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"drover/executor"
	"drover/store"
)

// lookAgain is how often a waiting terminal looks whether a serve has died.
const lookAgain = time.Second

func (c *cli) runCommand() *cobra.Command {
	var reason string
	var noWait, asJSON bool
	cmd := &cobra.Command{
		Use:   "run ACTION TARGET… [name=value]… [because WHY]",
		Short: "Run an action on servers, the same way as from Slack",
		Long: "Record a run. A living `drover serve` works it; without one this command does. A run that needs approval is waited for: it is\n" +
			"given in Slack. It prints what came of it and ends\n" +
			"with 0 done, 1 failed on some server, 2 wrong usage, 3 refused by policy, 4 not run, 5 drover itself failed.\n" +
			"Ctrl-C cancels the run.\n\n" +
			"How it goes about its servers is said beside them:\n" +
			"  canary=1          the first server alone; the others wait for `drover continue` or the card's button\n" +
			"  batch=2|25%       so many at a time; a batch begins when the one before is over\n" +
			"  max-failures=1|10%  when more have failed, nothing new begins\n" +
			"  parallel=20       at most so many at the same time\n" +
			"  timeout=10m       for the command on each server\n" +
			"A share is of the run's servers, rounded down; a batch is at least one server.",
		Args: cobra.MinimumNArgs(1),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, instead of because …; it is shown and kept with the run")
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "only record the run, for a living serve to work")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the run as JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		words, why, err := reasoned(args, reason)
		if err != nil {
			return err
		}
		request, err := c.request(words)
		if err != nil {
			return err
		}
		request.Reason = why
		return c.withEngine(cmd.Context(), "run/", func(s *store.Store, e *executor.Engine) error {
			if request.Channel, err = s.Setting(cmd.Context(), store.SettingChannel); err != nil {
				return err
			}
			run, err := e.Submit(cmd.Context(), request)
			if err != nil {
				return err
			}
			if noWait {
				err = c.tellAlone(cmd.Context(), s, e, run)
			} else {
				run, err = c.await(cmd.Context(), s, e, request.Actor, run)
			}
			if err != nil {
				return err
			}
			return c.report(run, asJSON)
		})
	}
	return cmd
}

// request is what the words of a command line ask for, by the login at this terminal.
func (c *cli) request(words []string) (executor.Request, error) {
	request, err := executor.ParseRequest(words)
	if err != nil {
		return request, err
	}
	request.Origin = store.CLI
	request.Actor, err = c.actor()
	return request, err
}

// await returns the run when it is over. It works the run itself whenever no serve lives to do it, and cancels it in
// somebody's name when ctx ends.
func (c *cli) await(ctx context.Context, s *store.Store, e *executor.Engine, actor store.Actor, run store.Run) (_ store.Run, err error) {
	waiting, done := context.WithCancel(context.WithoutCancel(ctx))
	defer done()
	var watch errgroup.Group
	watch.Go(func() error { return s.Watch(waiting) })
	defer func() {
		done()
		err = errors.Join(err, watch.Wait())
	}()
	stopCancel := context.AfterFunc(ctx, func() { c.cancelRun(waiting, s, actor, run) })
	defer stopCancel()
	if run.State == store.AwaitingApproval {
		fmt.Fprintf(c.err, "#%d waits for approval in Slack, until %s.\n", run.Number, run.ApproveBy.Local().Format("15:04"))
	}

	told := false
	for {
		changed := s.Changed()
		now, err := s.Run(waiting, run.ID)
		if err != nil || now.State.Final() {
			return now, err
		}
		if now.State == store.Paused && !told {
			told = true
			fmt.Fprintf(c.err, "#%d is paused: its canary succeeded. `drover continue %d` lets it go on, Ctrl-C ends it.\n", now.Number, now.Number)
		}
		if now.State != store.Running { // nobody else would see that its time is over
			if err := workIfAlone(waiting, s, e, run.ID); err != nil {
				return now, err
			}
		}
		select {
		case <-changed:
		case <-time.After(lookAgain):
		}
	}
}

// workIfAlone works the run in this process if no serve holds the lock. Should one start meanwhile, one of the two
// gets the lease.
func workIfAlone(ctx context.Context, s *store.Store, e *executor.Engine, id string) error {
	if alone, err := nobodyServes(s); err != nil || !alone {
		return err
	}
	return e.Work(ctx, id)
}

// nobodyServes says whether no serve holds the lock of the database.
func nobodyServes(s *store.Store) (bool, error) {
	lock, err := s.TryLock()
	if errors.Is(err, store.ErrLocked) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, lock.Release()
}

// tellAlone says of a run that is not waited for when no serve is there to begin it.
func (c *cli) tellAlone(ctx context.Context, s *store.Store, e *executor.Engine, run store.Run) error {
	alone, err := nobodyServes(s)
	if err != nil || !alone {
		return err
	}
	text := fmt.Sprintf("No `drover serve` is alive: #%d waits for one.", run.Number)
	if run.State == store.Queued && run.Changes {
		limit, err := e.Chosen(ctx, executor.RunExpiry)
		if err != nil {
			return err
		}
		text += fmt.Sprintf(" It expires when none begins it within %s.", limit)
	}
	fmt.Fprintln(c.err, text)
	return nil
}

// cancelRun is what Ctrl-C does: the run is cancelled wherever it is worked, and its end is waited for.
func (c *cli) cancelRun(ctx context.Context, s *store.Store, actor store.Actor, run store.Run) {
	fmt.Fprintf(c.err, "Cancelling #%d; waiting for its end.\n", run.Number)
	if _, err := s.Cancel(ctx, actor, run.ID, ""); err != nil {
		fmt.Fprintf(c.err, "drover: cancel #%d: %v\n", run.Number, err)
	}
}

// report prints a run and ends with the exit code that says how it went.
func (c *cli) report(run store.Run, asJSON bool) error {
	if asJSON {
		if err := printJSON(c.out, shownRun(run)); err != nil {
			return err
		}
	} else {
		c.printRun(run)
	}
	return exitOf(run)
}

// exitOf is the exit code that says how a run went.
func exitOf(run store.Run) error {
	switch run.State {
	case store.Succeeded, store.Queued, store.Running, store.AwaitingApproval, store.Paused:
		return nil
	case store.Denied, store.Expired, store.Cancelled:
		return exitError(exitNotRun)
	}
	return exitError(exitFailed)
}
