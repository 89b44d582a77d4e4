package bot

import (
	"context"
	"fmt"
	"strings"

	"drover/executor"
	"drover/store"
)

// saveWord is what has to be typed for a schedule to be kept: without it, it is only shown.
const saveWord = "save=yes"

func (b *Bot) scheduleAdd(ctx context.Context, c command, words []string, reason string) (string, error) {
	if err := withoutReason(reason); err != nil {
		return "", err
	}
	if len(words) == 0 {
		return "", &executor.Refusal{Text: "Say its name, what it does and when, for example `schedule add nightly update tag:prod cron=\"0 2 * * *\" timezone=Europe/Berlin duration=2h`."}
	}
	channel, err := b.scheduleChannel(ctx, c)
	if err != nil {
		return "", err
	}
	return b.scheduleSave(ctx, c, store.Schedule{Name: strings.ToLower(words[0]), Channel: channel}, words[1:], b.schedules.Add)
}

// withoutReason refuses a reason where there is none to say: it would take in all that comes after it, and saveWord.
func withoutReason(reason string) error {
	if reason == "" {
		return nil
	}
	return &executor.Refusal{Text: "A schedule has no reason: leave out `because` and what comes after it. Nothing was saved."}
}

// scheduleChannel is where a schedule tells what it does when it is not told where: empty for DROVER_CHANNEL and, without
// one, where it was typed, if others read that.
func (b *Bot) scheduleChannel(ctx context.Context, c command) (string, error) {
	common, err := b.store.Setting(ctx, store.SettingChannel)
	if err != nil || common != "" {
		return "", err
	}
	channel, private, err := b.cardChannel(ctx, c)
	if err != nil || private {
		return "", err
	}
	return channel, nil
}

func (b *Bot) scheduleEdit(ctx context.Context, c command, words []string, reason string) (string, error) {
	if err := withoutReason(reason); err != nil {
		return "", err
	}
	schedule, words, err := b.scheduleNamed(ctx, words, "edit nightly duration=3h")
	if err != nil {
		return "", err
	}
	return b.scheduleSave(ctx, c, schedule, words, b.schedules.Edit)
}

type saveSchedule func(context.Context, store.Actor, store.Schedule) (store.Schedule, error)

// scheduleSave shows what a schedule would do and when, and keeps it when it is told to.
func (b *Bot) scheduleSave(ctx context.Context, c command, base store.Schedule, words []string, save saveSchedule) (string, error) {
	settings, confirmed := scheduleSettings(words)
	schedule, err := b.schedules.Define(base, settings)
	if err != nil {
		return "", err
	}
	if err := b.schedules.Check(ctx, c.actor, schedule); err != nil {
		return "", b.engine.AuditRefusal(ctx, c.actor, "schedule/"+schedule.Name, err)
	}
	next, err := b.openingLines(ctx, c, schedule.Window)
	if err != nil {
		return "", err
	}
	last := "*Nothing is saved yet.* If that is what you mean, send it once more with " + code(saveWord) + " at its end."
	if confirmed {
		again, err := b.store.Receive(ctx, c.key)
		if err != nil || again {
			return "", err
		}
		if schedule, err = save(ctx, c.actor, schedule); err != nil {
			return "", err
		}
		last = fmt.Sprintf(":white_check_mark: %s is saved, as revision %d. It runs with your rights.", code(schedule.Name), schedule.Revision)
		asked, err := b.standingLines(ctx, schedule)
		if err != nil {
			return "", err
		}
		last = strings.Join(append([]string{last}, asked...), "\n")
	}
	if !confirmed {
		schedule.Owner, schedule.Revision = c.actor, base.Revision+1
	}
	lines := append(scheduleLines(schedule), "*Next*")
	return strings.Join(append(append(lines, next...), last), "\n"), nil
}

