package ssh

import (
	"maps"
	"slices"
	"syscall"
	"time"
)

// adopt takes in a connection for one command that wants it for itself.
func (p *pool) adopt(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.sessions, c.retired = 1, true
	p.watch(c, identity{})
	if p.closed {
		c.client.Close()
	}
}

// release gives a connection back.
func (p *pool) release(c *conn, h hold) {
	p.mu.Lock()
	c.count(h, -1)
	unused := false
	switch {
	case c.users() > 0:
	case c.retired:
		unused = true
	case len(p.all) > p.max:
		unused = p.retireLocked(c)
	case c.idle != nil:
		c.idle.Reset(p.idle)
	default:
		c.idle = time.AfterFunc(p.idle, func() { p.expire(c) })
	}
	p.mu.Unlock()
	if unused {
		c.close()
	}
}

// expire closes a connection that nobody has used for long.
func (p *pool) expire(c *conn) {
	p.mu.Lock()
	unused := c.users() == 0 && p.retireLocked(c)
	p.mu.Unlock()
	if unused {
		c.close()
	}
}

// retire gives a connection to nobody any more. It says whether nobody holds it, so
// that it can be closed.
func (p *pool) retire(c *conn) (unused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.retireLocked(c)
}

func (p *pool) retireLocked(c *conn) (unused bool) {
	c.retired = true
	p.kept[c.key] = slices.DeleteFunc(p.kept[c.key], func(x *conn) bool { return x == c })
	if len(p.kept[c.key]) == 0 {
		delete(p.kept, c.key)
	}
	if c.idle != nil {
		c.idle.Stop()
	}
	return c.users() == 0
}

// narrow notes that a server has refused one more command on a connection: it allows
// fewer of them than others do. It says whether the connection has other commands at all.
func (p *pool) narrow(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.room = max(1, c.sessions-1)
	return c.sessions > 1
}

// forget lets go of a connection that is closed.
func (p *pool) forget(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, c)
	p.changed.Broadcast()
}

// close ends every connection, whoever uses it, and waits until all are gone.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	for _, list := range p.dials {
		for _, d := range list {
			d.cancel()
		}
	}
	var unused []*conn
	all := slices.Collect(maps.Keys(p.all))
	for _, c := range all {
		if p.retireLocked(c) {
			unused = append(unused, c)
		}
	}
	p.mu.Unlock()
	for _, c := range all {
		c.client.Close()
	}
	closeAll(unused)
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.all)+p.pending > 0 {
		p.changed.Wait()
	}
}

// mostKept keeps half of the files that this process may open for other things: a fleet
// that is larger than that is served with fewer kept connections, not with errors.
func mostKept() int {
	const enough = 16384
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur/2 > enough {
		return enough
	}
	return int(limit.Cur / 2)
}
