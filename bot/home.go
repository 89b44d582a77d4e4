package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"drover/executor"
	"drover/store"
)

// maxHomeBlocks is how many blocks of runs the Home shows; Slack takes 100 in all.
const maxHomeBlocks = 80

// homeOpened shows somebody what waits for them. It is rendered from the rows each time that they look.
func (b *Bot) homeOpened(team string, e *slackevents.AppHomeOpenedEvent) then {
	if e.Tab != "home" {
		return nothing
	}
	c := command{actor: store.SlackActor(team, e.User), origin: store.Button}
	return func(ctx context.Context) { b.showHome(ctx, c, "") }
}

// showHome publishes somebody's Home, with an answer to what they did there. One after the other: otherwise what was read
// before a click could be published after what the click has changed, and stay.
func (b *Bot) showHome(ctx context.Context, c command, answer string) {
	_, user, _ := c.actor.Slack()
	turn, _ := b.homes.LoadOrStore(user, &sync.Mutex{})
	turn.(*sync.Mutex).Lock()
	defer turn.(*sync.Mutex).Unlock()
	blocks, err := b.homeFor(ctx, c, answer)
	if err != nil {
		blocks = []slack.Block{section(b.explain(ctx, c, err))}
	}
	_, err = b.api.PublishViewContext(ctx, slack.PublishViewContextRequest{
		UserID: user, View: slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}},
	})
	if err != nil {
		b.log.Warn("cannot show a Home", "user", user, "error", err)
	}
}

func (b *Bot) homeFor(ctx context.Context, c command, answer string) ([]slack.Block, error) {
	if err := b.meet(ctx, c); err != nil {
		return nil, err
	}
	if _, err := b.insider(ctx, c); err != nil {
		return nil, err
	}
	w, err := b.waiting(ctx, c.actor)
	if err != nil {
		return nil, err
	}
	return renderHome(w, answer, when(b.store.Now())), nil
}

// renderHome shows what waits for somebody as its cards do, with their buttons, and names what waits for others.
func renderHome(w waiting, answer, now string) []slack.Block {
	var blocks []slack.Block
	if answer != "" {
		blocks = append(blocks, section(answer), slack.NewDividerBlock())
	}
	mine := len(w.toDecide) + len(w.toReview)
	if mine == 0 {
		blocks = append(blocks, section(":white_check_mark: *Nothing waits for you.*"))
	} else {
		blocks = append(blocks, section(fmt.Sprintf("*%d waiting for you*", mine)))
	}
	var parts [][]slack.Block
	for _, run := range w.toDecide {
		parts = append(parts, renderCard(run).blocks)
	}
	for _, run := range w.toReview {
		parts = append(parts, renderReview(run, "").blocks)
	}
	shown := 0
	for _, part := range parts {
		if len(blocks)+len(part) >= maxHomeBlocks {
			break
		}
		blocks = append(append(blocks, slack.NewDividerBlock()), part...)
		shown++
	}
	if more := mine - shown; more > 0 {
		blocks = append(blocks, section(fmt.Sprintf("… and %d more: `/server pending` lists them", more)))
	}
	if others := append(waitingLines(w.others), reviewLines(w.toOthers)...); len(others) > 0 {
		blocks = append(blocks, slack.NewDividerBlock(), section("*Waiting for others*\n"+clip(joinLines(others), maxSection-100)))
	}
	return append(blocks, slack.NewContextBlock("", mrkdwn("as of "+now+" · open this page again to see what has changed")))
}

// fromHome says whether a click comes from somebody's Home.
func fromHome(i slack.InteractionCallback) bool { return i.View.Type == slack.VTHomeTab }

// clickedRun is the run that a button is for. The value comes from the client. It counts only on the very message that
// drover posted for that run, or on a Home for what a Home shows.
func (b *Bot) clickedRun(ctx context.Context, c command, i slack.InteractionCallback, click *slack.BlockAction) (store.Run, error) {
	if !fromHome(i) {
		if err := b.clickedOurs(ctx, c, i, click.Value); err != nil {
			return store.Run{}, err
		}
	}
	run, err := b.store.Run(ctx, click.Value)
	if errors.Is(err, store.ErrNotFound) {
		return run, foreign()
	}
	if err == nil && fromHome(i) {
		err = shownOnHome(run, click.ActionID)
	}
	return run, err
}

// shownOnHome refuses a button that a Home does not show. Whoever has stolen the bot token can publish somebody's Home with
// any button: none of them begins what nobody asked for. What was decided since the Home was opened is told by the engine.
func shownOnHome(run store.Run, button string) error {
	shows := false
	switch button {
	case buttonApprove, buttonDeny:
		shows = run.ApprovalsNeeded > 0
	case buttonReview:
		shows = run.Urgent
	case buttonCancel:
		if shows = run.ApprovalsNeeded > 0; shows && run.State != store.AwaitingApproval {
			return &executor.Refusal{Kind: executor.Policy, Text: fmt.Sprintf("#%d does not wait any more, so nothing was done. Its card has its buttons.", run.Number)}
		}
	}
	if !shows {
		return foreign()
	}
	return nil
}

// clickedOurs refuses a button whose value is not what its message shows.
func (b *Bot) clickedOurs(ctx context.Context, c command, i slack.InteractionCallback, value string) error {
	owner, err := b.messageOwner(ctx, c.channel, i.Container.MessageTs)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err != nil || owner != value {
		return foreign()
	}
	return nil
}

func foreign() error {
	return &executor.Refusal{Kind: executor.Policy, Text: "This button is not one that drover put here, so nothing was done."}
}

// homeMark begins the metadata of a modal that was opened from a Home: it is to be shown anew then.
const homeMark = "home/"

// modalOf is the metadata of a modal about a run, and modalRun reads it.
func modalOf(i slack.InteractionCallback, run store.Run) string {
	if fromHome(i) {
		return homeMark + run.ID
	}
	return run.ID
}

func modalRun(metadata string) (runID string, home bool) {
	runID, home = strings.CutPrefix(metadata, homeMark)
	return runID, home
}
