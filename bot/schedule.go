package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"drover/executor"
	"drover/store"
)

// Schedules is what people reach of the scheduler from Slack; scheduler.Scheduler is it.
type Schedules interface {
	Find(ctx context.Context, name string) (store.Schedule, error)
	Define(base store.Schedule, written map[string][]string) (store.Schedule, error)
	Check(ctx context.Context, actor store.Actor, schedule store.Schedule) error
	Openings(w store.Window, n int) ([]store.Opening, error)
	Coming(ctx context.Context, schedule store.Schedule, n int) ([]store.Coming, error)
	Next(ctx context.Context, schedule store.Schedule) (*store.Coming, error)

	Add(ctx context.Context, actor store.Actor, schedule store.Schedule) (store.Schedule, error)
	Edit(ctx context.Context, actor store.Actor, schedule store.Schedule) (store.Schedule, error)
	Pause(ctx context.Context, actor store.Actor, schedule store.Schedule, reason string, until *store.Time) error
	Resume(ctx context.Context, actor store.Actor, schedule store.Schedule) error
	Remove(ctx context.Context, actor store.Actor, schedule store.Schedule) error

	SkipNext(ctx context.Context, actor store.Actor, schedule store.Schedule) (store.Occurrence, error)
	DelayNext(ctx context.Context, actor store.Actor, schedule store.Schedule) (store.Occurrence, error)
	RunNext(ctx context.Context, actor store.Actor, schedule store.Schedule) (store.Occurrence, error)
	Skip(ctx context.Context, actor store.Actor, occurrence string) error
	Delay(ctx context.Context, actor store.Actor, occurrence string) error
	RunNow(ctx context.Context, actor store.Actor, occurrence string) error
}

// openingsShown is how many of the coming times are shown.
const openingsShown = 5

// scheduleVerb answers one of the words that come after schedule.
type scheduleVerb func(b *Bot, ctx context.Context, c command, words []string, reason string) (string, error)

var scheduleVerbs = map[string]scheduleVerb{
	"list":   (*Bot).scheduleList,
	"show":   (*Bot).scheduleShow,
	"next":   (*Bot).scheduleNext,
	"add":    (*Bot).scheduleAdd,
	"edit":   (*Bot).scheduleEdit,
	"pause":  (*Bot).schedulePause,
	"resume": (*Bot).scheduleResume,
	"remove": (*Bot).scheduleRemove,
	"skip":   (*Bot).scheduleSkip,
	"delay":  (*Bot).scheduleDelay,
	"run":    (*Bot).scheduleRun,
}

func (b *Bot) schedule(ctx context.Context, c command, words []string, reason string) (string, error) {
	if _, err := b.viewer(ctx, c); err != nil {
		return "", err
	}
	if len(words) == 0 {
		words = []string{"list"}
	}
	verb, ok := scheduleVerbs[strings.ToLower(words[0])]
	if !ok {
		known := slices.Sorted(maps.Keys(scheduleVerbs))
		return "", &executor.Refusal{Text: fmt.Sprintf("After `schedule` comes one of %s.%s", strings.Join(known, ", "), executor.DidYouMean(strings.ToLower(words[0]), known))}
	}
	return verb(b, ctx, c, words[1:], reason)
}

func (b *Bot) scheduleList(ctx context.Context, _ command, _ []string, _ string) (string, error) {
	all, err := b.store.Schedules(ctx)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "There are no schedules yet. An admin adds one: `schedule add nightly update tag:prod cron=\"0 2 * * *\" timezone=Europe/Berlin duration=2h`.", nil
	}
	lines := []string{fmt.Sprintf("*%d schedule%s*", len(all), plural(len(all)))}
	for _, schedule := range all {
		stands, err := b.stands(ctx, schedule)
		if err != nil {
			return "", err
		}
		lines = append(lines, fmt.Sprintf("• %s %s on %s · %s", code(schedule.Name), escape(schedule.Action), code(clip(schedule.Selector, 100)), stands))
	}
	return joinLines(lines), nil
}

// stands says in a few words when a schedule begins next, or what keeps it from it.
func (b *Bot) stands(ctx context.Context, s store.Schedule) (string, error) {
	if s.PausedAt != nil {
		return paused(s, 100), nil
	}
	inactive, err := b.engine.Inactive(ctx, s)
	if err != nil {
		return "", err
	}
	next, err := b.schedules.Next(ctx, s)
	switch {
	case err != nil:
		return "", err
	case next == nil:
		return "over", nil
	case inactive != "":
		return escape(clip(oneLine(inactive), 200)) + ", due " + when(next.BeginsAt), nil
	}
	return "next " + when(next.BeginsAt), nil
}

// paused says until when a schedule is paused, and why.
func paused(s store.Schedule, maxReason int) string {
	text := "paused"
	if s.PausedUntil != nil {
		text += " until " + when(*s.PausedUntil)
	}
	return text + ": " + escape(clip(strings.TrimSuffix(oneLine(s.PausedReason), "."), maxReason))
}

