package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// maxJumps is how many jump hosts may stand before a server.
const maxJumps = 4

// tunnel is a TCP connection that a jump host makes for drover. The library's own can
// neither have a deadline nor be closed without the jump host's help: Read ends at
// Close here, whatever the jump host does.
type tunnel struct {
	net.Conn
	in *io.PipeReader
}

// Read reads what the server sent.
func (t *tunnel) Read(p []byte) (int, error) { return t.in.Read(p) }

// Close ends the connection.
func (t *tunnel) Close() error {
	t.in.Close()
	return t.Conn.Close()
}

// reach makes the connection to a server's port, through its jump host if it has one.
// The jump host's connection is then held until via is released.
func (c *Client) reach(ctx context.Context, server Server) (nc net.Conn, via *conn, err error) {
	if server.Jump == nil {
		nc, err := connect(ctx, server.hostPort(), c.limits.Connect)
		return nc, nil, err
	}
	for again := false; ; again = true {
		via, warm, err := c.hold(ctx, *server.Jump, again)
		if err != nil {
			return nil, nil, fromJump(err, *server.Jump)
		}
		nc, err := via.tunnel(ctx, server, c.limits.Connect)
		if err == nil {
			return nc, via, nil
		}
		broken := errors.Is(err, errBroken)
		if broken {
			c.pool.retire(via)
		}
		c.pool.release(via, tunnelHold)
		if !broken || !warm || again || over(ctx) {
			return nil, nil, err
		}
	}
}

// hold takes a connection to a jump host.
func (c *Client) hold(ctx context.Context, jump Server, fresh bool) (*conn, bool, error) {
	via, _, warm, err := c.pool.acquire(ctx, want{
		key: identify(jump), name: jump.Name, hold: tunnelHold, fresh: fresh,
		dial: func(ctx context.Context) (*conn, times, error) { return c.dial(ctx, jump) },
	})
	return via, warm, err
}

// fromJump marks what went wrong on the way to a jump host as not the server's own.
func fromJump(err error, jump Server) error {
	e := *named(err, jump)
	if e.Jump == "" && e.Kind != Cancelled && e.Kind != TimedOut {
		e.Jump = jump.label()
	}
	return &e
}

// errBroken: the jump host's connection is of no use any more.
var errBroken = errors.New("the connection to the jump host is broken")

// tunnel asks a jump host for a connection to the server behind it. The caller holds c.
func (c *conn) tunnel(ctx context.Context, server Server, limit time.Duration) (net.Conn, error) {
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	far, err := c.client.DialContext(within, "tcp", server.hostPort())
	var refusal *gossh.OpenChannelError
	switch {
	case err == nil:
		return c.pump(far), nil
	case over(ctx):
		return nil, ended(ctx)
	case errors.As(err, &refusal):
		return nil, refused(refusal, server)
	case within.Err() != nil:
		return nil, &Error{Kind: Silent, Err: err}
	}
	return nil, &Error{Kind: NoRoute, Err: fmt.Errorf("%w: %w", errBroken, err)}
}

// pump carries what arrives from the jump host into the tunnel.
func (c *conn) pump(far net.Conn) *tunnel {
	in, out := io.Pipe()
	c.work.Go(func() {
		_, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{far}, make([]byte, 8<<10))
		out.CloseWithError(err)
	})
	return &tunnel{Conn: far, in: in}
}

// refused tells of a connection that a jump host did not make. When it makes none for anybody, that is its own fault.
func refused(refusal *gossh.OpenChannelError, server Server) *Error {
	e := &Error{Kind: tunnelKind(refusal), Err: refusal}
	if e.Kind == JumpForbidden {
		e.Jump = server.Jump.label()
	}
	return e
}

// tunnelKind reads why a jump host made no connection. sshd says it in the words of its C library.
func tunnelKind(e *gossh.OpenChannelError) Kind {
	said := strings.ToLower(e.Message)
	switch {
	case e.Reason == gossh.Prohibited, e.Reason == gossh.UnknownChannelType:
		return JumpForbidden
	case strings.Contains(said, "refused"):
		return Refused
	case strings.Contains(said, "timed out"):
		return Silent
	case strings.Contains(said, "not known"), strings.Contains(said, "name resolution"), strings.Contains(said, "no address"):
		return NameNotFound
	}
	return NoRoute
}
