package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"drover/store"
)

// The buttons of a schedule's messages. Their value is the occurrence's id.
const (
	buttonSkip   = "schedule.skip"
	buttonDelay  = "schedule.delay"
	buttonRunNow = "schedule.run"
	buttonReboot = "schedule.reboot"
)

// scheduleEvent is the event of the metadata that a heads-up and a report carry.
const scheduleEvent = "drover_schedule"

// occasion is all that the messages of an occurrence tell of.
type occasion struct {
	store.Occurrence
	schedule store.Schedule
	runs     []store.Run
	inactive string // what keeps the schedule from running, as it stands; see executor.Engine.Inactive
}

func (p *Projector) occasion(ctx context.Context, id string) (o occasion, err error) {
	if o.Occurrence, err = p.store.Occurrence(ctx, id); err != nil {
		return o, err
	}
	if o.schedule, err = p.store.Schedule(ctx, o.ScheduleID); err != nil {
		return o, err
	}
	if o.runs, err = p.store.RunsOf(ctx, id); err != nil {
		return o, err
	}
	if !o.State.Final() && len(o.runs) == 0 {
		o.inactive, err = p.engine.Inactive(ctx, o.schedule)
	}
	return o, err
}

func (o occasion) metadata(m store.Message) slack.SlackMetadata {
	return slack.SlackMetadata{EventType: scheduleEvent, EventPayload: map[string]any{
		"message": m.ID, "schedule": o.Schedule, "occurrence": o.ID, "state": string(o.State),
	}}
}

// renderHeadsUp shows what a schedule is about to do, and then what became of it.
func (p *Projector) renderHeadsUp(ctx context.Context, m store.Message) (time.Duration, error) {
	o, err := p.occasion(ctx, m.Owner)
	if err != nil {
		return 0, err
	}
	c := headsUp(o)
	c.metadata = o.metadata(m)
	return p.send(ctx, m, "", c, o.Version, o.State.Final())
}

func headsUp(o occasion) content {
	first := o.headline()
	blocks := []slack.Block{section(first)}
	if !o.State.Final() && len(o.runs) == 0 {
		blocks = append(blocks, slack.NewContextBlock("", mrkdwn(clip(o.window(), 2000))))
	}
	if buttons := o.buttons(); len(buttons) > 0 {
		blocks = append(blocks, slack.NewActionBlock("", buttons...))
	}
	return content{text: clip(first, 300), blocks: blocks}
}

// headline says in one line how it stands.
func (o occasion) headline() string {
	name, does := "*"+escape(o.Schedule)+"*", o.does()
	inactive := escape(clip(oneLine(o.inactive), 300))
	switch o.State {
	case store.OccurrenceAnnounced:
		text := fmt.Sprintf(":calendar: %s begins %s: %s", name, when(o.BeginsAt), does)
		if o.inactive != "" {
			text = fmt.Sprintf(":raised_hand: %s %s, and does not run before: %s, due %s", name, inactive, does, when(o.BeginsAt))
		}
		if o.DecidedBy != "" {
			text += " · delayed by " + person(o.DecidedBy)
		}
		return text
	case store.OccurrenceAsked:
		if o.inactive != "" {
			return fmt.Sprintf(":warning: %s should have begun %s, and drover was not running. It %s, and does not run before: %s", name, when(o.StartsAt), inactive, does)
		}
		return fmt.Sprintf(":warning: %s should have begun %s, and drover was not running. Shall it run now? %s", name, when(o.StartsAt), does)
	case store.OccurrenceSkipped:
		return fmt.Sprintf(":no_entry_sign: %s of %s is skipped%s", name, when(o.StartsAt), o.because())
	case store.OccurrenceMissed, store.OccurrenceRefused:
		return fmt.Sprintf(":no_entry_sign: %s of %s was not run%s", name, when(o.StartsAt), o.because())
	case store.OccurrenceDone:
		return fmt.Sprintf(":white_check_mark: %s of %s is done: %s", name, when(o.StartsAt), o.numbers())
	}
	text := fmt.Sprintf(":hourglass_flowing_sand: %s has begun: %s", name, o.numbers())
	if o.DecidedBy != "" && !o.BeginsAt.After(o.StartsAt.Time) {
		text += " · at once, by " + person(o.DecidedBy)
	}
	return text
}

// because says why an occurrence was not run, and who said so.
func (o occasion) because() string {
	var parts []string
	if o.Reason != "" {
		parts = append(parts, ": "+escape(oneLine(o.Reason)))
	}
	if o.DecidedBy != "" && o.DecidedBy != store.Drover && o.State == store.OccurrenceSkipped {
		parts = append(parts, " · by "+person(o.DecidedBy))
	}
	return strings.Join(parts, "")
}

// does is what a schedule does, and where: update on tag:prod.
func (o occasion) does() string {
	text := fmt.Sprintf("*%s* on %s", escape(o.schedule.Action), code(clip(o.schedule.Selector, 300)))
	if o.schedule.Reboot == store.RebootIfRequired {
		text += ", then a reboot where it is required"
	}
	return text
}

// numbers are the runs of an occurrence.
func (o occasion) numbers() string {
	var numbers []string
	for _, run := range o.runs {
		numbers = append(numbers, fmt.Sprintf("#%d", run.Number))
	}
	return strings.Join(numbers, " ")
}

// window tells of the window: when it closes, from when on nothing begins, and by which clock.
func (o occasion) window() string {
	text := "open until " + when(o.EndsAt)
	if o.CutoffAt.Before(o.EndsAt.Time) {
		text += " · nothing begins after " + when(o.CutoffAt)
	}
	if o.State == store.OccurrenceAnnounced && o.Reason != "" { // its time has come, and it waits
		text = escape(oneLine(o.Reason)) + " · " + text
	}
	return text + " · " + escape(o.schedule.Timezone) + " · as " + person(o.schedule.Owner)
}

// buttons are what can be decided now.
func (o occasion) buttons() []slack.BlockElement {
	var buttons []slack.BlockElement
	skip := confirmed(buttonSkip, o.ID, "Skip tonight", slack.StyleDefault, "Skip this time?", "Nothing is run. The next time is as planned.")
	run := confirmed(buttonRunNow, o.ID, "Run now", slack.StylePrimary, "Run it now?", clip(fmt.Sprintf("%s on %s begins at once.", o.schedule.Action, o.schedule.Selector), 300))
	switch o.State {
	case store.OccurrenceAsked:
		buttons = []slack.BlockElement{run, skip}
	case store.OccurrenceAnnounced:
		buttons = []slack.BlockElement{skip}
		if o.DecidedBy == "" && o.BeginsAt.Add(time.Hour).Before(o.CutoffAt.Time) {
			buttons = append(buttons, confirmed(buttonDelay, o.ID, "Delay 1 h", slack.StyleDefault, "Begin an hour later?", "The window closes when it was to."))
		}
		buttons = append(buttons, run)
	}
	if o.inactive != "" {
		buttons = slices.DeleteFunc(buttons, func(b slack.BlockElement) bool { return b == run })
	}
	return buttons
}
