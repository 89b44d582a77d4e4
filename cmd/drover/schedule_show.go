package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"drover/executor"
	"drover/scheduler"
	"drover/store"
)

// dayAndTime is how a time of a schedule is printed.
const dayAndTime = "Mon 2006-01-02 15:04 MST"

// scheduleJSON is a schedule as `schedule list --json` and `schedule show --json` print it.
type scheduleJSON struct {
	store.Schedule
	Options     executor.Options   `json:"options"`
	Inactive    string             `json:"inactive,omitempty"` // what keeps it from running, see executor.Engine.Inactive
	Next        []store.Coming     `json:"next"`
	Occurrences []store.Occurrence `json:"occurrences,omitempty"`
}

func shownSchedule(ctx context.Context, sched *scheduler.Scheduler, schedule store.Schedule, next []store.Coming) (scheduleJSON, error) {
	shown := scheduleJSON{Schedule: schedule, Next: next}
	var err error
	if shown.Options, err = executor.ParseOptions(schedule.Options); err != nil {
		return shown, fmt.Errorf("schedule %s: %w", schedule.Name, err)
	}
	shown.Inactive, err = sched.Inactive(ctx, schedule)
	return shown, err
}

// listed is a schedule with the time at which it begins next.
func listed(ctx context.Context, sched *scheduler.Scheduler, schedule store.Schedule) (scheduleJSON, error) {
	next := []store.Coming{}
	first, err := sched.Next(ctx, schedule)
	if err != nil {
		return scheduleJSON{}, err
	}
	if first != nil {
		next = append(next, *first)
	}
	return shownSchedule(ctx, sched, schedule, next)
}

// stands says in a few words when a schedule begins next, or what keeps it from it.
func (s scheduleJSON) stands() string {
	switch {
	case s.PausedUntil != nil:
		return "paused until " + s.PausedUntil.Local().Format(dayAndTime)
	case s.PausedAt != nil:
		return "paused"
	case len(s.Next) == 0:
		return "never"
	case s.Inactive != "":
		return s.Inactive
	}
	return s.Next[0].BeginsAt.Local().Format(dayAndTime)
}

func (c *cli) scheduleList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List schedules", Args: cobra.NoArgs}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withSchedules(cmd.Context(), func(sched *scheduler.Scheduler, s *store.Store, _ store.Actor) error {
			all, err := s.Schedules(cmd.Context())
			if err != nil {
				return err
			}
			items := []scheduleJSON{}
			for _, schedule := range all {
				shown, err := listed(cmd.Context(), sched, schedule)
				if err != nil {
					return err
				}
				items = append(items, shown)
			}
			return printList(c.out, asJSON, items, "NAME\tACTION\tTARGETS\tCRON\tTIMEZONE\tNEXT", func(s scheduleJSON) string {
				return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s", s.Name, s.Action, s.Selector, strings.TrimSpace(s.Cron+" "+s.Nth), s.Timezone, s.stands())
			})
		})
	}
	return cmd
}

func (c *cli) scheduleShow() *cobra.Command {
	var asJSON bool
	cmd := c.onSchedule("show NAME", "Show a schedule: what it does, when, and what became of the last times",
		func(ctx context.Context, sched *scheduler.Scheduler, s *store.Store, _ store.Actor, schedule store.Schedule) error {
			next, err := sched.Coming(ctx, schedule, openingsShown)
			if err != nil {
				return err
			}
			shown, err := shownSchedule(ctx, sched, schedule, next)
			if err != nil {
				return err
			}
			if shown.Occurrences, err = s.OccurrencesOf(ctx, schedule.ID, 10); err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.out, shown)
			}
			c.printSchedule(shown)
			if err := c.printStanding(ctx, s, schedule, shown.Inactive); err != nil {
				return err
			}
			return c.printTimes(schedule.Window, next)
		})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the schedule as JSON")
	return cmd
}

// printStanding prints how the approvals stand that the revision of a schedule needs, and whether they do not count any more.
func (c *cli) printStanding(ctx context.Context, s *store.Store, schedule store.Schedule, inactive string) error {
	runs, err := s.StandingRuns(ctx, store.Standing{ScheduleID: schedule.ID, Revision: schedule.Revision})
	given := true
	for _, run := range runs {
		fmt.Fprintf(c.out, "#%d %s: %s", run.Number, run.Action, stateOf(run))
		if run.State == store.AwaitingApproval {
			fmt.Fprint(c.out, "; until it is approved the schedule does not run")
		}
		given = given && run.State == store.Succeeded
		fmt.Fprintln(c.out)
	}
	if given && inactive != "" {
		fmt.Fprintf(c.out, "It %s, and does not run before.\n", inactive)
	}
	return err
}

// printSchedule prints a schedule for a person.
func (c *cli) printSchedule(s scheduleJSON) {
	fmt.Fprintf(c.out, "%s: %s on %s", s.Name, s.Action, s.Selector)
	for _, name := range slices.Sorted(maps.Keys(s.Params)) {
		fmt.Fprintf(c.out, " %s=%s", name, s.Params[name])
	}
	if options := s.Options.String(); options != "" {
		fmt.Fprintf(c.out, " %s", options)
	}
	fmt.Fprintf(c.out, "\ncron %q", s.Cron)
	if s.Nth != "" {
		fmt.Fprintf(c.out, " nth %s", s.Nth)
	}
	fmt.Fprintf(c.out, " in %s, %s\n", s.Timezone, s.Window.Length())
	fmt.Fprintf(c.out, "reboot %s, announced %s before, missed %s\nrevision %d, with the rights of %s\n", s.Reboot, s.NotifyBefore, s.Missed, s.Revision, s.Owner)
	if s.Channel != "" {
		fmt.Fprintf(c.out, "tells in %s\n", s.Channel)
	}
	if s.ValidFrom != nil {
		fmt.Fprintf(c.out, "from %s\n", s.ValidFrom.Local().Format(dayAndTime))
	}
	if s.ValidUntil != nil {
		fmt.Fprintf(c.out, "until %s\n", s.ValidUntil.Local().Format(dayAndTime))
	}
	if s.PausedAt != nil {
		fmt.Fprintf(c.out, "paused by %s: %s\n", s.PausedBy, s.PausedReason)
		if s.PausedUntil != nil {
			fmt.Fprintf(c.out, "paused until %s\n", s.PausedUntil.Local().Format(dayAndTime))
		}
	}
	for _, o := range s.Occurrences {
		fmt.Fprintf(c.out, "%s %s", o.StartsAt.Local().Format(dayAndTime), o.State)
		if o.Reason != "" {
			fmt.Fprintf(c.out, ": %s", o.Reason)
		}
		fmt.Fprintln(c.out)
	}
}
