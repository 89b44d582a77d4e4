package bot

import (
	"context"
	"errors"
	"fmt"

	"github.com/slack-go/slack"

	"drover/executor"
	"drover/store"
)

// clickedSchedule does what a button on a message of an occurrence is for.
func (b *Bot) clickedSchedule(ctx context.Context, c command, i slack.InteractionCallback, occurrence string, press pressSchedule) error {
	if err := b.clickedOurs(ctx, c, i, occurrence); err != nil {
		return err
	}
	err := press(b, ctx, c, occurrence)
	if errors.Is(err, store.ErrNotFound) { // it is a run's
		return foreign()
	}
	return err
}

type pressSchedule func(b *Bot, ctx context.Context, c command, occurrence string) error

// scheduleButtons are the buttons on the messages of an occurrence.
var scheduleButtons = map[string]pressSchedule{
	buttonSkip: func(b *Bot, ctx context.Context, c command, id string) error {
		return b.schedules.Skip(ctx, c.actor, id)
	},
	buttonDelay: func(b *Bot, ctx context.Context, c command, id string) error {
		return b.schedules.Delay(ctx, c.actor, id)
	},
	buttonRunNow: func(b *Bot, ctx context.Context, c command, id string) error {
		return b.schedules.RunNow(ctx, c.actor, id)
	},
	buttonReboot: (*Bot).askForReboot,
}

// askForReboot asks for the reboot of what a report says needs one, and was not rebooted since.
func (b *Bot) askForReboot(ctx context.Context, c command, id string) error {
	o, err := b.store.Occurrence(ctx, id)
	if err != nil {
		return err
	}
	schedule, err := b.store.Schedule(ctx, o.ScheduleID)
	if err != nil {
		return err
	}
	runs, err := b.store.RunsOf(ctx, id)
	if err != nil {
		return err
	}
	restarts, err := b.store.LastRestarts(ctx)
	if err != nil {
		return err
	}
	channel, private, err := b.cardChannel(ctx, c)
	if err != nil {
		return err
	}
	request := executor.Request{Actor: c.actor, Action: executor.RebootAction, Origin: c.origin, InboxKey: c.key, Channel: channel, Private: private, Inherited: true}
	if len(runs) > 0 {
		for _, t := range (occasion{runs: runs}).needReboot() {
			if restart, ok := restarts[t.ServerID]; !ok || restart.At.Before(t.FinishedAt.Time) {
				request.Selector = append(request.Selector, t.Server)
			}
		}
		request.Reason = fmt.Sprintf("required since #%d", runs[0].Number)
	}
	if len(request.Selector) == 0 {
		return &executor.Refusal{Text: "None of them needs a reboot any more: they were rebooted since."}
	}
	night, err := executor.ScheduledRequest(schedule)
	if err != nil {
		return err
	}
	request.Options = executor.ScheduledReboot(night).Options
	_, err = b.engine.Submit(ctx, request)
	return err
}
