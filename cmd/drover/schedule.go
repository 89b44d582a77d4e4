package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drover/executor"
	"drover/scheduler"
	"drover/store"
)

func (c *cli) scheduleCommand() *cobra.Command {
	return group("schedule", "What runs by itself, and when",
		c.scheduleAdd(), c.scheduleEdit(), c.scheduleList(), c.scheduleShow(), c.scheduleNext(),
		c.schedulePause(), c.scheduleResume(), c.scheduleRemove(), c.scheduleSkip(), c.scheduleDelay(), c.scheduleRun())
}

// withSchedules runs fn as the person at this terminal.
func (c *cli) withSchedules(ctx context.Context, fn func(*scheduler.Scheduler, *store.Store, store.Actor) error) error {
	actor, err := c.actor()
	if err != nil {
		return err
	}
	log, err := c.settings.logger(c.err)
	if err != nil {
		return err
	}
	return c.withEngine(ctx, "schedule/", func(s *store.Store, e *executor.Engine) error {
		return fn(scheduler.New(scheduler.Config{Store: s, Engine: e, Log: log}), s, actor)
	})
}

// onSchedule is a command about the schedule that its only argument names.
func (c *cli) onSchedule(use, short string, do func(context.Context, *scheduler.Scheduler, *store.Store, store.Actor, store.Schedule) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withSchedules(cmd.Context(), func(sched *scheduler.Scheduler, s *store.Store, actor store.Actor) error {
				schedule, err := sched.Find(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return do(cmd.Context(), sched, s, actor, schedule)
			})
		},
	}
}

// settingFlags gives a command a flag for each setting of a schedule, and returns what was written.
func settingFlags(cmd *cobra.Command) (written func() map[string][]string) {
	for _, setting := range scheduler.Settings() {
		cmd.Flags().StringArray(setting.Name, nil, setting.Means)
	}
	return func() map[string][]string {
		settings := map[string][]string{}
		cmd.Flags().Visit(func(f *pflag.Flag) {
			if values, err := cmd.Flags().GetStringArray(f.Name); err == nil {
				settings[f.Name] = values
			}
		})
		return settings
	}
}

func (c *cli) scheduleAdd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   `add NAME --cron "0 2 * * *" --timezone Z --duration 2h --action A --target T…`,
		Short: "Add a schedule, and show when it begins",
		Long: "Add a schedule. It belongs to whoever adds it and runs with their rights. A time that the clocks skip in spring counts as reached at\n" +
			"the first moment after it, one that they show twice in autumn counts once.",
		Args: cobra.ExactArgs(1),
	}
	return c.scheduleSave(cmd, func(_ context.Context, _ *scheduler.Scheduler, name string) (store.Schedule, error) {
		return store.Schedule{Name: name}, nil
	}, (*scheduler.Scheduler).Add)
}

func (c *cli) scheduleEdit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "edit NAME [--duration 3h]…",
		Short: "Change what is named of a schedule; it belongs to you from then on",
		Args:  cobra.ExactArgs(1),
	}
	return c.scheduleSave(cmd, func(ctx context.Context, sched *scheduler.Scheduler, name string) (store.Schedule, error) {
		return sched.Find(ctx, name)
	}, (*scheduler.Scheduler).Edit)
}

type (
	findSchedule func(context.Context, *scheduler.Scheduler, string) (store.Schedule, error)
	saveSchedule func(*scheduler.Scheduler, context.Context, store.Actor, store.Schedule) (store.Schedule, error)
)

