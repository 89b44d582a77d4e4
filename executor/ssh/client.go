package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// Client runs commands. It is safe for any number of goroutines. It keeps connections
// for a while, because a login costs ten times as much as a command.
type Client struct {
	limits  Limits
	keys    keyring
	secrets redactors
	pool    *pool
	breaker *breaker
}

// NewClient makes a client with these limits; zero ones are filled with defaults. It is
// closed with Close.
func NewClient(limits Limits) *Client {
	limits = limits.withDefaults()
	return &Client{
		limits: limits, pool: newPool(limits.Idle, mostKept()),
		breaker: newBreaker(time.Now),
	}
}

// Close ends every connection, and with it the commands that run, and waits until all
// are gone. The client runs nothing any more.
func (c *Client) Close() { c.pool.close() }

// Run runs a command on a server and returns when it has ended. It uses a connection
// that was kept, if there is one, and makes another one when that turns out to be broken
// before the command was sent; never after. A login is not tried twice. When ctx ends, or the command's time is up, the command
// is stopped on the server too, and Run waits up to Limits.Stop for the confirmation.
//
// A command that ends by itself is not an error, whatever its exit status. Otherwise
// the error is an *Error, and the Result holds what is known.
func (c *Client) Run(ctx context.Context, server Server, cmd Command) (Result, error) {
	res := Result{ExitCode: -1}
	if err := validate(server, cmd); err != nil {
		return res, named(&Error{Kind: Invalid, Err: err}, server)
	}
	var log *logFile
	if cmd.LogFile != "" {
		log = &logFile{path: cmd.LogFile}
	}
	err := c.run(ctx, server, cmd, log, &res)
	log.close(res.StdoutTruncated || res.StderrTruncated, &res)
	if err != nil {
		e := named(err, server)
		res.Stop = e.Stop
		return res, e
	}
	if res.Reason = reason(cmd, res); res.Reason != nil {
		res.Reason.Server = server.label()
	}
	return res, nil
}

func (c *Client) run(ctx context.Context, server Server, cmd Command, log *logFile, res *Result) error {
	secrets := c.secrets.of(server.Login, cmd.Secrets)
	replaced := false
	for moves := 0; ; moves++ {
		lane, err := c.lane(ctx, server, cmd, replaced, res)
		if err != nil {
			return err
		}
		begin := time.Now()
		s := newSession(lane, c.limits, server, cmd, secrets, log)
		err = s.run(ctx, res)
		res.Run = time.Since(begin)
		broken, crowded := s.broken(ctx), s.crowded()
		lane.leave()
		if (crowded && moves < maxSessions) || (broken && !replaced) {
			replaced = replaced || broken
			continue
		}
		s.finish(res)
		return err
	}
}

// lane finds a connection for a command.
func (c *Client) lane(ctx context.Context, server Server, cmd Command, replace bool, res *Result) (*lane, error) {
	if cmd.Fresh || cmd.Raw {
		own, took, err := c.dial(ctx, server)
		if err != nil {
			return nil, err
		}
		res.Connect, res.Login = took.connect, took.login
		c.pool.adopt(own)
		return newLane(own, false), nil
	}
	shared, took, warm, err := c.pool.acquire(ctx, want{
		key: identify(server), name: server.Name, fresh: replace,
		dial: func(ctx context.Context) (*conn, times, error) { return c.dial(ctx, server) },
	})
	if err != nil {
		return nil, err
	}
	res.Connect, res.Login = took.connect, took.login
	return newLane(shared, warm), nil
}

// dial connects and logs in, unless the server must be left alone for now.
func (c *Client) dial(ctx context.Context, server Server) (*conn, times, error) {
	if err := c.breaker.check(server); err != nil {
		return nil, times{}, err
	}
	pinned := parsePins(server.HostKeys)
	if len(pinned) == 0 {
		return nil, times{}, &Error{Kind: HostKeyUnknown, Err: errors.New("no usable host key is pinned")}
	}
	login, err := c.methods(ctx, server.Login)
	if err != nil {
		return nil, times{}, err
	}
	defer login.close()
	var took times
	begin := time.Now()
	nc, via, err := c.reach(ctx, server)
	if err != nil {
		return nil, took, err
	}
	took.connect = time.Since(begin)
	begin = time.Now()
	client, err := c.login(ctx, nc, server, pinned, login)
	if err != nil {
		if via != nil {
			c.pool.release(via, tunnelHold)
		}
		return nil, took, err
	}
	took.login = time.Since(begin)
	return newConn(client, via, c.limits.KeepAlive), took, nil
}

// login logs in, and remembers how that went.
func (c *Client) login(ctx context.Context, nc net.Conn, server Server, pinned pins, login *methods) (*gossh.Client, error) {
	h := handshake{nc: &greeting{Conn: nc}, address: server.hostPort(), limit: c.limits.Login, release: login.close, config: gossh.ClientConfig{
		Config: secure(), User: server.User, AuthCallback: login.next,
		HostKeyCallback: pinned.check, HostKeyAlgorithms: pinned.algorithms(),
	}}
	client, err := h.run(ctx)
	if err == nil {
		c.breaker.note(server, "")
		return client, nil
	}
	var e *Error
	if errors.As(err, &e) {
		c.breaker.note(server, e.Kind) // as the server sees it, whatever the cause was
		login.explain(e)
	}
	return nil, err
}

func validate(server Server, cmd Command) error {
	if err := validateServer(server, maxJumps); err != nil {
		return err
	}
	switch {
	case cmd.Text == "" || strings.ContainsRune(cmd.Text, 0):
		return errors.New("the command is empty or holds a NUL byte")
	case len(cmd.Text) > maxText:
		return errors.New("the command is longer than 64 KiB")
	case (cmd.attach || cmd.Detach != "") && !jobID.MatchString(cmd.Detach):
		return errors.New("the job's id is not a UUID")
	case cmd.Detach != "" && cmd.Raw:
		return errors.New("a device without a shell keeps no jobs")
	case cmd.Raw && cmd.Sudo:
		return errors.New("a device without a shell has no sudo")
	}
	return nil
}

func validateServer(server Server, jumps int) error {
	switch {
	case server.Address == "" || server.User == "":
		return errors.New("the server has no address or no user")
	case server.Port < 0 || server.Port > 65535:
		return errors.New("the port is out of range")
	case server.Jump == nil:
		return nil
	case jumps == 0:
		return fmt.Errorf("it is reached through more than %d jump hosts", maxJumps)
	}
	return validateServer(*server.Jump, jumps-1)
}

// maxText keeps the command line below the 128 KiB that Linux allows for one argument.
const maxText = 64 << 10

// named makes sure that every error is an *Error and knows its server. It makes a new
// one: several commands may share the failure of one login.
func named(err error, server Server) *Error {
	named := Error{Kind: Local, Err: err}
	var e *Error
	if errors.As(err, &e) {
		named = *e
	}
	named.Server = server.label()
	return &named
}
