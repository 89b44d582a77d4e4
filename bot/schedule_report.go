package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"drover/executor"
	"drover/store"
)

const (
	// maxReported is how many groups of servers that ended alike the thread of a report tells of; the runs' cards have all.
	maxReported = 40
	// timesBefore is how many of the last times a report sets its duration beside.
	timesBefore = 3
)

// renderReport shows how an occurrence went: the whole in one message, the details in its thread.
func (p *Projector) renderReport(ctx context.Context, m store.Message) (time.Duration, error) {
	o, err := p.occasion(ctx, m.Owner)
	if err != nil {
		return 0, err
	}
	if m.Key == store.ReportSummary {
		before, err := p.store.TimesBefore(ctx, o.Occurrence, timesBefore)
		if err != nil {
			return 0, err
		}
		missed, err := p.store.MissedWith(ctx, o.Occurrence)
		if err != nil {
			return 0, err
		}
		c := report(o, before, missed)
		c.metadata = o.metadata(m)
		return p.send(ctx, m, "", c, o.Version, true)
	}
	head, err := p.store.Head(ctx, m)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return 0, err
	case err != nil, head.GivenUp != "" && head.TS == "":
		return 0, p.store.GiveUpMessage(ctx, m.ID, "there is no report to reply to")
	case head.TS == "":
		return 0, nil // the thread comes after the report, and the note of its post wakes the loop
	case head.Channel != m.Channel:
		return time.Millisecond, p.store.RedirectMessage(ctx, m.ID, head.Channel)
	}
	c := details(o)
	c.metadata = o.metadata(m)
	return p.send(ctx, m, head.TS, c, o.Version, true)
}

// report is the one message about an occurrence that is over.
func report(o occasion, before []time.Duration, missed int) content {
	if o.State != store.OccurrenceDone || len(o.runs) == 0 {
		return notRun(o, missed)
	}
	first := fmt.Sprintf("%s *%s* is done: %s", o.icon(), escape(o.Schedule), o.tally())
	blocks := []slack.Block{section(first)}
	if lines := o.lines(); len(lines) > 0 {
		blocks = append(blocks, section(strings.Join(lines, "\n")))
	}
	if o.Reason != "" {
		blocks = append(blocks, section(":information_source: "+escape(clip(oneLine(o.Reason), 500))))
		if o.schedule.PausedBy == store.Drover && o.schedule.PausedReason == o.Reason {
			blocks = append(blocks, o.stopped())
		}
	}
	blocks = append(blocks, slack.NewContextBlock("", mrkdwn(clip(o.footer(before), 2000))))
	if left := o.needReboot(); len(left) > 0 {
		names := executor.FoldNames(serverNames(left))
		blocks = append(blocks, slack.NewActionBlock("", confirmed(buttonReboot, o.ID, "Ask for the reboot", slack.StyleDefault, "Reboot them?",
			clip(fmt.Sprintf("A run on %s, with all checks and approvals.", names), 300))))
	}
	return content{text: clip(first, 300), blocks: blocks}
}

// notRun is the report of what was not run.
func notRun(o occasion, missed int) content {
	first := o.headline()
	if missed > 1 {
		first += fmt.Sprintf(" · %d times in all", missed)
	}
	blocks := []slack.Block{section(first)}
	if o.schedule.PausedBy == store.Drover && o.State == store.OccurrenceRefused {
		blocks = append(blocks, o.stopped())
	}
	return content{text: clip(first, 300), blocks: append(blocks, slack.NewContextBlock("", mrkdwn(clip(o.does()+" · as "+person(o.schedule.Owner), 2000))))}
}

// stopped says how a schedule goes on that drover has stopped.
func (o occasion) stopped() slack.Block {
	return section(fmt.Sprintf("The schedule is stopped. Whoever may run it takes it over with %s.", code("schedule edit "+o.Schedule)))
}

// icon is the worst of the runs' states at a glance.
func (o occasion) icon() string {
	for _, run := range o.runs {
		if run.State != store.Succeeded {
			return runIcon(run.State)
		}
	}
	return runIcon(store.Succeeded)
}

// tally counts the servers of the first run that are as they should be.
func (o occasion) tally() string {
	run := o.runs[0]
	done := count(run, func(s store.TargetState) bool { return s == store.TargetSucceeded })
	if done == 0 && run.State != store.Failed {
		return fmt.Sprintf("#%d %s", run.Number, stateWord(run))
	}
	return fmt.Sprintf("%d of %d servers", done, len(run.Targets))
}

