package ssh

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// Client runs commands. It is safe for any number of goroutines and holds no
// connections between runs.
type Client struct {
	limits Limits
	keys   keyring
}

// NewClient makes a client with these limits; zero ones are filled with defaults.
func NewClient(limits Limits) *Client {
	return &Client{limits: limits.withDefaults()}
}

// Run runs a command on a server and returns when it has ended, with every goroutine
// and the connection gone. When ctx ends, or the command's time is up, the command
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
		var err error
		if log, err = createLog(cmd.LogFile); err != nil {
			return res, named(&Error{Kind: Local, Err: err}, server)
		}
	}
	err := c.run(ctx, server, cmd, log, &res)
	res.LogTruncated, res.LogError = log.close()
	if err != nil {
		e := named(err, server)
		res.Stop = e.Stop
		return res, e
	}
	return res, nil
}

func (c *Client) run(ctx context.Context, server Server, cmd Command, log *logFile, res *Result) error {
	client, err := c.open(ctx, server, res)
	if err != nil {
		return err
	}
	alive, stopKeepAlive := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	defer background.Wait()
	defer stopKeepAlive()
	background.Go(func() { keepAlive(alive, client, c.limits.KeepAlive) })
	background.Go(func() { client.Wait() })

	begin := time.Now()
	s := newSession(client, c.limits, server, cmd, log)
	err = s.run(ctx, res)
	res.Run = time.Since(begin)
	client.Close()
	s.finish(res)
	return err
}

// open connects and logs in.
func (c *Client) open(ctx context.Context, server Server, res *Result) (*gossh.Client, error) {
	pinned := parsePins(server.HostKeys)
	if len(pinned) == 0 {
		return nil, &Error{Kind: HostKeyUnknown, Err: errors.New("no usable host key is pinned")}
	}
	login := methods{password: server.Login.Password}
	if len(server.Login.PrivateKey) > 0 {
		signer, err := c.keys.signer(server.Login.PrivateKey)
		if err != nil {
			return nil, &Error{Kind: Invalid, Err: err}
		}
		login.signer = signer
	}
	begin := time.Now()
	nc, err := connect(ctx, server.hostPort(), c.limits.Connect)
	if err != nil {
		return nil, err
	}
	res.Connect = time.Since(begin)
	begin = time.Now()
	client, err := c.login(ctx, nc, server, pinned, &login)
	if err != nil {
		return nil, err
	}
	res.Login = time.Since(begin)
	return client, nil
}

func (c *Client) login(ctx context.Context, nc net.Conn, server Server, pinned pins, login *methods) (*gossh.Client, error) {
	h := handshake{nc: &greeting{Conn: nc}, address: server.hostPort(), limit: c.limits.Login, config: gossh.ClientConfig{
		Config: secure(), User: server.User, AuthCallback: login.next,
		HostKeyCallback: pinned.check, HostKeyAlgorithms: pinned.algorithms(),
	}}
	return h.run(ctx)
}

func validate(server Server, cmd Command) error {
	switch {
	case server.Address == "" || server.User == "":
		return errors.New("the server has no address or no user")
	case server.Port < 0 || server.Port > 65535:
		return errors.New("the port is out of range")
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

// maxText keeps the command line below the 128 KiB that Linux allows for one argument.
const maxText = 64 << 10

// named makes sure that every error is an *Error and knows its server.
func named(err error, server Server) *Error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Kind: Local, Err: err}
	}
	e.Server = server.label()
	return e
}
