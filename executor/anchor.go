package executor

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"drover/store"
)

const (
	// anchorEvery is how often it is looked whether a new day has begun: a timer until midnight would miss it when the
	// machine sleeps.
	anchorEvery = time.Minute
	// shownHash is how many hexadecimal digits of an anchor's hash people see: more than anybody can forge.
	shownHash = 32
)

// Anchor looks at the whole audit log once a day, and tells a file and the channel where it ends, until ctx ends. A day
// that has its anchor, whichever process made it, gets no other.
func (e *Engine) Anchor(ctx context.Context) error {
	ticker := time.NewTicker(anchorEvery)
	defer ticker.Stop()
	for {
		if err := e.anchorDay(ctx); err != nil {
			e.report(ctx, "anchor the audit log", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (e *Engine) anchorDay(ctx context.Context) error {
	due, err := e.store.AnchorDue(ctx)
	if err != nil {
		return err
	}
	if due {
		verdict, err := e.store.VerifyAudit(ctx)
		if err != nil {
			return err
		}
		if verdict.Fault != nil {
			e.log.Error("the audit log is not as drover wrote it", "found", TellVerdict(verdict))
		}
		if _, err := e.store.AnchorDay(ctx, func(a store.Anchor) string { return anchorNotice("Audit log of "+a.Occasion, a, verdict) }); err != nil {
			return err
		}
	}
	return e.store.FileAnchors(ctx)
}

// AnchorStop anchors the audit log because drover stops: what is cut off while it is away shows at the next start.
func (e *Engine) AnchorStop(ctx context.Context) error {
	_, err := e.store.AnchorStop(ctx, func(a store.Anchor) string {
		return fmt.Sprintf("drover has stopped. Audit log: %s. Anchor `%s`", counted(a.Seq), AnchorText(a.Head))
	})
	if err != nil {
		return err
	}
	return e.store.FileAnchors(ctx)
}

func anchorNotice(title string, a store.Anchor, verdict store.Verdict) string {
	if verdict.Fault != nil {
		return fmt.Sprintf(":rotating_light: %s: somebody has changed it. %s Run `drover audit verify` and compare it with a backup. Anchor `%s`",
			title, TellVerdict(verdict), AnchorText(a.Head))
	}
	return fmt.Sprintf("%s: %s, unbroken. Anchor `%s`", title, counted(a.Seq), AnchorText(a.Head))
}

// AnchorText is an anchor as people see it and as `drover audit verify --anchor` takes it.
func AnchorText(h store.Head) string {
	return fmt.Sprintf("%d:%s", h.Seq, h.Hash[:min(len(h.Hash), shownHash)])
}

// TellVerdict is what was found in the audit log, in a sentence.
func TellVerdict(v store.Verdict) string {
	if v.Fault == nil {
		return fmt.Sprintf("%s, unbroken; %s", counted(v.Entries), agreeing(v.Anchors))
	}
	when := ""
	if v.Fault.At != nil {
		when = " of " + v.Fault.At.Format("2006-01-02 15:04:05 UTC")
	}
	return fmt.Sprintf("Entry %d%s is the first that is wrong: %s.", v.Fault.Seq, when, v.Fault.What)
}

func counted(entries int64) string {
	if entries == 1 {
		return "1 entry"
	}
	return humanize.Comma(entries) + " entries"
}

func agreeing(anchors int) string {
	switch anchors {
	case 0:
		return "no anchor was made yet"
	case 1:
		return "1 anchor agrees"
	}
	return humanize.Comma(int64(anchors)) + " anchors agree"
}
