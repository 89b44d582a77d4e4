package bot

import (
	"context"
	"fmt"
	"strings"

	"drover/executor"
	"drover/store"
)

// lock keeps everybody else's changes off servers: `lock db1 2h because migration`. Without words it lists the locks.
func (b *Bot) lock(ctx context.Context, c command, words []string, reason string) (string, error) {
	if _, err := b.viewer(ctx, c); err != nil {
		return "", err
	}
	if len(words) == 0 {
		return b.locks(ctx)
	}
	request, err := executor.ParseLock(words)
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
	locks, busy, err := b.engine.Lock(ctx, request)
	if err != nil {
		return "", err
	}
	lines := []string{fmt.Sprintf(":lock: %s yours until %s. %s ends it before.",
		serversAre(locks), when(locks[0].Until), code("unlock "+strings.Join(request.Selector, " ")))}
	for _, run := range busy {
		lines = append(lines, fmt.Sprintf(":warning: #%d is changing %s at this moment and goes on. `cancel %d` ends it.", run.Number, code(run.Server), run.Number))
	}
	return joinLines(lines), nil
}

// lockChannel is where others hear of a lock: where it was typed, or, where nobody else reads that, DROVER_CHANNEL if
// there is one.
func (b *Bot) lockChannel(ctx context.Context, c command) (string, error) {
	channel, private, err := b.cardChannel(ctx, c)
	if err != nil || !private {
		return channel, err
	}
	team, err := b.store.Setting(ctx, store.SettingChannel)
	if team != "" {
		channel = ""
	}
	return channel, err
}

func serversAre(locks []store.Lock) string {
	if len(locks) == 1 {
		return code(locks[0].Server) + " is"
	}
	return fmt.Sprintf("%d servers are", len(locks))
}

// locks lists the locks that hold now.
func (b *Bot) locks(ctx context.Context) (string, error) {
	holds, err := b.engine.Locks(ctx)
	if err != nil {
		return "", err
	}
	if len(holds) == 0 {
		return "No server is locked. `lock db1 2h because migration` locks one.", nil
	}
	lines := []string{"*Locks*"}
	for _, h := range holds {
		lines = append(lines, "• "+holdLine(h))
	}
	return joinLines(lines), nil
}

func holdIcon(k executor.HoldKind) string {
	if k == executor.HoldFreeze {
		return ":snowflake:"
	}
	return ":lock:"
}

// holdLine is what holds servers, in one line.
func holdLine(h executor.Hold) string {
	return fmt.Sprintf("%s %s %s by %s until %s because %s",
		holdIcon(h.Kind), code(clip(executor.FoldNames(h.Servers), 300)), h.Kind.Done(), person(h.By), when(h.Until), escape(oneLine(h.Reason)))
}

func (b *Bot) unlock(ctx context.Context, c command, words []string, _ string) (string, error) {
	if _, err := b.viewer(ctx, c); err != nil {
		return "", err
	}
	if len(words) == 0 {
		return "", &executor.Refusal{Text: "Say which server, for example `unlock db1`. `lock` lists the locks."}
	}
	locks, err := b.engine.Unlock(ctx, c.actor, lower(words))
	if err != nil {
		return "", err
	}
	var names []string
	for _, l := range locks {
		names = append(names, l.Server)
	}
	return ":unlock: Unlocked " + code(executor.FoldNames(names)) + ".", nil
}

func lower(words []string) []string {
	list := make([]string, len(words))
	for i, word := range words {
		list[i] = strings.ToLower(word)
	}
	return list
}