// scheduleSettings reads the words that say what a schedule does: an action, targets, and name=value.
func scheduleSettings(words []string) (settings map[string][]string, confirmed bool) {
	settings = map[string][]string{}
	for _, word := range words {
		name, value, assigned := strings.Cut(word, "=")
		switch {
		case strings.EqualFold(word, saveWord):
			confirmed = true
		case assigned:
			settings[strings.ToLower(name)] = append(settings[strings.ToLower(name)], value)
		case settings["action"] == nil:
			settings["action"] = []string{word}
		default:
			settings["target"] = append(settings["target"], word)
		}
	}
	return settings, confirmed
}

func (b *Bot) schedulePause(ctx context.Context, c command, words []string, reason string) (string, error) {
	schedule, words, err := b.scheduleNamed(ctx, words, "pause nightly until Mon 08:00 because holidays")
	if err != nil {
		return "", err
	}
	var until *store.Time
	text := ""
	if len(words) > 0 {
		at, err := b.until(ctx, c, words)
		if err != nil {
			return "", err
		}
		until, text = &at, " until "+when(at)
	}
	if err := b.schedules.Pause(ctx, c.actor, schedule, clip(reason, maxReason), until); err != nil {
		return "", err
	}
	return fmt.Sprintf(":double_vertical_bar: %s is paused%s. What runs goes on; what was announced is skipped.", code(schedule.Name), text), nil
}

// until reads the words after until, by the clock of who typed them.
func (b *Bot) until(ctx context.Context, c command, words []string) (store.Time, error) {
	if strings.EqualFold(words[0], "until") {
		words = words[1:]
	}
	return executor.Until(words, b.store.Now().Time, b.clockOf(ctx, c))
}

func (b *Bot) scheduleResume(ctx context.Context, c command, words []string, _ string) (string, error) {
	schedule, _, err := b.scheduleNamed(ctx, words, "resume nightly")
	if err != nil {
		return "", err
	}
	if err := b.schedules.Resume(ctx, c.actor, schedule); err != nil {
		return "", err
	}
	if schedule, err = b.schedules.Find(ctx, schedule.Name); err != nil {
		return "", err
	}
	next, err := b.comingLines(ctx, c, schedule)
	if err != nil {
		return "", err
	}
	held, err := b.heldLines(ctx, schedule)
	return joinLines(append(append([]string{code(schedule.Name) + " runs again:"}, next...), held...)), err
}

func (b *Bot) scheduleRemove(ctx context.Context, c command, words []string, _ string) (string, error) {
	schedule, _, err := b.scheduleNamed(ctx, words, "remove nightly")
	if err != nil {
		return "", err
	}
	if err := b.schedules.Remove(ctx, c.actor, schedule); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is removed. Its history stays.", code(schedule.Name)), nil
}

func (b *Bot) scheduleSkip(ctx context.Context, c command, words []string, _ string) (string, error) {
	schedule, _, err := b.scheduleNamed(ctx, words, "skip nightly")
	if err != nil {
		return "", err
	}
	o, err := b.schedules.SkipNext(ctx, c.actor, schedule)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is skipped %s. The time after it is as planned.", code(schedule.Name), when(o.StartsAt)), nil
}

func (b *Bot) scheduleDelay(ctx context.Context, c command, words []string, _ string) (string, error) {
	schedule, _, err := b.scheduleNamed(ctx, words, "delay nightly")
	if err != nil {
		return "", err
	}
	o, err := b.schedules.DelayNext(ctx, c.actor, schedule)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s begins an hour later, %s. Its window closes when it was to.", code(schedule.Name), when(o.BeginsAt)), nil
}

func (b *Bot) scheduleRun(ctx context.Context, c command, words []string, _ string) (string, error) {
	schedule, _, err := b.scheduleNamed(ctx, words, "run nightly")
	if err != nil {
		return "", err
	}
	again, err := b.store.Receive(ctx, c.key)
	if err != nil || again {
		return "", err
	}
	if _, err := b.schedules.RunNext(ctx, c.actor, schedule); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s begins. Its card tells what becomes of it.", code(schedule.Name)), nil
}
