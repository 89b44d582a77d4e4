package sshtest

import (
	"fmt"
	"net"
	"time"
)

// faults are the ones that are switched on. A connection keeps those of its beginning,
// noExitStatus excepted.
type faults struct {
	silent, bannerOnly, refuseLogin, noExitStatus bool
	latency                                       time.Duration
	dropAfter                                     int64
}

func (s *Server) present() faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

func (s *Server) set(change func(*faults)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.faults)
}

// Down drops every connection and refuses new ones until Up.
func (s *Server) Down() error {
	s.mu.Lock()
	l := s.listener
	s.listener = nil
	s.mu.Unlock()
	var err error
	if l != nil {
		err = l.Close()
	}
	s.DropConnections()
	return err
}

// Up listens again, on the same port.
func (s *Server) Up() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil || s.closed {
		return nil
	}
	l, err := net.Listen("tcp", s.address.String())
	if err != nil {
		return fmt.Errorf("bring ssh test server up: %w", err)
	}
	s.serve(l)
	return nil
}

// DropConnections breaks every connection: the link is lost in the middle of whatever runs.
func (s *Server) DropConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for nc := range s.conns {
		if tcp, ok := nc.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset, as a broken link shows itself
		}
		nc.Close()
	}
}

// SetSilent: connections are accepted and never spoken to.
func (s *Server) SetSilent(on bool) { s.set(func(f *faults) { f.silent = on }) }

// SetBannerOnly: the server says its version and then nothing.
func (s *Server) SetBannerOnly(on bool) { s.set(func(f *faults) { f.bannerOnly = on }) }

// SetLatency delays everything that the server sends on new connections, as a long way
// does: a round trip costs this much more.
func (s *Server) SetLatency(d time.Duration) { s.set(func(f *faults) { f.latency = d }) }

// SetRefuseLogin: no key and no password is right.
func (s *Server) SetRefuseLogin(on bool) { s.set(func(f *faults) { f.refuseLogin = on }) }

// SetDropAfter breaks each new connection once the server has sent that many bytes; 0 never does.
func (s *Server) SetDropAfter(bytes int64) { s.set(func(f *faults) { f.dropAfter = bytes }) }

// SetNoExitStatus: commands end without an exit status, as on some network devices.
func (s *Server) SetNoExitStatus(on bool) { s.set(func(f *faults) { f.noExitStatus = on }) }

// NewHostKey replaces the host key for new connections, as a reinstallation does.
func (s *Server) NewHostKey() error {
	key, err := newKey()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
	return nil
}

// dropping breaks after a number of bytes. x/crypto writes from one goroutine at a time.
type dropping struct {
	net.Conn
	left int64
}

func (d *dropping) Write(p []byte) (int, error) {
	if int64(len(p)) > d.left {
		p = p[:d.left]
	}
	n, err := d.Conn.Write(p)
	if d.left -= int64(n); err == nil && d.left <= 0 {
		d.Conn.Close()
		return n, net.ErrClosed
	}
	return n, err
}
