package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"drover/executor"
	"drover/store"
)

// Schedules is what people reach of the scheduler from Slack; scheduler.Scheduler is it.
type Schedules interface {
	Find(ctx context.Context, name string) (store.Schedule, error)
	Define(base store.Schedule, written map[string][]string) (store.Schedule, error)
	Check(ctx context.Context, actor store.Actor, schedule store.Schedule) error
	Openings(w store.Window, n int) ([]store.Opening, error)

	Add(ctx context.Context, actor store.Actor, schedule store.Schedule) (store.Schedule, error)
	Edit(ctx context.Context, actor store.Actor, schedule store.Schedule) (store.Schedule, error)
	Pause(ctx context.Context, actor store.Actor, schedule store.Schedule, reason string, until *store.Time) error
	Resume(ctx context.Context, actor store.Actor, schedule store.Schedule) error
	Remove(ctx context.Context, actor store.Actor, schedule store.Schedule) error

	SkipNext(ctx context.Context, actor store.Actor, schedule store.Schedule) (store.Occurrence, error)
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
	lines := []string{fmt.Sprintf("*%d schedules*", len(all))}
	for _, schedule := range all {
		line := fmt.Sprintf("• %s %s on %s", code(schedule.Name), escape(schedule.Action), code(clip(schedule.Selector, 100)))
		openings, err := b.schedules.Openings(schedule.Window, 1)
		switch {
		case err != nil:
			return "", err
		case schedule.PausedAt != nil:
			line += " · paused: " + escape(clip(oneLine(schedule.PausedReason), 100))
		case len(openings) == 0:
			line += " · over"
		default:
			line += " · next " + when(openings[0].At)
		}
		lines = append(lines, line)
	}
	return joinLines(lines), nil
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
	next, err := b.openingLines(ctx, c, schedule.Window)
	if err != nil {
		return "", err
	}
	lines = append(lines, "*Next*")
	lines = append(lines, next...)
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
	for _, run := range runs {
		line := fmt.Sprintf("%s #%d *%s* %s", runIcon(run.State), run.Number, escape(run.Action), stateWord(run))
		if run.State == store.AwaitingApproval {
			line += ": until then the schedule does not run"
		}
		lines = append(lines, line)
	}
	return lines, nil
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
	lines, err := b.openingLines(ctx, c, schedule.Window)
	if err != nil {
		return "", err
	}
	if schedule.PausedAt != nil {
		lines = append(lines, fmt.Sprintf("It is paused, and begins at none of them before %s.", code("schedule resume "+schedule.Name)))
	}
	return fmt.Sprintf("*%s* begins\n%s", escape(schedule.Name), strings.Join(lines, "\n")), nil
}

// openingLines are the coming times of a window by its own clock and by that of the person.
func (b *Bot) openingLines(ctx context.Context, c command, w store.Window) ([]string, error) {
	openings, err := b.schedules.Openings(w, openingsShown)
	if err != nil {
		return nil, err
	}
	if len(openings) == 0 {
		return []string{"• never any more"}, nil
	}
	zone, err := time.LoadLocation(w.Timezone)
	if err != nil {
		return nil, fmt.Errorf("read the time zone of a window: %w", err)
	}
	own := b.zone(ctx, c.actor)
	var lines []string
	for _, o := range openings {
		line := "• " + o.At.In(zone).Format("Mon 2 Jan 2006, 15:04 MST")
		if own != nil && own.String() != zone.String() {
			line += " · for you " + o.At.In(own).Format("Mon 15:04 MST")
		}
		if o.Note != "" {
			line += " · " + escape(o.Note)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// zone is the time zone in which a person reads times, as Slack tells it; nil when it is not known.
func (b *Bot) zone(ctx context.Context, actor store.Actor) *time.Location {
	team, id, _ := actor.Slack()
	user, err := b.store.User(ctx, team, id)
	if err != nil || user.Timezone == "" {
		return nil
	}
	zone, err := time.LoadLocation(user.Timezone)
	if err != nil {
		return nil
	}
	return zone
}
