package bot

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"drover/executor"
	"drover/store"
)

// planKey is the key of the file with the commands that wait for an approval. Other files have the id of the reply that
// they belong to, or of the first target that they tell of.
const planKey = "plan"

// uploadOf puts a file into the thread of a card.
func (p *Projector) uploadOf(ctx context.Context, m, card store.Message, run store.Run) (time.Duration, error) {
	if m.Key == planKey {
		plan, err := executor.PlanOf(run)
		if err != nil {
			return 0, err
		}
		name := fmt.Sprintf("%s #%d: what would run", run.Action, run.Number)
		return p.upload(ctx, m, card, run, name, func() string { return wholePlan(&plan) })
	}
	targets := told(run, m)
	if len(targets) == 0 {
		return 0, p.store.Rendered(ctx, m.ID, m.TS, run.Version)
	}
	name := fmt.Sprintf("%s #%d on %s", run.Action, run.Number, executor.FoldNames(serverNames(targets)))
	return p.upload(ctx, m, card, run, name, func() string { return p.wholes(targets) })
}

// upload puts a text into the thread as a file, once: one that arrived and whose answer was lost is found by its title.
func (p *Projector) upload(ctx context.Context, m, card store.Message, run store.Run, title string, text func() string) (time.Duration, error) {
	title = clip(title, 150)
	named := func(f slack.File) bool { return f.Title == title }
	posted, ok, err := p.find(ctx, m, card.TS, func(posted slack.Message) bool { return slices.ContainsFunc(posted.Files, named) })
	if err != nil {
		return 0, err
	}
	if ok {
		return 0, p.store.Rendered(ctx, m.ID, posted.Files[slices.IndexFunc(posted.Files, named)].ID, run.Version)
	}
	if wait := p.limiter.post(m.Channel, p.store.Now().Time); wait > 0 {
		return wait, nil
	}
	if err := p.store.Attempting(ctx, m.ID); err != nil {
		return 0, err
	}
	whole := text()
	file, err := p.api.UploadFileContext(ctx, slack.UploadFileParameters{
		Content: whole, FileSize: len(whole), Channel: m.Channel, ThreadTimestamp: card.TS,
		Filename: fmt.Sprintf("%s-%d.txt", run.Action, run.Number), Title: title,
	})
	if err != nil {
		return 0, err
	}
	return 0, p.store.Rendered(context.WithoutCancel(ctx), m.ID, file.ID, run.Version)
}

// maxLogs is how many bytes of whole outputs one file holds. Of further servers it holds what the rows keep.
const maxLogs = 16 << 20

// wholes is all that is known of some targets' output.
func (p *Projector) wholes(targets []store.Target) string {
	parts := make([]string, len(targets))
	room := int64(maxLogs)
	for i, t := range targets {
		log := ""
		if t.LogFile != "" && t.LogSize <= room {
			log = p.logOf(t)
			room -= int64(len(log))
		}
		parts[i] = whole(t, log)
	}
	return strings.Join(parts, "\n"+strings.Repeat("─", 40)+"\n")
}

// logOf is the whole output of a target, or "" when it cannot be read any more.
func (p *Projector) logOf(t store.Target) string {
	f, err := os.Open(t.LogFile)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxLogs))
	if err != nil {
		p.log.Error("cannot read a whole output", "server", t.Server, "error", err)
		return ""
	}
	return string(text)
}
