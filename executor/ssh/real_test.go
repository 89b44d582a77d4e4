package ssh_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

const password = "correct-horse-7"

// needSSHD skips a test where real servers cannot run; in CI that is a failure.
func needSSHD(t testing.TB) {
	t.Helper()
	err := sshd.Available()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// newKey makes a key pair: the private PEM and the authorized_keys line.
func newKey(t testing.TB) (private []byte, public string) {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := gossh.MarshalPrivateKey(priv, "")
	if err != nil {
		t.Fatal(err)
	}
	key, err := gossh.NewPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block), strings.TrimSpace(string(gossh.MarshalAuthorizedKey(key)))
}

func startSSHD(t testing.TB, config sshd.Config) *sshd.Server {
	t.Helper()
	needSSHD(t)
	s, err := sshd.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func addUser(t testing.TB, name, shell string, sudo sshd.Sudo) string {
	t.Helper()
	needSSHD(t)
	u, err := sshd.AddUser(name, password, shell, sudo)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := u.Close(); err != nil {
			t.Error(err)
		}
	})
	return u.Name
}

func at(s *sshd.Server, user string) ssh.Server {
	host, port := s.Addr()
	return ssh.Server{
		Name: "web1", Address: host, Port: port, User: user, HostKeys: s.HostKeys(),
		Login: ssh.Login{Password: password, SudoPassword: password},
	}
}

func client() *ssh.Client {
	return ssh.NewClient(ssh.Limits{Linger: 200 * time.Millisecond})
}

func kind(err error) ssh.Kind {
	var e *ssh.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}