// share is a part of a run's servers that a report counts.
type share struct {
	icon, words string
	of          func(store.Target) bool
}

// shares are those of a run, what went wrong first. done is what became of those that succeeded.
func shares(done string) []share {
	return []share{
		{":x:", "failed", in(store.TargetFailed, store.TargetTimedOut)},
		{":x:", "unreachable", in(store.TargetUnreachable)},
		{":warning:", "interrupted: nobody saw the end", in(store.TargetInterrupted)},
		{":no_entry_sign:", "not begun", in(store.TargetSkipped, store.TargetCancelled)},
		{":white_check_mark:", done, func(t store.Target) bool { return t.State == store.TargetSucceeded && !unchanged(t) }},
		{":white_check_mark:", "nothing to do", unchanged},
	}
}

func in(states ...store.TargetState) func(store.Target) bool {
	return func(t store.Target) bool { return slices.Contains(states, t.State) }
}

// unchanged says whether an update found nothing to do.
func unchanged(t store.Target) bool {
	return t.State == store.TargetSucceeded && t.Facts["packages_changed"] == "0"
}

// shareLines count the servers of a run: ":x: 1 failed `db1`: exit 100".
func shareLines(targets []store.Target, what, done string) []string {
	var lines []string
	for _, s := range shares(done) {
		members := slices.DeleteFunc(slices.Clone(targets), func(t store.Target) bool { return !s.of(t) })
		if len(members) == 0 {
			continue
		}
		words := what + s.words
		if members[0].State == store.TargetSucceeded {
			words = s.words
		}
		line := fmt.Sprintf("%s %d %s  %s", s.icon, len(members), words, code(clip(executor.FoldNames(serverNames(members)), 300)))
		if members[0].State != store.TargetSucceeded && len(alike(members)) == 1 {
			line += "  " + escape(clip(strings.TrimPrefix(oneLine(members[0].Summary), "not begun: "), 200))
		}
		lines = append(lines, line)
	}
	return lines
}

// lines are those of a report.
func (o occasion) lines() []string {
	done := "succeeded"
	if slices.ContainsFunc(o.runs[0].Targets, func(t store.Target) bool { return t.Facts["packages_changed"] != "" }) {
		done = "updated"
	}
	lines := append(shareLines(o.runs[0].Targets, "", done), exclusions(executor.LeftOut(o.runs[0]))...)
	if len(o.runs) > 1 {
		lines = append(lines, shareLines(o.runs[1].Targets, "reboot ", "rebooted")...)
	}
	if left := o.needReboot(); len(left) > 0 {
		lines = append(lines, fmt.Sprintf(":arrows_counterclockwise: %d reboot required  %s", len(left), code(clip(executor.FoldNames(serverNames(left)), 300))))
	}
	return lines
}

// needReboot are the servers that need a reboot after all.
func (o occasion) needReboot() []store.Target {
	left := executor.NeedReboot(o.runs[0])
	if len(o.runs) > 1 {
		left = slices.DeleteFunc(left, func(t store.Target) bool {
			return slices.ContainsFunc(o.runs[1].Targets, func(r store.Target) bool { return r.ServerID == t.ServerID && r.State == store.TargetSucceeded })
		})
	}
	return left
}

// footer is which runs it were, and how long they took, beside the last times.
func (o occasion) footer(before []time.Duration) string {
	parts := []string{o.numbers(), "began " + when(*o.BeganAt), "took " + took(o.FinishedAt.Sub(o.BeganAt.Time))}
	if len(before) > 0 {
		var times []string
		for _, d := range before {
			times = append(times, took(d))
		}
		parts[2] += " (before: " + strings.Join(times, ", ") + ")"
	}
	return strings.Join(append(parts, "as "+person(o.schedule.Owner)), " · ")
}

// details tell of each server, those that ended alike together.
func details(o occasion) content {
	var blocks []slack.Block
	left := 0
	for _, run := range o.runs {
		for _, group := range alike(inOrder(run.Targets)) {
			if len(blocks) == maxReported {
				left += len(group)
				continue
			}
			blocks = append(blocks, section(groupTitle(group)))
		}
	}
	if left > 0 {
		blocks = append(blocks, section(fmt.Sprintf("… and %d more: the threads of %s have all", left, o.numbers())))
	}
	return content{text: clip("The servers one by one: "+o.numbers(), 300), blocks: blocks}
}
