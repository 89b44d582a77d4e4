package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"drover/executor"
	"drover/store"
)

// reportedDays is how far back a report goes that does not say.
const reportedDays = 7 * 24 * time.Hour

// report sums up what was run in the last days: `report`, or `report 30d`.
func (b *Bot) report(ctx context.Context, c command, words []string, _ string) (string, error) {
	if _, err := b.viewer(ctx, c); err != nil {
		return "", err
	}
	span := store.Span(reportedDays)
	if len(words) > 0 {
		var err error
		if span, err = store.ParseSpan(words[0]); err != nil || len(words) > 1 || span <= 0 {
			return "", &executor.Refusal{Text: "Say how far back the report goes, for example `report 30d`."}
		}
	}
	report, err := b.store.Report(ctx, b.store.Now().Add(-time.Duration(span)))
	if err != nil {
		return "", err
	}
	lines := []string{fmt.Sprintf("*Report* since %s", when(report.Since))}
	for _, a := range report.Actions {
		lines = append(lines, "• "+countLine(a))
	}
	if len(report.Actions) == 0 {
		lines = append(lines, "Nothing was run.")
	}
	if len(report.Urgent) > 0 {
		lines = append(lines, "*Break-glass*")
	}
	for _, run := range report.Urgent {
		review := ":warning: nobody has looked at it yet"
		if run.ReviewedAt != nil {
			review = "reviewed by " + reviewer(run)
		}
		lines = append(lines, fmt.Sprintf("• #%d %s · %s · %s · because %s · %s", run.Number, headline(run), who(run), when(run.CreatedAt), escape(clip(oneLine(run.Reason), 200)), review))
	}
	return joinLines(lines), nil
}

// countLine tells how the runs of an action ended; what did not occur is left out.
func countLine(a store.RunCount) string {
	line := fmt.Sprintf("%s %d on %d servers", code(a.Action), a.Runs, a.Servers)
	if a.Servers == 1 {
		line = strings.TrimSuffix(line, "s")
	}
	for _, part := range []struct {
		n    int
		word string
	}{{a.Succeeded, "succeeded"}, {a.Partial, "only in part"}, {a.Failed, "failed"}, {a.Others(), "denied, expired, cancelled or interrupted"}, {a.Open, "not over yet"}} {
		if part.n > 0 {
			line += fmt.Sprintf(" · %d %s", part.n, part.word)
		}
	}
	return line
}
