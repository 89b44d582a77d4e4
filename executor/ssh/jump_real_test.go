package ssh_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

// behind puts a server behind a jump host.
func behind(jump *sshd.Server, user string, server ssh.Server) ssh.Server {
	j := at(jump, user)
	j.Name = "bastion1"
	server.Jump = &j
	return server
}

func TestRealJump(t *testing.T) {
	t.Parallel()
	user := addUser(t, "jump", "", sshd.SudoPassword)
	bastion, outer := startSSHD(t, sshd.Config{}), startSSHD(t, sshd.Config{})
	c := pooled(t, ssh.Limits{})
	var all sync.WaitGroup
	for _, address := range []string{"127.0.1.1", "127.0.1.2", "127.0.1.3"} {
		s := startSSHD(t, sshd.Config{Address: address})
		server := behind(bastion, user, at(s, user))
		server.Name = address
		all.Go(func() {
			res, err := c.Run(t.Context(), server, ssh.Command{Text: "id -u; echo $SSH_CONNECTION", Sudo: false})
			if err != nil || res.Connect == 0 || res.Login == 0 {
				t.Errorf("%+v, %v", res, err)
			}
			res, err = c.Run(t.Context(), server, ssh.Command{Text: "id -u", Sudo: true})
			if err != nil || res.Stdout != "0\n" || res.Connect != 0 {
				t.Errorf("%+v, %v", res, err)
			}
			if n := logins(s); n != 1 {
				t.Errorf("%d logins", n)
			}
		})
	}
	all.Wait()
	if n := logins(bastion); n != 1 {
		t.Errorf("%d logins on the jump host", n)
	}
	far := startSSHD(t, sshd.Config{})
	twice := behind(bastion, user, at(far, user))
	second := behind(outer, user, *twice.Jump)
	second.Name = "bastion2"
	twice.Jump = &second
	run(t, c, twice, "true")
	keys, err := c.ScanHostKeysThrough(t.Context(), twice.Jump, twice.Address, twice.Port)
	if err != nil || len(keys) != 1 || !strings.HasPrefix(far.HostKeys()[0], keys[0].AuthorizedKey) {
		t.Errorf("%+v, %v", keys, err)
	}
	if n := logins(outer); n != 1 {
		t.Errorf("%d logins on the outer jump host", n)
	}
}

func TestRealJumpFailures(t *testing.T) {
	t.Parallel()
	user := addUser(t, "nojump", "", sshd.NoSudo)
	bastion := startSSHD(t, sshd.Config{})
	closed := startSSHD(t, sshd.Config{Options: []string{"AllowTcpForwarding no"}})
	s := startSSHD(t, sshd.Config{})
	_, foreign := newKey(t)
	silent := listen(t, func(nc net.Conn) { io.Copy(io.Discard, nc) })
	good := behind(bastion, user, at(s, user))
	with := func(change func(server, jump *ssh.Server)) ssh.Server {
		server, jump := good, *good.Jump
		server.Jump = &jump
		change(&server, &jump)
		return server
	}
	for name, c := range map[string]struct {
		server ssh.Server
		want   ssh.Kind
		jump   string
	}{
		"nothing listens":                 {with(func(s, _ *ssh.Server) { s.Port = 1 }), ssh.Refused, ""},
		"no such name":                    {with(func(s, _ *ssh.Server) { s.Address = "no.such.host.invalid" }), ssh.NameNotFound, ""},
		"drops packets":                   {with(func(s, _ *ssh.Server) { s.Port = fullPort(t) }), ssh.Silent, ""},
		"never speaks":                    {with(func(s, _ *ssh.Server) { s.Port = silent.Port }), ssh.NoHandshake, ""},
		"another host key":                {with(func(s, _ *ssh.Server) { s.HostKeys = []string{foreign} }), ssh.HostKeyChanged, ""},
		"wrong password":                  {with(func(s, _ *ssh.Server) { s.Login.Password = "wrong-password" }), ssh.LoginRefused, ""},
		"jump host: nothing listens":      {with(func(_, j *ssh.Server) { j.Port = 1 }), ssh.Refused, "bastion1"},
		"jump host: another host key":     {with(func(_, j *ssh.Server) { j.HostKeys = []string{foreign} }), ssh.HostKeyChanged, "bastion1"},
		"jump host: no host key":          {with(func(_, j *ssh.Server) { j.HostKeys = nil }), ssh.HostKeyUnknown, "bastion1"},
		"jump host: wrong password":       {with(func(_, j *ssh.Server) { j.Login.Password = "wrong-password" }), ssh.LoginRefused, "bastion1"},
		"jump host: never speaks":         {with(func(_, j *ssh.Server) { j.Port = silent.Port }), ssh.NoHandshake, "bastion1"},
		"jump host: forwards nothing":     {behind(closed, user, at(s, user)), ssh.JumpForbidden, "bastion1"},
		"jump host: leads back to itself": {with(func(_, j *ssh.Server) { j.Jump = j }), ssh.Invalid, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := pooled(t, ssh.Limits{Connect: 500 * time.Millisecond, Login: 5 * time.Second})
			if strings.Contains(name, "password") {
				client = pooled(t, ssh.Limits{}) // sshd takes its time for those
			}
			begin := time.Now()
			_, err := client.Run(t.Context(), c.server, ssh.Command{Text: "true"})
			e := failure(err)
			if e.Kind != c.want || e.Jump != c.jump || e.Server != "web1" || !e.NeverStarted() {
				t.Fatalf("%+v, want %q\n%s", err, c.want, bastion.Log())
			}
			if c.jump != "" && !strings.Contains(e.Sentence(), "web1 is reached through bastion1.") {
				t.Error(e.Sentence())
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// A jump host that is lost takes its tunnels with it; both are made again for the next command.
func TestRealJumpIsLost(t *testing.T) {
	t.Parallel()
	user := addUser(t, "lost", "", sshd.NoSudo)
	bastion, s := startSSHD(t, sshd.Config{}), startSSHD(t, sshd.Config{})
	server := behind(bastion, user, at(s, user))
	c := pooled(t, ssh.Limits{})
	run(t, c, server, "true")
	if _, err := c.Run(t.Context(), server, ssh.Command{Text: "sleep 100", Started: bastion.DropConnections}); kind(err) != ssh.LinkLost {
		t.Fatal(err)
	}
	run(t, c, server, "true")
	bastion.DropConnections()
	run(t, c, server, "true")
	if n := logins(bastion); n != 3 {
		t.Errorf("%d logins on the jump host", n)
	}
}

// The jump host is closed only after the connections through it.
func TestRealIdleJump(t *testing.T) {
	t.Parallel()
	user := addUser(t, "idlejump", "", sshd.NoSudo)
	bastion, s := startSSHD(t, sshd.Config{}), startSSHD(t, sshd.Config{})
	c := pooled(t, ssh.Limits{Idle: 50 * time.Millisecond})
	run(t, c, behind(bastion, user, at(s, user)), "sleep 0.3")
	eventually(t, func() bool { return c.Kept() == 0 })
	if n := logins(bastion); n != 1 {
		t.Errorf("%d logins on the jump host", n)
	}
}
