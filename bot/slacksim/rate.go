package slacksim

import (
	"time"

	"golang.org/x/time/rate"
)

// rates counts calls: per method in a sliding minute, and chat.postMessage also
// per channel and second.
type rates struct {
	limits  Limits
	windows map[string]*window
	posts   map[string]*rate.Limiter
}

func newRates(l Limits) *rates {
	return &rates{limits: l, windows: map[string]*window{}, posts: map[string]*rate.Limiter{}}
}

// window remembers when the last calls were made. A sliding minute is stricter
// than a bucket, which would let a full burst and a full minute pass together.
type window struct{ calls []time.Time }

// take admits a call, or says how long to wait.
func (w *window) take(limit int, now time.Time) time.Duration {
	for len(w.calls) > 0 && now.Sub(w.calls[0]) >= time.Minute {
		w.calls = w.calls[1:]
	}
	if len(w.calls) >= limit {
		return time.Minute - now.Sub(w.calls[0])
	}
	w.calls = append(w.calls, now)
	return 0
}

// take admits a call of a method with so many calls per minute.
func (r *rates) take(method string, perMinute int, now time.Time) error {
	if n, ok := r.limits.PerMinute[method]; ok {
		perMinute = n
	}
	if perMinute <= 0 || r.limits.NoRates {
		return nil
	}
	return r.takeWindow(method, perMinute, now)
}

func (r *rates) takeWindow(name string, perMinute int, now time.Time) error {
	w := r.windows[name]
	if w == nil {
		w = &window{}
		r.windows[name] = w
	}
	if wait := w.take(perMinute, now); wait > 0 {
		return &apiError{code: "ratelimited", retryAfter: wait}
	}
	return nil
}

// takePost admits a message to a channel.
func (r *rates) takePost(channel string, now time.Time) error {
	if r.limits.NoRates {
		return nil
	}
	if r.limits.PostPerSecond > 0 {
		l := r.posts[channel]
		if l == nil {
			l = rate.NewLimiter(rate.Limit(r.limits.PostPerSecond), max(r.limits.PostBurst, 1))
			r.posts[channel] = l
		}
		if !l.AllowN(now, 1) {
			missing := 1 - l.TokensAt(now)
			return &apiError{code: "ratelimited", retryAfter: time.Duration(missing / r.limits.PostPerSecond * float64(time.Second))}
		}
	}
	if r.limits.PostPerMinute > 0 {
		return r.takeWindow("chat.postMessage", r.limits.PostPerMinute, now)
	}
	return nil
}