// scheduleSave shows when a schedule begins before it is kept.
func (c *cli) scheduleSave(cmd *cobra.Command, find findSchedule, save saveSchedule) *cobra.Command {
	written := settingFlags(cmd)
	dryRun := cmd.Flags().Bool("dry-run", false, "only show when it would begin")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		settings := written()
		delete(settings, "dry-run")
		return c.withSchedules(cmd.Context(), func(sched *scheduler.Scheduler, s *store.Store, actor store.Actor) error {
			base, err := find(cmd.Context(), sched, args[0])
			if err != nil {
				return err
			}
			schedule, err := sched.Define(base, settings)
			if err != nil {
				return err
			}
			if err := sched.Check(cmd.Context(), actor, schedule); err != nil {
				return err
			}
			if err := c.printOpenings(sched, schedule.Window); err != nil || *dryRun {
				return err
			}
			if schedule, err = save(sched, cmd.Context(), actor, schedule); err != nil {
				return err
			}
			fmt.Fprintf(c.out, "Schedule %s is saved as revision %d. It runs with the rights of %s.\n", schedule.Name, schedule.Revision, schedule.Owner)
			if err := c.warnUnheard(cmd.Context(), s, schedule); err != nil {
				return err
			}
			return c.printStanding(cmd.Context(), s, schedule, "")
		})
	}
	return cmd
}

// warnUnheard says when a schedule tells nobody what it does.
func (c *cli) warnUnheard(ctx context.Context, s *store.Store, schedule store.Schedule) error {
	common, err := s.Setting(ctx, store.SettingChannel)
	if err == nil && schedule.Channel == "" && common == "" {
		fmt.Fprintln(c.err, "Nobody reads what it does: say --channel, or start `drover serve` with DROVER_CHANNEL.")
	}
	return err
}

func (c *cli) scheduleNext() *cobra.Command {
	var asJSON bool
	cmd := c.onSchedule("next NAME", "Show when a schedule begins next, and what the clocks do to it",
		func(ctx context.Context, sched *scheduler.Scheduler, s *store.Store, _ store.Actor, schedule store.Schedule) error {
			if !asJSON {
				return c.printNext(ctx, sched, schedule)
			}
			coming, err := sched.Coming(ctx, schedule, openingsShown)
			if err != nil {
				return err
			}
			return printJSON(c.out, coming)
		})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	return cmd
}

func (c *cli) schedulePause() *cobra.Command {
	var reason, until string
	cmd := &cobra.Command{
		Use: "pause NAME [until WHEN] because WHY", Short: "Keep a schedule from running; what runs goes on", Args: cobra.MinimumNArgs(1),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, instead of because …; it is shown")
	cmd.Flags().StringVar(&until, "until", "", `when it runs again by itself, such as "Mon 08:00" or 2d`)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		words, why, err := reasoned(args, reason)
		if err != nil {
			return err
		}
		words = append(words, strings.Fields(until)...)
		return c.withSchedules(cmd.Context(), func(sched *scheduler.Scheduler, s *store.Store, actor store.Actor) error {
			schedule, err := sched.Find(cmd.Context(), words[0])
			if err != nil {
				return err
			}
			end, err := untilOf(words[1:], s.Now())
			if err != nil {
				return err
			}
			if err := sched.Pause(cmd.Context(), actor, schedule, why, end); err != nil {
				return err
			}
			fmt.Fprintf(c.out, "Schedule %s is paused.\n", schedule.Name)
			return nil
		})
	}
	return cmd
}

// untilOf reads the words that say until when, by this terminal's clock; nil: none do.
func untilOf(words []string, now store.Time) (*store.Time, error) {
	if len(words) == 0 {
		return nil, nil
	}
	if strings.EqualFold(words[0], "until") {
		words = words[1:]
	}
	at, err := executor.Until(words, now.Time, time.Local)
	return &at, err
}

func (c *cli) scheduleResume() *cobra.Command {
	return c.onSchedule("resume NAME", "Let a paused schedule run again, from its next time on",
		func(ctx context.Context, sched *scheduler.Scheduler, s *store.Store, actor store.Actor, schedule store.Schedule) error {
			if err := sched.Resume(ctx, actor, schedule); err != nil {
				return err
			}
			fmt.Fprintf(c.out, "Schedule %s runs again.\n", schedule.Name)
			resumed, err := s.Schedule(ctx, schedule.ID)
			if err != nil {
				return err
			}
			return c.printNext(ctx, sched, resumed)
		})
}

