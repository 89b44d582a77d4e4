package bot

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Slack's limits: chat.postMessage takes about one message a second and channel, in short bursts more; chat.update
// takes 50 a minute for the whole app, uploads 100.
const (
	postEvery   = time.Second
	postBurst   = 3
	updateEvery = 1500 * time.Millisecond // with the burst, 50 in any minute
	updateBurst = 10
	// kept is how many updates progress leaves for final states.
	kept = 4
)

// limiter says when a call may be made, one bucket for each method and channel. It holds no message: what must wait
// stays behind in the store.
type limiter struct {
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	paused  map[string]time.Time // Slack said: not before
}

func newLimiter() *limiter {
	return &limiter{buckets: map[string]*rate.Limiter{}, paused: map[string]time.Time{}}
}

// post asks for one chat.postMessage in a channel.
func (l *limiter) post(channel string, now time.Time) (wait time.Duration) {
	return l.take("post/"+channel, postEvery, postBurst, 1, now)
}

// canPost and canUpdate say whether a call would have to wait, without making it.
func (l *limiter) canPost(channel string, now time.Time) (wait time.Duration) {
	return l.peek("post/"+channel, postEvery, postBurst, 1, now)
}

func (l *limiter) canUpdate(final bool, now time.Time) (wait time.Duration) {
	return l.peek("update", updateEvery, updateBurst, need(final), now)
}

func need(final bool) int {
	if final {
		return 1
	}
	return 1 + kept
}

// update asks for one chat.update. Progress is refused while only a few are left.
func (l *limiter) update(final bool, now time.Time) (wait time.Duration) {
	return l.take("update", updateEvery, updateBurst, need(final), now)
}

// take takes one token if there are need of them, or says how long to wait until there are.
func (l *limiter) take(key string, every time.Duration, burst, need int, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := l.wait(key, every, burst, need, now)
	if wait == 0 {
		l.buckets[key].AllowN(now, 1)
	}
	return wait
}

func (l *limiter) peek(key string, every time.Duration, burst, need int, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wait(key, every, burst, need, now)
}

// wait is how long until a bucket holds need tokens. The caller holds l.mu.
func (l *limiter) wait(key string, every time.Duration, burst, need int, now time.Time) time.Duration {
	if until, ok := l.paused[key]; ok && now.Before(until) {
		return until.Sub(now)
	}
	bucket := l.buckets[key]
	if bucket == nil {
		bucket = rate.NewLimiter(rate.Every(every), burst)
		l.buckets[key] = bucket
	}
	if missing := float64(need) - bucket.TokensAt(now); missing > 0 {
		return time.Duration(missing * float64(every))
	}
	return 0
}

// pause takes Slack's own word for when the next call may be made.
func (l *limiter) pause(key string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paused[key] = until
}
