package ssh

import "time"

// Breaker lets a test move the time.
type Breaker struct{ b *breaker }

func NewBreaker(now func() time.Time) *Breaker {
	return &Breaker{newBreaker(now)}
}

func (b *Breaker) Check(s Server) error  { return b.b.check(s) }
func (b *Breaker) Note(s Server, k Kind) { b.b.note(s, k) }
func (c *Client) Kept() int              { c.pool.mu.Lock(); defer c.pool.mu.Unlock(); return len(c.pool.all) }
func (c *Client) Limit(mostKept int)     { c.pool.max = mostKept }
