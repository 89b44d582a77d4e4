package ssh

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// connect opens the TCP connection within limit. The error is an *Error without a server.
func connect(ctx context.Context, address string, limit time.Duration) (net.Conn, error) {
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var d net.Dialer
	nc, err := d.DialContext(within, "tcp", address)
	if err != nil {
		if over(ctx) {
			return nil, ended(ctx)
		}
		return nil, &Error{Kind: connectKind(err), Err: err}
	}
	return nc, nil
}

func connectKind(err error) Kind {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return NameNotFound
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return Refused
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return Silent
	}
	return NoRoute
}

// over says whether a context has ended. Its deadline counts by the clock: the network
// has a timer of its own for it, which may be faster than the context's.
func over(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || (ok && !time.Now().Before(deadline))
}

// ended says how a context that is over has ended.
func ended(ctx context.Context) *Error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &Error{Kind: Cancelled, Err: context.Cause(ctx)}
	}
	cause := context.Cause(ctx)
	if cause == nil {
		cause = context.DeadlineExceeded
	}
	return &Error{Kind: TimedOut, Err: cause}
}

// greeting remembers the first bytes that the server sends. sshd turns a connection
// away with a plain line instead of a handshake, and x/crypto drops that line.
type greeting struct {
	net.Conn
	mu    sync.Mutex
	first []byte
}

const maxGreeting = 256

func (g *greeting) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	g.mu.Lock()
	g.first = append(g.first, p[:min(n, maxGreeting-len(g.first))]...)
	g.mu.Unlock()
	return n, err
}

func (g *greeting) text() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return string(g.first)
}
