package ssh

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// maxSessions is how many commands share a connection. sshd allows ten by default, and
// counts one for a moment longer than its client does.
const maxSessions = 8

var errClosed = errors.New("the SSH client is closed")

// pool keeps connections. Everything that it knows is gone with them.
type pool struct {
	idle time.Duration // how long an unused one is kept
	max  int           // how many are kept; further ones are closed after use

	mu      sync.Mutex
	changed *sync.Cond // all or pending has become smaller
	kept    map[identity][]*conn
	dials   map[identity][]*dialing
	named   map[string]identity // of each server's name, the identity of its last use
	all     map[*conn]struct{}
	pending int // connections that are being made
	closed  bool
}

// dialing is a connection that is being made, for one or several at once.
type dialing struct {
	cancel            context.CancelFunc
	done              chan struct{}
	conn              *conn
	times             times
	err               error
	sessions, tunnels int // who waits for it
}

// times are how long the parts of making a connection took.
type times struct{ connect, login time.Duration }

// dialer makes a connection.
type dialer func(context.Context) (*conn, times, error)

func newPool(idle time.Duration, most int) *pool {
	p := &pool{
		idle: idle, max: most, kept: make(map[identity][]*conn), dials: make(map[identity][]*dialing),
		named: make(map[string]identity), all: make(map[*conn]struct{}),
	}
	p.changed = sync.NewCond(&p.mu)
	return p
}

// want describes the connection that is asked for.
type want struct {
	key   identity
	name  string // the server's
	hold  hold
	fresh bool // not one that is already there
	dial  dialer
}

// acquire returns a connection and whether it had been there before, or waits for one.
// Whoever asks while one is being made shares it, and its failure: a wrong password is
// sent once, however many commands wait for the login.
func (p *pool) acquire(ctx context.Context, w want) (c *conn, t times, warm bool, err error) {
	if over(ctx) {
		return nil, t, false, ended(ctx)
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, t, false, &Error{Kind: Cancelled, Err: errClosed}
	}
	outdated := p.rename(w)
	if c := p.pick(w); c != nil {
		p.mu.Unlock()
		closeAll(outdated)
		return c, t, true, nil
	}
	d, mine := p.join(ctx, w)
	p.mu.Unlock()
	closeAll(outdated)
	c, err = p.await(ctx, d, w)
	if mine && err == nil {
		t = d.times
	}
	return c, t, false, err
}

// rename notes what a server's name stands for now. Connections of what it stood for
// before are retired; those that nobody holds are returned, to be closed.
func (p *pool) rename(w want) (unused []*conn) {
	if w.name == "" {
		return nil
	}
	before, known := p.named[w.name]
	p.named[w.name] = w.key
	if !known || before == w.key {
		return nil
	}
	for _, c := range slices.Clone(p.kept[before]) {
		if p.retireLocked(c) {
			unused = append(unused, c)
		}
	}
	return unused
}

func closeAll(conns []*conn) {
	for _, c := range conns {
		c.close()
	}
}

// pick takes a kept connection, the one with most commands first, so that others can become idle.
func (p *pool) pick(w want) *conn {
	var best *conn
	for _, c := range p.kept[w.key] {
		if !w.fresh && c.takes(w.hold) && (best == nil || c.users() > best.users()) {
			best = c
		}
	}
	if best == nil {
		return nil
	}
	if best.idle != nil {
		best.idle.Stop()
	}
	best.count(w.hold, 1)
	return best
}

// join waits along for a connection that is being made, or begins to make one.
func (p *pool) join(ctx context.Context, w want) (d *dialing, mine bool) {
	for _, d := range p.dials[w.key] {
		if w.hold == tunnelHold {
			d.tunnels++
			return d, false
		}
		if d.sessions < maxSessions {
			d.sessions++
			return d, false
		}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d = &dialing{cancel: cancel, done: make(chan struct{})}
	if w.hold == tunnelHold {
		d.tunnels++
	} else {
		d.sessions++
	}
	p.dials[w.key] = append(p.dials[w.key], d)
	p.pending++
	go p.make(ctx, d, w)
	return d, true
}

// make makes a connection and hands it to all who wait for it.
func (p *pool) make(ctx context.Context, d *dialing, w want) {
	defer d.cancel()
	d.conn, d.times, d.err = w.dial(ctx)
	p.mu.Lock()
	p.unlist(w.key, d)
	if d.err == nil {
		d.conn.sessions, d.conn.tunnels = d.sessions, d.tunnels
		p.keep(d.conn, w.key)
	}
	close(d.done)
	p.pending--
	p.changed.Broadcast()
	unused := d.err == nil && d.conn.users() == 0
	p.mu.Unlock()
	if unused {
		d.conn.close() // everybody has left meanwhile
	}
}

// keep puts a connection among the kept ones and watches for its end.
func (p *pool) keep(c *conn, key identity) {
	p.watch(c, key)
	c.retired = c.retired || p.closed || c.users() == 0
	if !c.retired {
		p.kept[key] = append(p.kept[key], c)
	}
	if p.closed {
		c.client.Close()
	}
}

// watch notices the end of a connection, whoever ends it.
func (p *pool) watch(c *conn, key identity) {
	c.pool, c.key = p, key
	p.all[c] = struct{}{}
	go func() {
		_ = c.client.Wait()
		if p.retire(c) {
			c.close()
		}
	}()
}

func (p *pool) unlist(key identity, d *dialing) {
	p.dials[key] = slices.DeleteFunc(p.dials[key], func(x *dialing) bool { return x == d })
	if len(p.dials[key]) == 0 {
		delete(p.dials, key)
	}
}

// await waits for a connection that is being made.
func (p *pool) await(ctx context.Context, d *dialing, w want) (*conn, error) {
	select {
	case <-d.done:
		return d.conn, d.err
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-d.done:
		return d.conn, d.err
	default:
	}
	if w.hold == tunnelHold {
		d.tunnels--
	} else {
		d.sessions--
	}
	if d.sessions+d.tunnels == 0 {
		p.unlist(w.key, d) // nobody may join it any more
		d.cancel()
	}
	return nil, ended(ctx)
}
