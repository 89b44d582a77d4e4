package bot

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Pass is one turn of the projector's loop, for tests that move the clock themselves.
func (p *Projector) Pass(ctx context.Context) time.Duration { return p.pass(ctx) }

// Verbs are the words that are drover's own.
func Verbs() []string { return slices.Sorted(maps.Keys(verbs)) }

// RefreshNow is what Refresh does every few minutes.
func (b *Bot) RefreshNow(ctx context.Context) error { return b.refresh(ctx) }
