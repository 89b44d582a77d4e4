package ssh_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

var keysOnly = []string{"PasswordAuthentication no", "KbdInteractiveAuthentication no"}

// startAgent runs an ssh-agent with keys, and returns its socket. Whoever is asked for a confirmation says no.
func startAgent(t *testing.T, private ...[]byte) string {
	t.Helper()
	var keys []agent.AddedKey
	for _, pem := range private {
		keys = append(keys, agent.AddedKey{PrivateKey: rawKey(t, pem)})
	}
	return startAgentWith(t, keys...)
}

func rawKey(t *testing.T, pem []byte) any {
	t.Helper()
	key, err := gossh.ParseRawPrivateKey(pem)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func startAgentWith(t *testing.T, keys ...agent.AddedKey) string {
	t.Helper()
	needSSHD(t)
	socket := filepath.Join(t.TempDir(), "agent")
	cmd := exec.Command("ssh-agent", "-D", "-a", socket)
	cmd.Env = append(os.Environ(), "SSH_ASKPASS=/bin/false", "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:0")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	var nc net.Conn
	eventually(t, func() bool { // the file is there a moment before anybody listens
		var err error
		nc, err = net.Dial("unix", socket)
		return err == nil
	})
	defer nc.Close()
	held := agent.NewClient(nc)
	for _, key := range keys {
		if err := held.Add(key); err != nil {
			t.Fatal(err)
		}
	}
	return socket
}

func TestRealAgent(t *testing.T) {
	t.Parallel()
	private, public := newKey(t)
	var many [][]byte
	for range 8 {
		other, _ := newKey(t)
		many = append(many, other)
	}
	guarded, guardedPublic := newKey(t)
	asks, good := agent.AddedKey{PrivateKey: rawKey(t, guarded), ConfirmBeforeUse: true}, agent.AddedKey{PrivateKey: rawKey(t, private)}
	s := startSSHD(t, sshd.Config{AuthorizedKeys: []string{public, guardedPublic}, Options: keysOnly})
	server := at(s, addUser(t, "agent", "", sshd.NoSudo))
	for name, c := range map[string]struct {
		login ssh.Login
		want  ssh.Kind
		says  string
	}{
		"its only key":           {ssh.Login{AgentSocket: startAgent(t, private)}, "", ""},
		"its fifth key":          {ssh.Login{AgentSocket: startAgent(t, append(many[:4:4], private)...)}, "", ""},
		"its sixth key":          {ssh.Login{AgentSocket: startAgent(t, append(many[:5:5], private)...)}, ssh.LoginRefused, "only the first 5 were offered"},
		"more than may be tried": {ssh.Login{AgentSocket: startAgent(t, many...)}, ssh.LoginRefused, "only the first 5 were offered"},
		"none that is right":     {ssh.Login{AgentSocket: startAgent(t, many[:5]...)}, ssh.LoginRefused, "check the user name and the credential"},
		"a key of our own first": {ssh.Login{PrivateKey: private, AgentSocket: startAgent(t, many...)}, "", ""},
		"one that may not sign":  {ssh.Login{AgentSocket: startAgentWith(t, asks)}, ssh.AgentMissing, "did not sign"},
		"a good one behind it":   {ssh.Login{AgentSocket: startAgentWith(t, asks, good)}, "", ""},
		"a good one before it":   {ssh.Login{AgentSocket: startAgentWith(t, good, asks)}, "", ""},
		"no key in it":           {ssh.Login{AgentSocket: startAgent(t)}, ssh.AgentMissing, "got no key from its ssh-agent"},
		"no agent":               {ssh.Login{AgentSocket: filepath.Join(t.TempDir(), "none")}, ssh.AgentMissing, "got no key from its ssh-agent"},
	} {
		t.Run(name, func(t *testing.T) {
			server := server
			server.Login = c.login
			_, err := pooled(t, ssh.Limits{}).Run(t.Context(), server, ssh.Command{Text: "true"})
			if kind(err) != c.want || (err != nil && (!failure(err).Unreachable() || !strings.Contains(failure(err).Sentence(), c.says))) {
				t.Fatalf("%v: %s, want %q\n%s", err, failure(err).Sentence(), c.want, s.Log())
			}
		})
	}
	// sshd counts a refused key whatever the agent did with the one before.
	c := pooled(t, ssh.Limits{})
	server.Login = ssh.Login{AgentSocket: startAgentWith(t, asks, agent.AddedKey{PrivateKey: rawKey(t, many[0])})}
	for _, want := range []ssh.Kind{ssh.AgentMissing, ssh.HeldBack} {
		if _, err := c.Run(t.Context(), server, ssh.Command{Text: "true"}); kind(err) != want {
			t.Errorf("a refused key behind one that was not signed with: %v, want %s", err, want)
		}
	}
	if strings.Contains(s.Log(), "Too many authentication failures") {
		t.Errorf("more keys were offered than sshd allows:\n%s", s.Log())
	}
}

// certify lets ssh-keygen sign a public key, and returns the certificate.
func certify(t *testing.T, ca, public []byte, user, validity string) []byte {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string][]byte{"ca": ca, "key.pub": public} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("ssh-keygen", "-q", "-s", filepath.Join(dir, "ca"), "-I", "drover", "-n", user, "-V", validity, filepath.Join(dir, "key.pub")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	certificate, err := os.ReadFile(filepath.Join(dir, "key-cert.pub"))
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func TestRealCertificate(t *testing.T) {
	t.Parallel()
	needSSHD(t)
	ca, caPublic := newKey(t)
	private, public := newKey(t)
	other, _ := newKey(t)
	trusted := filepath.Join(t.TempDir(), "ca.pub")
	if err := os.WriteFile(trusted, []byte(caPublic+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := startSSHD(t, sshd.Config{Options: append([]string{"TrustedUserCAKeys " + trusted}, keysOnly...)})
	user := addUser(t, "cert", "", sshd.NoSudo)
	server := at(s, user)
	good := certify(t, ca, []byte(public+"\n"), user, "-5m:+1h")
	old := certify(t, ca, []byte(public+"\n"), user, "-2h:-1h")
	for name, c := range map[string]struct {
		login ssh.Login
		want  ssh.Kind
	}{
		"certificate":          {ssh.Login{PrivateKey: private, Certificate: good}, ""},
		"the key alone":        {ssh.Login{PrivateKey: private}, ssh.LoginRefused},
		"expired":              {ssh.Login{PrivateKey: private, Certificate: old}, ssh.CertificateExpired},
		"for another user":     {ssh.Login{PrivateKey: private, Certificate: certify(t, ca, []byte(public+"\n"), "nobody", "-5m:+1h")}, ssh.LoginRefused},
		"of another key":       {ssh.Login{PrivateKey: other, Certificate: good}, ssh.Invalid},
		"something else":       {ssh.Login{PrivateKey: private, Certificate: []byte(public)}, ssh.Invalid},
		"something unreadable": {ssh.Login{PrivateKey: private, Certificate: []byte("rubbish")}, ssh.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			server := server
			server.Login = c.login
			if _, err := pooled(t, ssh.Limits{}).Run(t.Context(), server, ssh.Command{Text: "true"}); kind(err) != c.want {
				t.Fatalf("%v, want %q\n%s", err, c.want, s.Log())
			}
		})
	}
	for name, c := range map[string]struct {
		certificate, key []byte
		fine             bool
	}{"good": {good, private, true}, "expired": {old, private, false}, "of another key": {good, other, false}, "none": {[]byte(public), private, false}} {
		if err := ssh.CheckCertificate(c.certificate, c.key, time.Now()); (err == nil) != c.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnlockPrivateKey(t *testing.T) {
	t.Parallel()
	needSSHD(t)
	file := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", "open sesame", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	locked, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := ssh.CheckPrivateKey(locked); !errors.Is(err, ssh.ErrPassphrase) {
		t.Error(err)
	}
	if _, err := ssh.UnlockPrivateKey(locked, []byte("open barley")); err == nil || strings.Contains(err.Error(), "barley") {
		t.Error(err)
	}
	unlocked, err := ssh.UnlockPrivateKey(locked, []byte("open sesame"))
	if err != nil || ssh.CheckPrivateKey(unlocked) != nil {
		t.Error(err)
	}
}

func TestRealRefusedLoginIsNotRepeated(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "again", "", sshd.NoSudo))
	right := server.Login
	server.Login.Password = "wrong-password"
	c := pooled(t, ssh.Limits{})
	if _, err := c.Run(t.Context(), server, ssh.Command{Text: "true"}); kind(err) != ssh.LoginRefused {
		t.Fatal(err)
	}
	for range 5 {
		_, err := c.Run(t.Context(), server, ssh.Command{Text: "true"})
		e := failure(err)
		if kind(err) != ssh.HeldBack || !e.Unreachable() || !strings.Contains(e.Sentence(), e.Until.UTC().Format("15:04:05 UTC")) {
			t.Fatalf("%+v", err)
		}
	}
	eventually(t, func() bool { return failures(s.Log()) == 1 })
	server.Login = right // another password is another login
	run(t, c, server, "true")
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	b := ssh.NewBreaker(func() time.Time { return now })
	server := ssh.Server{Address: "web1.example.com", User: "ops", Login: ssh.Login{Password: "one"}}
	changed := server
	changed.Login.Password = "two"
	held := func(s ssh.Server) bool { return b.Check(s) != nil }
	for _, wait := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 600, 600} {
		b.Note(server, ssh.LoginRefused)
		now = now.Add(wait*time.Second - 1)
		if !held(server) || held(changed) {
			t.Fatalf("%v: held %v, another password held %v", wait, held(server), held(changed))
		}
		if now = now.Add(1); held(server) {
			t.Fatalf("still held after %v", wait)
		}
	}
	b.Note(server, ssh.Silent)
	if b.Note(server, ""); held(server) {
		t.Error("held after a success")
	}
	b.Note(changed, ssh.LoginRefused)
	if held(server) {
		t.Error("held after one mistake of another login")
	}
	now = now.Add(time.Minute)
	for begin, sent, penalty := now, 0, time.Duration(0); now.Before(begin.Add(time.Minute)); now = now.Add(100 * time.Millisecond) {
		penalty = max(0, penalty-100*time.Millisecond) // as sshd counts
		for _, s := range []ssh.Server{server, changed} {
			if !held(s) {
				b.Note(s, ssh.LoginRefused)
				sent, penalty = sent+1, penalty+5*time.Second
			}
		}
		if penalty >= 15*time.Second {
			t.Fatalf("%d logins that fail in turn are enough for sshd to lock drover out", sent)
		}
	}
	now = now.Add(time.Hour)
	b.Note(server, ssh.Throttled)
	if now = now.Add(15*time.Second - 1); !held(server) || !held(changed) {
		t.Error("a server that throttles is not left alone")
	}
	behind := server
	behind.Jump = &changed
	if held(behind) {
		t.Error("the same address behind a jump host is another server")
	}
}
