package ssh

import (
	"sync"
	"time"
)

// sshd counts what goes wrong against the address it comes from (PerSourcePenalties): a
// refused login costs 5 s, and what has grown to 15 s is enforced, up to ten minutes.
const (
	refusedPenalty   = 5 * time.Second
	throttledPenalty = 15 * time.Second
	maxPenalty       = 10 * time.Minute
)

// breaker keeps drover from being locked out: after a refused login it sends nothing to
// that server for a while, and longer each time. A login that succeeds makes it forget.
type breaker struct {
	now func() time.Time

	mu      sync.Mutex
	tripped map[string]trip // by place
}

type trip struct {
	kind  Kind
	as    identity // what was refused
	wait  time.Duration
	until time.Time
}

// check returns an error while a server must be left alone. Another key or password than
// the one that was refused is let through; a server that is throttling refuses that, too.
func (b *breaker) check(server Server) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	t, ok := b.tripped[place(server)]
	if !ok || !b.now().Before(t.until) || (t.kind == LoginRefused && t.as != identify(server)) {
		return nil
	}
	return &Error{Kind: HeldBack, Until: t.until}
}

// note learns from a login that was tried.
func (b *breaker) note(server Server, kind Kind) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := refusedPenalty
	switch kind {
	case "":
		delete(b.tripped, place(server))
		return
	case LoginRefused, CertificateExpired:
		kind = LoginRefused
	case Throttled:
		first = throttledPenalty
	default:
		return
	}
	t, again := b.tripped[place(server)]
	t.wait *= 2
	if !again || b.now().Sub(t.until) > maxPenalty {
		t.wait = first
	}
	t.wait = min(max(t.wait, first), maxPenalty)
	t.kind, t.as, t.until = kind, identify(server), b.now().Add(t.wait)
	b.tripped[place(server)] = t
}
