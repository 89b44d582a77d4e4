package ssh

import (
	"errors"
	"sync"

	gossh "golang.org/x/crypto/ssh"
)

var errGivenUp = errors.New("given up")

// lane is one command's share of a connection. Nothing that a server leaves unanswered
// can hold it up: Close lets go of it at once, while other commands go on.
type lane struct {
	conn *conn
	warm bool // the connection was there before

	mu     sync.Mutex
	closed bool
	end    func() bool   // ends the session; says whether the server has agreed
	done   chan struct{} // closed by Close
}

func newLane(c *conn, warm bool) *lane {
	return &lane{conn: c, warm: warm, done: make(chan struct{})}
}

// onClose sets what Close does about the session.
func (l *lane) onClose(end func() bool) {
	l.mu.Lock()
	closed := l.closed
	l.end = end
	l.mu.Unlock()
	if closed {
		end()
	}
}

// Close ends the session. Where the server does not agree to that, the command may live
// on until the connection ends: then nobody gets the connection any more, and it is closed
// when its last user leaves.
func (l *lane) Close() {
	l.mu.Lock()
	again, end := l.closed, l.end
	l.closed = true
	l.mu.Unlock()
	if again {
		return
	}
	close(l.done)
	if end == nil || !end() {
		l.conn.pool.retire(l.conn)
	}
}

// leave ends the lane and gives the connection back.
func (l *lane) leave() {
	l.Close()
	l.conn.pool.release(l.conn, sessionHold)
}

type opened struct {
	ch   gossh.Channel
	reqs <-chan *gossh.Request
	err  error
}

// OpenChannel is that of gossh.Client, and returns when the lane is closed.
func (l *lane) OpenChannel(kind string, data []byte) (gossh.Channel, <-chan *gossh.Request, error) {
	answer := make(chan opened)
	l.conn.work.Go(func() {
		ch, reqs, err := l.conn.client.OpenChannel(kind, data)
		select {
		case answer <- opened{ch, reqs, err}:
		case <-l.done:
			if err == nil { // it comes too late
				ch.Close()
				gossh.DiscardRequests(reqs)
			}
		}
	})
	select {
	case o := <-answer:
		return o.ch, o.reqs, o.err
	case <-l.done:
		return nil, nil, errGivenUp
	}
}

type reply struct {
	ok   bool
	data []byte
	err  error
}

// SendRequest is that of gossh.Client, and returns when the lane is closed.
func (l *lane) SendRequest(name string, wantReply bool, payload []byte) (bool, []byte, error) {
	return l.ask(func() reply {
		ok, data, err := l.conn.client.SendRequest(name, wantReply, payload)
		return reply{ok, data, err}
	})
}

// request sends a request on a channel and waits for its answer, or until the lane is closed.
func (l *lane) request(ch gossh.Channel, name string, payload []byte) (bool, error) {
	ok, _, err := l.ask(func() reply {
		ok, err := ch.SendRequest(name, true, payload)
		return reply{ok: ok, err: err}
	})
	return ok, err
}

func (l *lane) ask(send func() reply) (bool, []byte, error) {
	answer := make(chan reply, 1)
	l.conn.work.Go(func() { answer <- send() })
	select {
	case r := <-answer:
		return r.ok, r.data, r.err
	case <-l.done:
		return false, nil, errGivenUp
	}
}
