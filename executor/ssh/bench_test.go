package ssh_test

import (
	"testing"

	gossh "golang.org/x/crypto/ssh"

	"drover/executor/ssh"
	"drover/executor/sshtest"
)

// BenchmarkRun compares a whole run with the bare library doing the same: connect, check
// the host key, log in with a key, run a command.
func BenchmarkRun(b *testing.B) {
	private, public := newKey(b)
	key, _, _, _, err := gossh.ParseAuthorizedKey([]byte(public))
	if err != nil {
		b.Fatal(err)
	}
	sim, err := sshtest.Start(sshtest.Config{Users: map[string]sshtest.User{"ops": {AuthorizedKeys: []gossh.PublicKey{key}}}})
	if err != nil {
		b.Fatal(err)
	}
	defer sim.Close()
	host, port := sim.Addr()
	server := ssh.Server{Address: host, Port: port, User: "ops", HostKeys: []string{sim.HostKeyLine()}, Login: ssh.Login{PrivateKey: private}}
	b.Run("drover", func(b *testing.B) {
		c := ssh.NewClient(ssh.Limits{})
		for b.Loop() {
			if _, err := c.Run(b.Context(), server, ssh.Command{Text: "true"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		signer, err := gossh.ParsePrivateKey(private)
		if err != nil {
			b.Fatal(err)
		}
		hostKey, _, _, _, err := gossh.ParseAuthorizedKey([]byte(sim.HostKeyLine()))
		if err != nil {
			b.Fatal(err)
		}
		config := &gossh.ClientConfig{User: "ops", Auth: []gossh.AuthMethod{gossh.PublicKeys(signer)}, HostKeyCallback: gossh.FixedHostKey(hostKey)}
		for b.Loop() {
			bare(b, server, config)
		}
	})
}

func bare(b *testing.B, server ssh.Server, config *gossh.ClientConfig) {
	conn, chans, reqs, err := gossh.NewClientConn(dial(b, server), server.Address, config)
	if err != nil {
		b.Fatal(err)
	}
	client := gossh.NewClient(conn, chans, reqs)
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		b.Fatal(err)
	}
	if err := session.Run("true"); err != nil {
		b.Fatal(err)
	}
}
