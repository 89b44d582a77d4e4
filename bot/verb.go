package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"drover/executor"
	"drover/store"
)

// verb answers one of the words that are drover's own, in private.
type verb func(b *Bot, ctx context.Context, c command, words []string, reason string) (string, error)

// verbs are the words that this version understands besides the names of actions.
var verbs = map[string]verb{
	"help":     (*Bot).help,
	"list":     (*Bot).list,
	"show":     (*Bot).show,
	"actions":  (*Bot).actions,
	"audit":    (*Bot).audit,
	"preview":  (*Bot).preview,
	"history":  (*Bot).history,
	"report":   (*Bot).report,
	"run":      (*Bot).run,
	"cancel":   (*Bot).cancel,
	"retry":    (*Bot).retry,
	"approve":  (*Bot).approve,
	"deny":     (*Bot).deny,
	"pending":  (*Bot).pending,
	"trust":    (*Bot).trust,
	"lock":     (*Bot).lock,
	"freeze":   (*Bot).freeze,
	"unfreeze": (*Bot).unfreeze,
	"unlock":   (*Bot).unlock,
	"can":      (*Bot).can,
	"user":     (*Bot).user,
	"schedule": (*Bot).schedule,
}

// maxLines keeps a private answer far below the 20 KiB from which Slack drops an ack.
const maxLines = 50

// viewer refuses whoever may not even look.
func (b *Bot) viewer(ctx context.Context, c command) (executor.Rights, error) {
	rights, err := b.engine.Rights(ctx, c.actor)
	if err != nil {
		return rights, err
	}
	if rights.Has(store.Viewer) {
		return rights, nil
	}
	text := "You have no role in drover. An admin can give you one: `drover user grant %s viewer`."
	if rights.Any() {
		text = "That needs the role viewer. An admin can give it to you: `drover user grant %s viewer`."
	}
	_, id, _ := c.actor.Slack()
	return rights, &executor.Refusal{Kind: executor.Policy, Text: fmt.Sprintf(text, id)}
}

// insider refuses whoever has no role at all.
func (b *Bot) insider(ctx context.Context, c command) (executor.Rights, error) {
	rights, err := b.engine.Rights(ctx, c.actor)
	if err == nil && !rights.Any() {
		return b.viewer(ctx, c)
	}
	return rights, err
}

func (b *Bot) list(ctx context.Context, c command, _ []string, _ string) (string, error) {
	if _, err := b.viewer(ctx, c); err != nil {
		return "", err
	}
	servers, err := b.store.Servers(ctx)
	if err != nil {
		return "", err
	}
	if len(servers) == 0 {
		return "There are no servers yet. An admin adds one: `drover server add web1 --address HOST`.", nil
	}
	holds, err := b.engine.Holds(ctx, servers)
	if err != nil {
		return "", err
	}
	held := map[string]string{}
	for _, h := range holds {
		for _, name := range h.Servers {
			held[name] += " " + holdIcon(h.Kind)
		}
	}
	lines := []string{fmt.Sprintf("*%d servers*", len(servers))}
	for _, server := range servers {
		lines = append(lines, serverLine(server)+held[server.Name])
	}
	return joinLines(lines), nil
}

func serverLine(s store.Server) string {
	line := "• " + code(s.Name)
	for _, tag := range s.Tags {
		line += " tag:" + escape(tag)
	}
	if s.HostAt != nil {
		line += " · " + escape(oneLine(s.Host.String()))
	}
	switch {
	case s.DisabledReason != "":
		line += " · disabled: " + escape(oneLine(s.DisabledReason))
	case len(s.HostKeys) == 0:
		line += " · host key not trusted yet"
	}
	return line
}

// joinLines cuts a long list, and says so.
func joinLines(lines []string) string {
	if len(lines) > maxLines {
		rest := len(lines) - maxLines
		lines = append(lines[:maxLines:maxLines], fmt.Sprintf("… and %d more", rest))
	}
	return strings.Join(lines, "\n")
}

// show tells of a server, an action or, by its number, a run.
func (b *Bot) show(ctx context.Context, c command, words []string, _ string) (string, error) {
	if len(words) == 1 {
		if number, ok := runNumber(words[0]); ok {
			return b.showNumbered(ctx, c, number)
		}
	}
	if _, err := b.viewer(ctx, c); err != nil {
		return "", err
	}
	if len(words) != 1 {
		return "", &executor.Refusal{Text: "Say what to show: a server's name or a run's number, for example `show 42`."}
	}
	server, err := b.engine.FindServer(ctx, strings.ToLower(words[0]))
	if err != nil {
		return "", err
	}
	holds, err := b.engine.Holds(ctx, []store.Server{server})
	if err != nil {
		return "", err
	}
	lines := []string{showServer(server)}
	for _, h := range holds {
		lines = append(lines, holdLine(h))
	}
	return strings.Join(lines, "\n"), nil
}

