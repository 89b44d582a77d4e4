package ssh

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// conn is one connection that is logged in, shared by the sessions and tunnels that hold
// it. Its counters and marks are guarded by the pool's lock.
type conn struct {
	pool   *pool
	key    identity
	client *gossh.Client
	via    *conn              // the jump host's; it is held until this one is closed. nil: none
	stop   context.CancelFunc // ends the signs of life
	work   sync.WaitGroup     // goroutines that end with the connection
	shut   sync.Once
	host   atomic.Pointer[introduction] // nil: the server has not said all of it yet

	sessions int         // commands that hold it
	tunnels  int         // connections that go through it
	room     int         // how many commands may hold it
	retired  bool        // takes nobody any more, and is closed when the last one leaves
	idle     *time.Timer // closes it when it has not been used for long; nil: never idle so far
}

// newConn takes over a connection that has logged in, and sends signs of life on it.
func newConn(client *gossh.Client, via *conn, every time.Duration) *conn {
	alive, stop := context.WithCancel(context.Background())
	c := &conn{client: client, via: via, stop: stop, room: maxSessions}
	c.work.Go(func() { keepAlive(alive, client, every) })
	return c
}

// users is how many hold it.
func (c *conn) users() int { return c.sessions + c.tunnels }

// close ends the connection and waits for its goroutines. Nobody may hold it any more.
func (c *conn) close() {
	c.shut.Do(func() {
		c.client.Close()
		c.stop()
		c.work.Wait()
		if c.via != nil {
			c.pool.release(c.via, tunnelHold)
		}
		c.pool.forget(c)
	})
}

// hold is what somebody needs a connection for.
type hold int

const (
	sessionHold hold = iota // a command: the server allows few of them for each connection
	tunnelHold              // a way to another server: these are not counted by it
)

func (c *conn) count(h hold, n int) {
	if h == tunnelHold {
		c.tunnels += n
		return
	}
	c.sessions += n
}

// takes says whether it may be given to one more.
func (c *conn) takes(h hold) bool {
	return !c.retired && (h == tunnelHold || c.sessions < c.room)
}
