package bot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"drover/executor"
)

const (
	// maxTurns is how many batches a plan names one by one.
	maxTurns = 6
	// maxPlanned is how many exclusions, and how many different commands, a plan shows.
	maxPlanned = 10
	// maxCommand is how many characters of a command a card shows.
	maxCommand = 2500
)

// renderPlan shows on a card what a run does: which servers, who goes when, who is left out and why, and each command
// byte for byte. rest is where to see what does not fit.
func renderPlan(plan *executor.Plan, rest string) []slack.Block {
	blocks := []slack.Block{section(strings.Join(planLines(plan), "\n"))}
	commands := plan.Commands()
	for i, c := range commands {
		if i == maxPlanned {
			return append(blocks, section(fmt.Sprintf("… and %d more commands: see %s", len(commands)-i, rest)))
		}
		head, left := headOf(c.Text, roomFor(commands))
		blocks = append(blocks, section(commandTitle(plan, c, len(commands))), preformatted(spelled(head)))
		if left > 0 {
			blocks = append(blocks, section(moreLines(left, rest)))
		}
	}
	return blocks
}

// roomFor is how many characters of each command a card shows.
func roomFor(commands []executor.PlannedCommand) int {
	return maxCommand / max(1, min(len(commands), maxPlanned))
}

// exceedsCard says whether renderPlan leaves out something of the commands.
func exceedsCard(plan *executor.Plan) bool {
	commands := plan.Commands()
	return len(commands) > maxPlanned || slices.ContainsFunc(commands, func(c executor.PlannedCommand) bool {
		_, left := headOf(c.Text, roomFor(commands))
		return left > 0
	})
}

// wholePlan is every command of a plan for a file, as renderPlan shows the first lines of them.
func wholePlan(plan *executor.Plan) string {
	var parts []string
	for _, c := range plan.Commands() {
		title := "# on " + executor.FoldNames(c.Servers)
		if plan.Sudo {
			title += " as root"
		}
		parts = append(parts, title+"\n"+spelled(c.Text)+"\n")
	}
	return strings.Join(parts, "\n")
}

// planText is renderPlan for a private answer, which is one text of at most so many characters.
func planText(plan *executor.Plan, rest string, limit int) string {
	lines := planLines(plan)
	commands := plan.Commands()
	for i, c := range commands {
		if i == maxPlanned {
			lines = append(lines, fmt.Sprintf("… and %d more commands: see %s", len(commands)-i, rest))
			break
		}
		head, left := headOf(c.Text, limit/min(len(commands), maxPlanned))
		lines = append(lines, commandTitle(plan, c, len(commands)), fenced(head))
		if left > 0 {
			lines = append(lines, moreLines(left, rest))
		}
	}
	return strings.Join(lines, "\n")
}

func commandTitle(plan *executor.Plan, c executor.PlannedCommand, commands int) string {
	title := "*Command*"
	if plan.Sudo {
		title += " as root"
	}
	if commands > 1 {
		title += " on " + code(clip(executor.FoldNames(c.Servers), 300))
	}
	return title
}

func moreLines(left int, rest string) string {
	return fmt.Sprintf("… and %d more lines: see %s", left, rest)
}

// headOf keeps the first lines of a text, at least a part of one, and counts those that are left.
func headOf(text string, limit int) (head string, left int) {
	runes := []rune(text)
	if len(runes) <= limit {
		return text, 0
	}
	head = string(runes[:limit])
	if at := strings.LastIndexByte(head, '\n'); at > 0 {
		head = head[:at]
	}
	return head, strings.Count(text[len(head):], "\n") + 1
}

// planLines tells of a plan in words.
func planLines(plan *executor.Plan) []string {
	var servers []string
	for _, t := range plan.Targets {
		servers = append(servers, t.Server)
	}
	lines := []string{fmt.Sprintf("*Servers* (%d) %s", len(servers), code(clip(executor.FoldNames(servers), 600)))}
	batches := plan.Batches()
	if words := plan.Options.InWords(batches); words != "" {
		lines = append(lines, "*Order* "+escape(clip(words, 600)))
	}
	if len(batches) > 1 {
		lines = append(lines, turns(batches))
	}
	for i, h := range plan.Holds {
		if i == maxPlanned {
			lines = append(lines, fmt.Sprintf("… and %d more locks and freezes", len(plan.Holds)-i))
			break
		}
		lines = append(lines, holdLine(h))
	}
	return append(lines, exclusions(plan.Excluded)...)
}

// turns shows who goes after whom; of many, the first ones and the last.
func turns(batches []executor.Batch) string {
	var parts []string
	for i, b := range batches {
		if len(batches) > maxTurns && i == maxTurns-2 {
			parts = append(parts, "…")
		}
		if len(batches) > maxTurns && i >= maxTurns-2 && i < len(batches)-1 {
			continue
		}
		parts = append(parts, code(clip(executor.FoldNames(b.Servers), 200)))
	}
	return strings.Join(parts, " → ")
}