// showNumbered tells of a run to viewers, and to those whom it concerns: who asked for it, and who may approve it.
func (b *Bot) showNumbered(ctx context.Context, c command, number int) (string, error) {
	rights, err := b.insider(ctx, c)
	if err != nil {
		return "", err
	}
	run, err := b.runNumbered(ctx, number)
	if err != nil {
		return "", err
	}
	if rights.Has(store.Viewer) {
		return showRun(run), nil
	}
	concerned, err := b.concerns(ctx, c.actor, run)
	if err != nil {
		return "", err
	}
	if !concerned {
		_, err := b.viewer(ctx, c)
		return "", err
	}
	return showRun(run), nil
}

// concerns says whether a run is somebody's own, or one that they approved, denied, or may decide about.
func (b *Bot) concerns(ctx context.Context, actor store.Actor, run store.Run) (bool, error) {
	if actor == run.RequestedBy || slices.ContainsFunc(run.Approvals, func(a store.Approval) bool { return a.Actor == actor }) {
		return true, nil
	}
	if run.ApprovalsNeeded == 0 && !run.Urgent {
		return false, nil
	}
	return b.engine.MayStillDecide(ctx, actor, run)
}

func (b *Bot) actions(ctx context.Context, c command, words []string, _ string) (string, error) {
	if _, err := b.viewer(ctx, c); err != nil {
		return "", err
	}
	if len(words) > 0 {
		entry, err := b.engine.FindAction(ctx, strings.ToLower(words[0]))
		if err != nil {
			return "", err
		}
		return showAction(entry)
	}
	entries, err := b.store.Actions(ctx)
	if err != nil {
		return "", err
	}
	lines := []string{"*Actions*"}
	for _, entry := range entries {
		definition, err := executor.Definition(entry)
		if err != nil {
			b.log.Error("an action of the whitelist cannot be read", "error", err)
			continue
		}
		lines = append(lines, "• "+actionLine(definition)+" · "+definition.Role)
	}
	return joinLines(lines), nil
}

func (b *Bot) history(ctx context.Context, c command, _ []string, _ string) (string, error) {
	if _, err := b.viewer(ctx, c); err != nil {
		return "", err
	}
	runs, err := b.store.Runs(ctx, 10)
	if err != nil {
		return "", err
	}
	if len(runs) == 0 {
		return "Nothing has been run yet.", nil
	}
	lines := []string{"*The last runs*"}
	for _, run := range runs {
		lines = append(lines, fmt.Sprintf("%s #%d %s · %s · %s", runIcon(run.State), run.Number, headline(run), who(run), when(run.CreatedAt)))
	}
	return strings.Join(lines, "\n"), nil
}

// run is the long form of typing an action's name first.
func (b *Bot) run(ctx context.Context, c command, words []string, reason string) (string, error) {
	if len(words) == 0 {
		return "", &executor.Refusal{Text: "Say what to run and where, for example `run update web1`."}
	}
	return b.submit(ctx, c, words, reason)
}

func (b *Bot) cancel(ctx context.Context, c command, words []string, _ string) (string, error) {
	run, err := b.namedRun(ctx, c, words)
	if err != nil {
		return "", err
	}
	if err := b.engine.Cancel(ctx, c.actor, run, c.key); err != nil {
		return "", err
	}
	return fmt.Sprintf("#%d is being cancelled. Its card tells what became of each server.", run.Number), nil
}

func (b *Bot) retry(ctx context.Context, c command, words []string, _ string) (string, error) {
	run, err := b.namedRun(ctx, c, words)
	if err != nil {
		return "", err
	}
	channel, private, err := b.cardChannel(ctx, c)
	if err != nil {
		return "", err
	}
	again, err := b.engine.Retry(ctx, run, executor.Request{Actor: c.actor, Origin: c.origin, InboxKey: c.key, Channel: channel, Private: private})
	if err != nil {
		return "", err
	}
	return elsewhere(again, channel), nil
}

// namedRun is the run whose number is the only word. What somebody may do with it is for the engine to say.
func (b *Bot) namedRun(ctx context.Context, c command, words []string) (store.Run, error) {
	if _, err := b.insider(ctx, c); err != nil {
		return store.Run{}, err
	}
	if len(words) == 1 {
		if number, ok := runNumber(words[0]); ok {
			return b.runNumbered(ctx, number)
		}
	}
	return store.Run{}, &executor.Refusal{Text: "Say which run by its number, for example `42`. `history` shows the last ones."}
}

func (b *Bot) runNumbered(ctx context.Context, number int) (store.Run, error) {
	run, err := b.store.RunNumbered(ctx, number)
	if errors.Is(err, store.ErrNotFound) {
		return run, &executor.Refusal{Text: fmt.Sprintf("There is no run #%d. `history` shows the last ones.", number)}
	}
	return run, err
}

func runNumber(word string) (int, bool) {
	number, err := strconv.Atoi(strings.TrimPrefix(word, "#"))
	return number, err == nil && number > 0
}
