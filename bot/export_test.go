package bot

import (
	"context"
	"time"
)

// Pass is one turn of the projector's loop, for tests that move the clock themselves.
func (p *Projector) Pass(ctx context.Context) time.Duration { return p.pass(ctx) }

// RefreshNow is what Refresh does every few minutes.
func (b *Bot) RefreshNow(ctx context.Context) error { return b.refresh(ctx) }
