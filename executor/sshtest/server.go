package sshtest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"sync"

	gossh "golang.org/x/crypto/ssh"
)

// Server is a running server.
type Server struct {
	config  Config
	address *net.TCPAddr

	mu       sync.Mutex
	listener net.Listener // nil while the server is down
	key      gossh.Signer
	conns    map[net.Conn]struct{}
	faults   faults
	host     Host
	closed   bool
	jobs     map[string]*job // by id

	life     context.Context // ends with Close
	end      context.CancelFunc
	logins   int
	sessions int
	work     sync.WaitGroup
}

// Start starts a server.
func Start(config Config) (*Server, error) {
	if config.Listen == "" {
		config.Listen = "127.0.0.1:0"
	}
	s := &Server{config: config, key: config.HostKey, conns: make(map[net.Conn]struct{}), jobs: make(map[string]*job)}
	s.life, s.end = context.WithCancel(context.Background())
	var err error
	if s.host, err = newHost(); err != nil {
		return nil, err
	}
	if s.key == nil {
		if s.key, err = newKey(); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return nil, fmt.Errorf("start ssh test server: %w", err)
	}
	s.address = l.Addr().(*net.TCPAddr)
	s.serve(l)
	return s, nil
}

func newKey() (gossh.Signer, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a host key: %w", err)
	}
	signer, err := gossh.NewSignerFromKey(private)
	if err != nil {
		return nil, fmt.Errorf("make a host key: %w", err)
	}
	return signer, nil
}

// Addr is where the server listens, or listened before it went down.
func (s *Server) Addr() (host string, port int) {
	return s.address.IP.String(), s.address.Port
}

// HostKeyLine is the present host key in authorized_keys form.
func (s *Server) HostKeyLine() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.TrimSpace(string(gossh.MarshalAuthorizedKey(s.key.PublicKey())))
}

// Logins is how many connections have logged in so far.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Sessions is how many commands have begun so far.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions
}

// Close ends the listener, every connection and every command, detached ones too, and waits for them.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	err := s.Down()
	s.end()
	s.work.Wait()
	return err
}

// serve accepts connections until the listener is closed.
func (s *Server) serve(l net.Listener) {
	s.listener = l
	s.work.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			if s.admit(nc, l) {
				s.work.Go(func() {
					defer s.dismiss(nc)
					s.talk(nc)
				})
			}
		}
	})
}

// admit registers a connection, unless the server went down meanwhile.
func (s *Server) admit(nc net.Conn, l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != l {
		nc.Close()
		return false
	}
	s.conns[nc] = struct{}{}
	return true
}

func (s *Server) dismiss(nc net.Conn) {
	nc.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, nc)
}

// talk serves one connection to its end.
func (s *Server) talk(nc net.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f := s.present()
	switch {
	case f.silent:
		discard(nc)
		return
	case f.bannerOnly:
		if _, err := nc.Write([]byte("SSH-2.0-OpenSSH_9.2\r\n")); err == nil {
			discard(nc)
		}
		return
	}
	var wire net.Conn = nc
	if f.latency > 0 {
		far := newSlow(ctx, nc, f.latency)
		s.work.Go(far.deliver)
		wire = far
	}
	if f.dropAfter > 0 {
		wire = &dropping{Conn: wire, left: f.dropAfter}
	}
	conn, chans, reqs, err := gossh.NewServerConn(wire, s.login(f))
	if err != nil {
		return
	}
	s.count(&s.logins)
	var channels sync.WaitGroup
	defer channels.Wait()
	defer cancel()
	channels.Go(func() { answer(reqs) })
	for nch := range chans {
		channels.Go(func() { s.channel(ctx, conn, nch) })
	}
}

func (s *Server) count(n *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
}

// answer refuses every global request, which is what OpenSSH does with a keepalive.
func answer(reqs <-chan *gossh.Request) {
	for req := range reqs {
		if req.WantReply {
			_ = req.Reply(false, nil)
		}
	}
}

// discard reads until the other side or Close ends the connection.
func discard(nc net.Conn) {
	buf := make([]byte, 512)
	for {
		if _, err := nc.Read(buf); err != nil {
			return
		}
	}
}
