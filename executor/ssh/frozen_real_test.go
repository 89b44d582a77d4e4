package ssh_test

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

// TestRealFrozenPeer: a real sshd from which suddenly nothing comes, as when a cable is pulled: no connection is closed. It
// is noticed while a command runs and while the connection is only kept, and a new connection is made for the next command.
func TestRealFrozenPeer(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	origin := at(s, addUser(t, "frozen", "", sshd.NoSudo))
	var frozen atomic.Pointer[atomic.Bool] // of the connection that was made last
	server := origin
	server.Port = listen(t, func(nc net.Conn) {
		var ice atomic.Bool
		frozen.Store(&ice)
		far := dial(t, origin)
		var both sync.WaitGroup
		both.Go(func() { forward(far, nc, &ice); far.Close() })
		both.Go(func() { forward(nc, far, &ice); nc.Close() })
		both.Wait()
	}).Port
	c := pooled(t, ssh.Limits{KeepAlive: 200 * time.Millisecond, Stop: time.Second})
	begin := time.Now()
	_, err := c.Run(t.Context(), server, ssh.Command{Text: "sleep 100", Started: func() { frozen.Load().Store(true) }})
	if e := failure(err); e.Kind != ssh.LinkLost || e.NeverStarted() || e.Stop != ssh.StopUnknown || time.Since(begin) > 20*time.Second {
		t.Fatalf("%+v after %v", err, time.Since(begin))
	}
	run(t, c, server, "true")
	frozen.Load().Store(true)
	eventually(t, func() bool { return c.Kept() == 0 })
	run(t, c, server, "true")
	frozen.Load().Store(true)
	begin = time.Now()
	if run(t, c, server, "true"); time.Since(begin) > 20*time.Second { // at once: nobody has noticed yet
		t.Errorf("it took %v", time.Since(begin))
	}
	if n := logins(s); n != 4 {
		t.Errorf("%d logins", n)
	}
}
