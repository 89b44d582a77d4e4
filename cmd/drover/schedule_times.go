package main

import (
	"context"
	"fmt"
	"strings"

	"drover/scheduler"
	"drover/store"
)

// openingsShown is how many of the coming times are shown.
const openingsShown = 5

// printOpenings prints the coming times of a window that no schedule has yet.
func (c *cli) printOpenings(sched *scheduler.Scheduler, w store.Window) error {
	openings, err := sched.Openings(w, openingsShown)
	if err != nil {
		return err
	}
	var coming []store.Coming
	for _, o := range openings {
		coming = append(coming, store.Coming{Opening: o})
	}
	return c.printTimes(w, coming)
}

// printNext prints the next times of a schedule, and what keeps it from running at all.
func (c *cli) printNext(ctx context.Context, sched *scheduler.Scheduler, schedule store.Schedule) error {
	coming, err := sched.Coming(ctx, schedule, openingsShown)
	if err != nil {
		return err
	}
	shown, err := shownSchedule(ctx, sched, schedule, coming)
	if err != nil {
		return err
	}
	if schedule.PausedAt != nil {
		fmt.Fprintf(c.out, "It is %s: %s\n", shown.stands(), schedule.PausedReason)
	}
	if shown.Inactive != "" {
		fmt.Fprintf(c.out, "It %s, and does not run before.\n", shown.Inactive)
	}
	return c.printTimes(schedule.Window, coming)
}

// printTimes prints times by the clock of a window and by this terminal's.
func (c *cli) printTimes(w store.Window, coming []store.Coming) error {
	zone, err := scheduler.LoadZone(w.Timezone)
	if err != nil {
		return err
	}
	if len(coming) == 0 {
		fmt.Fprintln(c.out, "It does not begin any more.")
		return nil
	}
	return printList(c.out, false, coming, strings.ToUpper(w.Timezone)+"\tHERE\tNOTE", func(o store.Coming) string {
		note, by := o.Fate(zone)
		if by != "" && by != store.Drover {
			note += " by " + string(by)
		}
		if note != "" && o.Note != "" {
			note += "; "
		}
		return fmt.Sprintf("%s\t%s\t%s", o.At.In(zone).Format(dayAndTime), o.At.Local().Format(dayAndTime), note+o.Note)
	})
}
