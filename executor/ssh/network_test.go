package ssh_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"drover/executor/ssh"
	"drover/executor/sshtest"
)

func inProcess(t testing.TB, handler func(*sshtest.Session) int) (*sshtest.Server, ssh.Server) {
	t.Helper()
	s, err := sshtest.Start(sshtest.Config{
		Users:   map[string]sshtest.User{"ops": {Password: password, SudoPassword: password}},
		Handler: handler,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	host, port := s.Addr()
	return s, ssh.Server{
		Name: "web1", Address: host, Port: port, User: "ops", HostKeys: []string{s.HostKeyLine()},
		Login: ssh.Login{Password: password, SudoPassword: password},
	}
}

func dial(t testing.TB, server ssh.Server) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", net.JoinHostPort(server.Address, strconv.Itoa(server.Port)))
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// listen gives each connection to serve, and waits for all of them in the end.
func listen(t *testing.T, serve func(net.Conn)) ssh.Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer nc.Close()
				serve(nc)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	_, server := inProcess(t, nil)
	server.Port = l.Addr().(*net.TCPAddr).Port
	return server
}

func TestNoConnection(t *testing.T) {
	_, good := inProcess(t, nil)
	with := func(change func(*ssh.Server)) ssh.Server {
		s := good
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		server ssh.Server
		want   ssh.Kind
	}{
		"nothing listens":    {with(func(s *ssh.Server) { s.Port = 1 }), ssh.Refused},
		"no such name":       {with(func(s *ssh.Server) { s.Address = "no..such..host" }), ssh.NameNotFound},
		"no route":           {with(func(s *ssh.Server) { s.Address = "255.255.255.255" }), ssh.NoRoute},
		"drops packets":      {with(func(s *ssh.Server) { s.Port = fullPort(t) }), ssh.Silent},
		"never speaks":       {listen(t, func(nc net.Conn) { io.Copy(io.Discard, nc) }), ssh.NoHandshake},
		"closes at once":     {listen(t, func(net.Conn) {}), ssh.NoHandshake},
		"is not SSH":         {listen(t, func(nc net.Conn) { io.WriteString(nc, "HTTP/1.1 400 Bad Request\r\n\r\n") }), ssh.NoHandshake},
		"banner and no more": {listen(t, func(nc net.Conn) { io.WriteString(nc, "SSH-2.0-x\r\n"); io.Copy(io.Discard, nc) }), ssh.NoHandshake},
		"penalty":            {listen(t, func(nc net.Conn) { io.WriteString(nc, "Not allowed at this time\r\n") }), ssh.Throttled},
		"no address":         {with(func(s *ssh.Server) { s.Address = "" }), ssh.Invalid},
		"key that is none":   {with(func(s *ssh.Server) { s.Login.PrivateKey = []byte("rubbish") }), ssh.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c2 := ssh.NewClient(ssh.Limits{Connect: 300 * time.Millisecond, Login: 300 * time.Millisecond})
			begin := time.Now()
			_, err := c2.Run(t.Context(), c.server, ssh.Command{Text: "true"})
			if kind(err) != c.want {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			if e := err.(*ssh.Error); !e.NeverStarted() || e.Unreachable() != (c.want != ssh.Invalid) || e.Server != "web1" {
				t.Fatalf("%+v", e)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Fatalf("took %v", took)
			}
		})
	}
}

// fullPort listens with no room for connections, so that the kernel drops new ones.
func fullPort(t *testing.T) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := name.(*syscall.SockaddrInet4).Port
	for range 10 {
		nc, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), 100*time.Millisecond)
		if err != nil {
			return port
		}
		t.Cleanup(func() { nc.Close() })
	}
	t.Fatal("the port does not fill up")
	return 0
}

func TestCancelEndsEveryStage(t *testing.T) {
	silent := listen(t, func(nc net.Conn) { io.Copy(io.Discard, nc) })
	_, good := inProcess(t, nil)
	full := good
	full.Port = fullPort(t)
	for name, server := range map[string]ssh.Server{"connect": full, "handshake": silent} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("shutting down"))
			defer cancel()
			_, err := ssh.NewClient(ssh.Limits{}).Run(ctx, server, ssh.Command{Text: "true"})
			if kind(err) != ssh.TimedOut || !err.(*ssh.Error).NeverStarted() {
				t.Fatal(err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ssh.NewClient(ssh.Limits{}).Run(ctx, good, ssh.Command{Text: "true"}); kind(err) != ssh.Cancelled {
		t.Fatal(err)
	}
}

// A peer that freezes without closing the connection is noticed by the missing signs of life.
func TestFrozenPeer(t *testing.T) {
	_, behind := inProcess(t, func(s *sshtest.Session) int {
		<-s.Context().Done()
		return 0
	})
	var frozen atomic.Bool
	server := listen(t, func(nc net.Conn) {
		far := dial(t, behind)
		var both sync.WaitGroup
		both.Go(func() { forward(far, nc, &frozen); far.Close() })
		both.Go(func() { forward(nc, far, &frozen); nc.Close() })
		both.Wait()
	})
	server.HostKeys = behind.HostKeys
	c := ssh.NewClient(ssh.Limits{KeepAlive: 20 * time.Millisecond, Stop: 100 * time.Millisecond})
	begin := time.Now()
	_, err := c.Run(t.Context(), server, ssh.Command{Text: "sleep 100", Started: func() { frozen.Store(true) }})
	if kind(err) != ssh.LinkLost || err.(*ssh.Error).NeverStarted() || err.(*ssh.Error).Unreachable() {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Fatalf("noticed after %v", took)
	}
}

// forward copies until the connection ends; frozen swallows everything.
func forward(to io.Writer, from io.Reader, frozen *atomic.Bool) {
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if frozen.Load() {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
