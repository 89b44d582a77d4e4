package bot

import (
	"context"
	"fmt"
	"time"

	"drover/store"
)

// comingLines are the next times of a schedule, each with what became of it by now.
func (b *Bot) comingLines(ctx context.Context, c command, s store.Schedule) ([]string, error) {
	coming, err := b.schedules.Coming(ctx, s, openingsShown)
	if err != nil {
		return nil, err
	}
	return b.timeLines(ctx, c, s.Window, coming)
}

// openingLines are the coming times of a window that no schedule has yet.
func (b *Bot) openingLines(ctx context.Context, c command, w store.Window) ([]string, error) {
	openings, err := b.schedules.Openings(w, openingsShown)
	if err != nil {
		return nil, err
	}
	var coming []store.Coming
	for _, o := range openings {
		coming = append(coming, store.Coming{Opening: o})
	}
	return b.timeLines(ctx, c, w, coming)
}

// timeLines are times by the clock of a window and by that of the person.
func (b *Bot) timeLines(ctx context.Context, c command, w store.Window, coming []store.Coming) ([]string, error) {
	if len(coming) == 0 {
		return []string{"• never any more"}, nil
	}
	zone, err := time.LoadLocation(w.Timezone)
	if err != nil {
		return nil, fmt.Errorf("read the time zone of a window: %w", err)
	}
	own := b.zone(ctx, c.actor)
	var lines []string
	for _, o := range coming {
		line := "• " + o.At.In(zone).Format("Mon 2 Jan 2006, 15:04 MST")
		if own != nil && own.String() != zone.String() {
			line += " · for you " + o.At.In(own).Format("Mon 15:04 MST")
		}
		if what, by := o.Fate(zone); what != "" {
			line += " · " + escape(clip(oneLine(what), 200)) + byWhom(by)
		}
		if o.Note != "" {
			line += " · " + escape(o.Note)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// byWhom names who decided something; nobody where drover itself did.
func byWhom(actor store.Actor) string {
	if actor == "" || actor == store.Drover {
		return ""
	}
	return " by " + person(actor)
}

// heldLines say what keeps a schedule from running at all, and what helps.
func (b *Bot) heldLines(ctx context.Context, s store.Schedule) ([]string, error) {
	var lines []string
	if s.PausedAt != nil {
		lines = append(lines, fmt.Sprintf("It is %s. %s ends that.", paused(s, 500), code("schedule resume "+s.Name)))
	}
	inactive, err := b.inactiveLines(ctx, s)
	return append(lines, inactive...), err
}

// inactiveLines say that a schedule does not run as its approvals stand, if so.
func (b *Bot) inactiveLines(ctx context.Context, s store.Schedule) ([]string, error) {
	inactive, err := b.engine.Inactive(ctx, s)
	if err != nil || inactive == "" {
		return nil, err
	}
	return []string{fmt.Sprintf("It %s, and does not run before.", escape(clip(oneLine(inactive), 500)))}, nil
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
