package executor

import "context"

// SelectServers is selectServers, for the tests.
var SelectServers = selectServers

// AnchorPass is one turn of Anchor's loop.
func (e *Engine) AnchorPass(ctx context.Context) error { return e.anchorDay(ctx) }
