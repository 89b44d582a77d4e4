package bot

import (
	"fmt"

	"github.com/slack-go/slack"

	"drover/executor"
	"drover/store"
)

// order says in words how a run goes about its servers; "" when all begin at the same time.
func order(run store.Run) string {
	options, err := executor.OptionsOf(run)
	if err != nil {
		return "" // drover wrote them itself
	}
	return options.InWords(executor.BatchesOf(run))
}

// turn says which of several batches a running run is at.
func turn(run store.Run) string {
	batches := executor.BatchesOf(run)
	if len(batches) < 2 || run.State != store.Running {
		return ""
	}
	numbered := len(batches)
	if batches[0].Canary {
		numbered--
	}
	for _, t := range run.Targets {
		if t.State.Final() {
			continue
		}
		if t.Batch == store.CanaryBatch {
			return " · canary"
		}
		return fmt.Sprintf(" · batch %d of %d", t.Batch, numbered)
	}
	return ""
}

// canary and waiting are the servers of a paused run that are done, and those that wait for Continue.
func canary(run store.Run) (canary, waiting []string) {
	for _, t := range run.Targets {
		if t.Batch == store.CanaryBatch {
			canary = append(canary, t.Server)
		} else {
			waiting = append(waiting, t.Server)
		}
	}
	return canary, waiting
}

// whatNext is what a paused run wants of people.
func whatNext(run store.Run) string {
	done, waiting := canary(run)
	text := fmt.Sprintf("The canary %s succeeded. Look at it, then continue with %s, or stop.",
		code(clip(executor.FoldNames(done), 300)), code(clip(executor.FoldNames(waiting), 300)))
	if run.PausedUntil != nil {
		text += " Without an answer it ends " + when(*run.PausedUntil) + "."
	}
	return text
}

func pausedButtons(run store.Run) slack.Block {
	_, waiting := canary(run)
	names := clip(executor.FoldNames(waiting), 200)
	return slack.NewActionBlock("",
		button(buttonContinue, run, "Continue", slack.StylePrimary, "Continue?",
			clip(fmt.Sprintf("%s runs on %s, after its rights and its plan were checked once more.", run.Action, names), 300)),
		button(buttonCancel, run, "Stop", slack.StyleDanger, "Stop here?", clip("What has run stays as it is. "+names+" stay undone.", 300)))
}