func (c *cli) scheduleRemove() *cobra.Command {
	return c.onSchedule("remove NAME", "Remove a schedule; its history stays",
		func(ctx context.Context, sched *scheduler.Scheduler, _ *store.Store, actor store.Actor, schedule store.Schedule) error {
			if err := sched.Remove(ctx, actor, schedule); err != nil {
				return err
			}
			fmt.Fprintf(c.out, "Schedule %s is removed.\n", schedule.Name)
			return nil
		})
}

func (c *cli) scheduleSkip() *cobra.Command {
	return c.onSchedule("skip NAME", "Skip a schedule's next time",
		func(ctx context.Context, sched *scheduler.Scheduler, _ *store.Store, actor store.Actor, schedule store.Schedule) error {
			o, err := sched.SkipNext(ctx, actor, schedule)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "Schedule %s is skipped at %s.\n", schedule.Name, o.StartsAt.Local().Format(dayAndTime))
			return nil
		})
}

func (c *cli) scheduleDelay() *cobra.Command {
	return c.onSchedule("delay NAME", "Let a schedule's next time begin an hour later, once; its window closes when it was to",
		func(ctx context.Context, sched *scheduler.Scheduler, _ *store.Store, actor store.Actor, schedule store.Schedule) error {
			o, err := sched.DelayNext(ctx, actor, schedule)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "Schedule %s begins at %s.\n", schedule.Name, o.BeginsAt.Local().Format(dayAndTime))
			return nil
		})
}

func (c *cli) scheduleRun() *cobra.Command {
	var noWait, asJSON bool
	cmd := &cobra.Command{
		Use: "run NAME", Short: "Run a schedule now, as it would run by itself", Args: cobra.ExactArgs(1),
		Long: "Run a schedule now: the time that is announced begins at once, or else it is run once more. A living `drover serve` works the run;\n" +
			"without one this command does. Exit codes are those of `drover run`.",
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "only record the run, for a living serve to work")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the run as JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		actor, err := c.actor()
		if err != nil {
			return err
		}
		log, err := c.settings.logger(c.err)
		if err != nil {
			return err
		}
		return c.withEngine(cmd.Context(), "schedule/", func(s *store.Store, e *executor.Engine) error {
			sched := scheduler.New(scheduler.Config{Store: s, Engine: e, Log: log})
			schedule, err := sched.Find(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			o, err := sched.RunNext(cmd.Context(), actor, schedule)
			if err != nil {
				return err
			}
			for !noWait && !o.State.Final() {
				if o, err = c.step(cmd.Context(), sched, s, e, actor, o); err != nil {
					return err
				}
			}
			return c.reportRuns(cmd.Context(), s, o, asJSON)
		})
	}
	return cmd
}

// step waits for the end of an occurrence's run, and takes the occurrence on if no serve lives to do it.
func (c *cli) step(ctx context.Context, sched *scheduler.Scheduler, s *store.Store, e *executor.Engine, actor store.Actor, o store.Occurrence) (store.Occurrence, error) {
	waiting := context.WithoutCancel(ctx) // Ctrl-C cancels the run, and its end is waited for
	runs, err := s.RunsOf(waiting, o.ID)
	if err != nil {
		return o, err
	}
	if len(runs) > 0 {
		if _, err := c.await(ctx, s, e, actor, runs[len(runs)-1]); err != nil {
			return o, err
		}
	}
	if err := sched.Follow(waiting, o.ID); err != nil {
		return o, err
	}
	return s.Occurrence(waiting, o.ID)
}

// reportRuns prints the runs of an occurrence, and ends with the code of the first that did not succeed.
func (c *cli) reportRuns(ctx context.Context, s *store.Store, o store.Occurrence, asJSON bool) error {
	runs, err := s.RunsOf(context.WithoutCancel(ctx), o.ID)
	if err != nil {
		return err
	}
	var worst error
	for _, run := range runs {
		if err := c.report(run, asJSON); worst == nil {
			worst = err
		}
	}
	return worst
}
