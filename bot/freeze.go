package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"drover/executor"
)

// freeze keeps every change off servers: `freeze tag:prod until Mon 08:00 because launch`. Without words it lists the
// freezes.
func (b *Bot) freeze(ctx context.Context, c command, words []string, reason string) (string, error) {
	if _, err := b.viewer(ctx, c); err != nil {
		return "", err
	}
	if len(words) == 0 {
		return b.freezes(ctx)
	}
	request, err := executor.ParseFreeze(words, b.store.Now().Time, b.clockOf(ctx, c))
	if err != nil {
		return "", err
	}
	request.Actor, request.Reason = c.actor, clip(reason, maxReason)
	if request.Channel, err = b.lockChannel(ctx, c); err != nil {
		return "", err
	}
	if again, err := b.store.Receive(ctx, c.key); err != nil || again {
		return "", err
	}
	f, busy, err := b.engine.Freeze(ctx, request)
	if err != nil {
		return "", err
	}
	lines := []string{fmt.Sprintf(":snowflake: %s is frozen until %s. %s ends it before.", code(f.Selector), when(f.Until), code("unfreeze "+f.Selector))}
	for _, run := range busy {
		lines = append(lines, fmt.Sprintf(":warning: #%d is changing %s at this moment and goes on. `cancel %d` ends it.", run.Number, code(run.Server), run.Number))
	}
	return joinLines(lines), nil
}

// clockOf is the time zone in which a person says times: theirs, or UTC where Slack does not tell it.
func (b *Bot) clockOf(ctx context.Context, c command) *time.Location {
	if zone := b.zone(ctx, c.actor); zone != nil {
		return zone
	}
	return time.UTC
}

func (b *Bot) freezes(ctx context.Context) (string, error) {
	all, err := b.store.Freezes(ctx)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "Nothing is frozen. `freeze tag:prod until Mon 08:00 because launch` keeps every change off servers.", nil
	}
	lines := []string{"*Freezes*"}
	for _, f := range all {
		lines = append(lines, fmt.Sprintf("• :snowflake: %s frozen by %s until %s because %s", code(f.Selector), person(f.CreatedBy), when(f.Until), escape(oneLine(f.Reason))))
	}
	return joinLines(lines), nil
}

func (b *Bot) unfreeze(ctx context.Context, c command, words []string, _ string) (string, error) {
	if _, err := b.viewer(ctx, c); err != nil {
		return "", err
	}
	ended, err := b.engine.Unfreeze(ctx, c.actor, words)
	if err != nil {
		return "", err
	}
	var names []string
	for _, f := range ended {
		names = append(names, code(f.Selector))
	}
	return ":sunny: Not frozen any more: " + strings.Join(names, ", ") + ".", nil
}
