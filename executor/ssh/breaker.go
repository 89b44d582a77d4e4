package ssh

import (
	"maps"
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

// breaker keeps drover from being locked out. After a refused login that login is not sent
// again for a while, and longer each time; another key or password goes through as long as
// sshd's count, which is about all of them, allows one more mistake. A server that throttles
// is left alone. A login that succeeds makes it forget.
type breaker struct {
	now func() time.Time

	mu        sync.Mutex
	refused   map[attempt]trip
	throttled map[string]trip      // by place
	counted   map[string]time.Time // by place: when sshd's count is back at nothing
}

// attempt is one way to log in to one place.
type attempt struct {
	place string
	as    identity
}

// trip is how long something is left alone.
type trip struct {
	wait  time.Duration
	until time.Time
}

func newBreaker(now func() time.Time) *breaker {
	return &breaker{now: now, refused: map[attempt]trip{}, throttled: map[string]trip{}, counted: map[string]time.Time{}}
}

// check returns an error while a server must be left alone.
func (b *breaker) check(server Server) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := place(server)
	until := b.refused[attempt{at, identify(server)}].until
	if t := b.throttled[at].until; t.After(until) {
		until = t
	}
	if c := b.counted[at].Add(refusedPenalty - throttledPenalty); c.After(until) { // one more mistake would be enforced
		until = c
	}
	if b.now().Before(until) {
		return &Error{Kind: HeldBack, Until: until}
	}
	return nil
}

// note learns from a login that was tried.
func (b *breaker) note(server Server, kind Kind) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := place(server)
	try := attempt{at, identify(server)}
	switch kind {
	case "":
		delete(b.refused, try)
		delete(b.throttled, at)
	case LoginRefused, CertificateExpired:
		b.forget()
		b.refused[try] = b.refused[try].longer(refusedPenalty, b.now())
		b.count(at)
	case Throttled:
		b.forget()
		b.throttled[at] = b.throttled[at].longer(throttledPenalty, b.now())
	}
}

// count adds a refused login to what sshd has counted.
func (b *breaker) count(at string) {
	from := b.counted[at]
	if now := b.now(); from.Before(now) {
		from = now
	}
	b.counted[at] = from.Add(refusedPenalty)
}

// longer is the next trip: twice as long, unless the last one was long ago.
func (t trip) longer(first time.Duration, now time.Time) trip {
	t.wait = min(max(2*t.wait, first), maxPenalty)
	t.until = now.Add(t.wait)
	return t
}

// forget drops what was long ago.
func (b *breaker) forget() {
	old := b.now().Add(-maxPenalty)
	maps.DeleteFunc(b.refused, func(_ attempt, t trip) bool { return t.until.Before(old) })
	maps.DeleteFunc(b.throttled, func(_ string, t trip) bool { return t.until.Before(old) })
	maps.DeleteFunc(b.counted, func(_ string, until time.Time) bool { return until.Before(old) })
}
