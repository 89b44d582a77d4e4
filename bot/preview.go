package bot

import (
	"context"
	"fmt"
	"strings"

	"drover/executor"
	"drover/store"
)

// maxPreviewed is how many characters of commands a preview shows.
const maxPreviewed = 800

// preview tells in private what a request would do. What its action finds out by looking comes on a card.
func (b *Bot) preview(ctx context.Context, c command, words []string, reason string) (string, error) {
	if len(words) == 0 {
		return "", &executor.Refusal{Text: "Say what to preview and where, for example `preview update web1`."}
	}
	request, err := b.request(ctx, c, words, reason)
	if err != nil {
		return "", err
	}
	p, err := b.engine.Preview(ctx, request)
	if err != nil {
		return "", err
	}
	if p.Looks {
		if _, err := b.engine.Look(ctx, request); err != nil {
			return "", err
		}
	}
	return renderPreview(p, strings.Join(append([]string{"drover preview"}, words...), " ")), nil
}

// renderPreview shows a preview: whether the one who asks may run it, how long it will take, who is in its way, and the
// plan. rest is what to type to see what does not fit.
func renderPreview(p *executor.Preview, rest string) string {
	lines := []string{fmt.Sprintf(":eyes: *Preview of %s*: nothing is changed.", escape(p.Plan.Action))}
	if p.Looks {
		lines[0] += " What it would do on each server comes on a card."
	}
	if p.Refusal != "" {
		lines = append(lines, ":no_entry_sign: "+escape(p.Refusal))
	}
	needs := "*Needs* the role " + string(p.Role)
	if p.Approvals > 0 {
		needs += fmt.Sprintf(" and %d approval", p.Approvals) + plural(p.Approvals)
		if by := p.Plan.Approval; by != nil && len(by.By) > 0 {
			needs += " of " + addressed(by.By)
		}
	}
	lines = append(lines, needs, expectation(p.Expected, len(p.Plan.Targets)))
	lines = append(lines, holders(p.Holders)...)
	lines = append(lines, lastDown(p)...)
	return strings.Join(append(lines, planText(p.Plan, code(rest), maxPreviewed)), "\n")
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func expectation(x *executor.Expected, servers int) string {
	if x == nil {
		return "*Time* not known: it has not succeeded on these servers yet"
	}
	text := "*Time* usually " + took(x.Median) + " on a server"
	if x.Slowest > x.Median {
		text += ", at most " + took(x.Slowest)
	}
	if servers > 1 {
		text += fmt.Sprintf(", about %s for all", took(x.All))
	}
	if x.Times == 1 {
		return text + " (the last time)"
	}
	return text + fmt.Sprintf(" (the last %d times)", x.Times)
}

// holders tells of other runs that have servers of a plan, each once.
func holders(list []store.Holder) []string {
	var lines []string
	servers := map[int][]string{}
	for _, h := range list {
		servers[h.Run] = append(servers[h.Run], h.Server)
	}
	for _, h := range list {
		names := servers[h.Run]
		if names == nil {
			continue
		}
		delete(servers, h.Run)
		if len(lines) == maxPlanned {
			return append(lines, fmt.Sprintf("… and %d more runs", len(servers)+1))
		}
		lines = append(lines, fmt.Sprintf("*Waits for* #%d %s by %s, which is changing %s", h.Run, escape(h.Action), person(h.By), code(clip(executor.FoldNames(names), 300))))
	}
	return lines
}

// lastDown tells when each server was rebooted or shut down for the last time.
func lastDown(p *executor.Preview) []string {
	if !p.TakesDown {
		return nil
	}
	var lines []string
	for _, past := range p.LastDown {
		if len(lines) < maxPlanned {
			lines = append(lines, fmt.Sprintf("*Last down* %s %s: #%d %s by %s", code(past.Server), when(past.FinishedAt), past.Run, escape(past.Action), person(past.By)))
		}
	}
	if more := len(p.LastDown) - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more servers before that", more))
	}
	if never := p.NeverDown(); len(never) > 0 {
		lines = append(lines, fmt.Sprintf("*Last down* %s not by drover, as far as it knows", code(clip(executor.FoldNames(never), 300))))
	}
	return lines
}
