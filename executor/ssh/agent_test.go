package ssh_test

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"drover/executor/ssh"
	"drover/executor/sshtest"
	"drover/executor/sshtest/sshd"
)

// stuck is an ssh-agent that tells its keys and then never signs.
type stuck struct {
	agent.Agent
	asked chan<- struct{}
	until <-chan struct{}
}

func (s stuck) Sign(gossh.PublicKey, []byte) (*gossh.Signature, error) {
	s.asked <- struct{}{}
	<-s.until
	return nil, io.EOF
}

// serveAgent serves an agent on a socket until the test ends.
func serveAgent(t *testing.T, a agent.Agent) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
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
				_ = agent.ServeAgent(a, nc)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return socket
}

// An agent that never signs is told of as what it is, not as a server that is slow; and a cancel does not wait for it.
func TestAgentThatHangs(t *testing.T) {
	t.Parallel()
	private, public := newKey(t)
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: rawKey(t, private)}); err != nil {
		t.Fatal(err)
	}
	until, asked := make(chan struct{}), make(chan struct{}, 2)
	socket := serveAgent(t, stuck{keys, asked, until})
	t.Cleanup(func() { close(until) })
	_, server := simulated(t, public, nil)
	server.Login = ssh.Login{AgentSocket: socket}
	begin := time.Now()
	_, err := pooled(t, ssh.Limits{Login: 500 * time.Millisecond}).Run(t.Context(), server, ssh.Command{Text: "true"})
	if kind(err) != ssh.AgentMissing || time.Since(begin) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	c := pooled(t, ssh.Limits{Login: time.Minute})
	_, err = c.Run(ctx, server, ssh.Command{Text: "true"})
	c.Close() // waits for what is still under way
	if kind(err) != ssh.Cancelled || time.Since(begin) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
}

// An agent has its time for each answer: what drover waits for before it needs another one does not count.
func TestRealAgentBehindSlowServers(t *testing.T) {
	t.Parallel()
	private, public := newKey(t)
	user := addUser(t, "slowagent", "", sshd.NoSudo)
	slow := func(wait time.Duration) ssh.Server {
		behind := at(startSSHD(t, sshd.Config{AuthorizedKeys: []string{public}, Options: keysOnly}), user)
		proxy := listen(t, func(nc net.Conn) {
			if sshtest.Wait(t.Context(), wait) {
				far := dial(t, behind)
				var both sync.WaitGroup
				both.Go(func() { io.Copy(far, nc); far.Close() })
				both.Go(func() { io.Copy(nc, far); nc.Close() })
				both.Wait()
			}
		})
		server := behind
		server.Address, server.Port = proxy.Address, proxy.Port
		server.Login = ssh.Login{AgentSocket: startAgent(t, private)}
		return server
	}
	const limit = 4 * time.Second
	server, jump := slow(limit/2), slow(limit*3/4)
	server.Jump = &jump
	run(t, pooled(t, ssh.Limits{Login: limit}), server, "true")
}
