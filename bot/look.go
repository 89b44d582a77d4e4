package bot

import (
	"fmt"
	"slices"
	"strings"

	"drover/store"
)

// lookLines tells those who decide about a run what each server looks like now; of many, first where somebody is logged
// in, then what could not be looked at.
func lookLines(run store.Run) string {
	targets := slices.Clone(run.Targets)
	var lines []string
	if len(targets) > maxServerLines {
		lines = append(lines, lookedAt(targets))
		slices.SortStableFunc(targets, func(a, b store.Target) int { return lookRank(a) - lookRank(b) })
	}
	shown := targets[:min(len(targets), maxServerLines)]
	for _, t := range shown {
		line := fmt.Sprintf("%s %s  ", lookIcon(t), code(t.Server))
		room := maxSection/(len(shown)+3) - len(line) // its share of the section, as in targetLines
		lines = append(lines, line+clip(escape(clip(lookText(t), 200)), room))
	}
	if more := len(targets) - len(shown); more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more", more))
	}
	if oldest := oldestLook(shown); oldest != nil {
		lines = append(lines, "as of "+when(*oldest))
	}
	return strings.Join(lines, "\n")
}

func lookText(t store.Target) string {
	switch {
	case t.LookedAt != nil:
		return oneLine(t.Look)
	case t.LookAt != nil:
		return "being looked at …"
	}
	return targetWords[t.State]
}

func lookIcon(t store.Target) string {
	if t.LookedAt != nil && !answered(t) {
		return targetIcon(store.TargetInterrupted)
	}
	return targetIcon(t.State)
}

// lookedAt counts what the lines of many servers cannot show.
func lookedAt(targets []store.Target) string {
	looked, used, silent := 0, 0, 0
	for _, t := range targets {
		switch lookRank(t) {
		case rankUsed:
			used++
		case rankSilent:
			silent++
		}
		if t.LookedAt != nil {
			looked++
		}
	}
	text := fmt.Sprintf("%d of %d looked at", looked, len(targets))
	if used > 0 {
		text += fmt.Sprintf(" · somebody logged in on %d", used)
	}
	if silent > 0 {
		text += fmt.Sprintf(" · %d could not be looked at", silent)
	}
	return text
}

// The order in which many servers are shown.
const (
	rankUsed   = iota // somebody is logged in
	rankSilent        // it could not be looked at
	rankOther
)

func lookRank(t store.Target) int {
	switch {
	case t.LookedAt == nil:
		return rankOther
	case !answered(t):
		return rankSilent
	case t.Facts["users"] != "" && t.Facts["users"] != "0":
		return rankUsed
	}
	return rankOther
}

// answered says whether a look learned anything.
func answered(t store.Target) bool { return len(t.Facts) > 0 }

func oldestLook(targets []store.Target) *store.Time {
	var oldest *store.Time
	for _, t := range targets {
		if t.LookedAt != nil && (oldest == nil || t.LookedAt.Before(oldest.Time)) {
			oldest = t.LookedAt
		}
	}
	return oldest
}
