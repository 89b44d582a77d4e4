package main

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"drover/executor/sshtest/sshd"
)

// connectable is how long a port of this machine that takes connections needs for one.
const connectable = 100 * time.Millisecond

// sshdWith NAME PROGRAM starts a real sshd of which the users find PROGRAM, a file of the story, as /opt/check.
func sshdWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sshd-with NAME PROGRAM")
	}
	program, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	dir, err := os.MkdirTemp("", "drover-story-opt-")
	ts.Check(err)
	ts.Defer(func() { os.RemoveAll(dir) })
	ts.Check(errors.Join(os.Chmod(dir, 0o755), os.MkdirAll("/opt", 0o755), os.WriteFile(filepath.Join(dir, "check"), program, 0o755)))
	launch(ts, args[0], sshd.Config{Replace: map[string]string{"/opt": dir}})
}

// deaf NAME ends a server. Its port drops every packet from then on.
func deaf(ts *testscript.TestScript, neg bool, args []string) {
	address := vacate(ts, "deaf", neg, args)
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	ts.Check(err)
	ts.Defer(func() { syscall.Close(fd) })
	ts.Check(syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1))
	to := &syscall.SockaddrInet4{Port: address.Port}
	copy(to.Addr[:], address.IP.To4())
	ts.Check(errors.Join(syscall.Bind(fd, to), syscall.Listen(fd, 0)))
	for range 10 { // there is no room for connections: once those are gone, the kernel drops new ones
		nc, err := net.DialTimeout("tcp", address.String(), connectable)
		if err != nil {
			return
		}
		ts.Defer(func() { nc.Close() })
	}
	ts.Fatalf("the port of %s does not fill up", args[0])
}

// mute NAME ends a server. Its port takes connections from then on, and never says a word.
func mute(ts *testscript.TestScript, neg bool, args []string) {
	listener, err := net.ListenTCP("tcp", vacate(ts, "mute", neg, args))
	ts.Check(err)
	ts.Defer(func() { listener.Close() })
	go func() {
		for {
			nc, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				_, _ = io.Copy(io.Discard, nc)
			}()
		}
	}()
}

// vacate ends a server and returns where it was.
func vacate(ts *testscript.TestScript, name string, neg bool, args []string) *net.TCPAddr {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: %s NAME", name)
	}
	server := worldOf(ts).servers[args[0]]
	host, port := server.Addr()
	ts.Check(server.Close())
	address, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	ts.Check(err)
	return address
}
