package bot

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"drover/executor"
	"drover/store"
)

// auditLines is how many entries an answer shows.
const auditLines = 20

// audit tells an admin of everything the last entries of the audit log: all, or those about a server, a person or a run.
func (b *Bot) audit(ctx context.Context, c command, words []string, _ string) (string, error) {
	rights, err := b.engine.Rights(ctx, c.actor)
	if err != nil {
		return "", err
	}
	if ok, why := rights.MayConfigure("audit"); !ok { // it tells of everything, not of some servers
		return "", &executor.Refusal{Kind: executor.Policy, Text: fmt.Sprintf("The audit log is for admins of everything: %s. `history` shows the last runs.", why)}
	}
	if len(words) > 1 {
		return "", &executor.Refusal{Text: "Say one server, person or run, for example `audit web1`, or nothing for all."}
	}
	var filter store.AuditFilter
	about := ""
	if len(words) == 1 {
		about = words[0]
		filter = b.auditFilter(about)
	}
	entries, err := b.store.AuditTail(ctx, filter, auditLines)
	if err != nil {
		return "", err
	}
	if len(entries) == 0 {
		return "The audit log has nothing about " + code(about) + ".", nil
	}
	chronicle := executor.Chronicle{Person: person, Text: escape}
	lines := []string{"*The last entries of the audit log*"}
	for _, e := range entries {
		lines = append(lines, "• "+when(e.At)+" "+person(e.Actor)+" "+chronicle.Tell(e))
	}
	return strings.Join(lines, "\n"), nil
}

// somebody is how a person or a group is written once Slack's markup is undone.
var somebody = regexp.MustCompile(`^(?:@?[UW][A-Z0-9]{5,30}|@?group:[A-Z0-9]+|[TE][A-Z0-9]+/.+|local:.+)$`)

func (b *Bot) auditFilter(word string) store.AuditFilter {
	if number, ok := runNumber(word); ok {
		return store.AuditFilter{Run: number}
	}
	if !somebody.MatchString(word) {
		return store.AuditFilter{Server: strings.ToLower(word)}
	}
	word = strings.TrimPrefix(word, "@")
	if strings.Contains(word, "/") || strings.HasPrefix(word, "local:") {
		return store.AuditFilter{Person: store.Actor(word)}
	}
	return store.AuditFilter{Person: store.SlackActor(b.self.TeamID, word)}
}