// scheduleNamed is the schedule that the first word names, and the words after it.
func (b *Bot) scheduleNamed(ctx context.Context, words []string, example string) (store.Schedule, []string, error) {
	if len(words) == 0 {
		return store.Schedule{}, nil, &executor.Refusal{Text: "Say which schedule, for example `schedule " + example + "`. `schedule list` shows all."}
	}
	schedule, err := b.schedules.Find(ctx, strings.ToLower(words[0]))
	return schedule, words[1:], err
}

func (b *Bot) scheduleShow(ctx context.Context, c command, words []string, _ string) (string, error) {
	schedule, _, err := b.scheduleNamed(ctx, words, "show nightly")
	if err != nil {
		return "", err
	}
	asked, err := b.standingLines(ctx, schedule)
	if err != nil {
		return "", err
	}
	lines := append(scheduleLines(schedule), asked...)
	next, err := b.comingLines(ctx, c, schedule)
	if err != nil {
		return "", err
	}
	lines = append(append(lines, "*Next*"), next...)
	past, err := b.store.OccurrencesOf(ctx, schedule.ID, openingsShown)
	if err != nil {
		return "", err
	}
	if len(past) > 0 {
		lines = append(lines, "*Last*")
	}
	for _, o := range past {
		line := fmt.Sprintf("• %s %s", when(o.StartsAt), o.State)
		if o.Reason != "" {
			line += ": " + escape(clip(oneLine(o.Reason), 200))
		}
		lines = append(lines, line)
	}
	return joinLines(lines), nil
}

// scheduleLines tell all that a schedule says.
func scheduleLines(s store.Schedule) []string {
	o := occasion{schedule: s}
	fields := fmt.Sprintf("cron %s", code(s.Cron))
	if s.Nth != "" {
		fields += " · nth " + code(s.Nth)
	}
	lines := []string{
		fmt.Sprintf("*%s* %s", escape(s.Name), o.does()),
		fmt.Sprintf("%s · %s · %s", fields, escape(s.Timezone), s.Window.Length()),
		fmt.Sprintf("announced %s before%s · missed: %s · revision %d, as %s", s.NotifyBefore, inChannel(s), s.Missed, s.Revision, person(s.Owner)),
	}
	if options := optionsOf(s); options != "" {
		lines = append(lines, "options "+code(options))
	}
	for name, value := range sorted(s.Params) {
		lines = append(lines, code(name+"="+clip(oneLine(value), 100)))
	}
	if s.ValidFrom != nil {
		lines = append(lines, "from "+when(*s.ValidFrom))
	}
	if s.ValidUntil != nil {
		lines = append(lines, "until "+when(*s.ValidUntil))
	}
	if s.PausedAt != nil {
		line := fmt.Sprintf(":double_vertical_bar: paused by %s %s: %s", person(s.PausedBy), when(*s.PausedAt), escape(clip(oneLine(s.PausedReason), 500)))
		if s.PausedUntil != nil {
			line += " · until " + when(*s.PausedUntil)
		}
		lines = append(lines, line)
	}
	return lines
}

// inChannel says where a schedule tells what it does; nothing where that is the common channel.
func inChannel(s store.Schedule) string {
	if s.Channel == "" {
		return ""
	}
	return " in <#" + s.Channel + ">"
}

// standingLines tell of the approvals that the revision of a schedule needs.
func (b *Bot) standingLines(ctx context.Context, s store.Schedule) ([]string, error) {
	runs, err := b.store.StandingRuns(ctx, store.Standing{ScheduleID: s.ID, Revision: s.Revision})
	if err != nil {
		return nil, err
	}
	var lines []string
	given := true
	for _, run := range runs {
		line := fmt.Sprintf("%s #%d *%s* %s", runIcon(run.State), run.Number, escape(run.Action), stateWord(run))
		if run.State == store.AwaitingApproval {
			line += ": until then the schedule does not run"
		}
		given = given && run.State == store.Succeeded
		lines = append(lines, line)
	}
	if !given {
		return lines, nil // the lines say it
	}
	inactive, err := b.inactiveLines(ctx, s)
	return append(lines, inactive...), err
}

func optionsOf(s store.Schedule) string {
	options, err := executor.ParseOptions(s.Options)
	if err != nil {
		return "" // drover wrote them itself
	}
	return options.String()
}

func (b *Bot) scheduleNext(ctx context.Context, c command, words []string, _ string) (string, error) {
	schedule, _, err := b.scheduleNamed(ctx, words, "next nightly")
	if err != nil {
		return "", err
	}
	lines, err := b.comingLines(ctx, c, schedule)
	if err != nil {
		return "", err
	}
	held, err := b.heldLines(ctx, schedule)
	if err != nil {
		return "", err
	}
	return joinLines(append(append([]string{fmt.Sprintf("*%s* begins", escape(schedule.Name))}, lines...), held...)), nil
}
