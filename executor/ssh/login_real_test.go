package ssh_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

func TestRealLogin(t *testing.T) {
	t.Parallel()
	private, public := newKey(t)
	other, _ := newKey(t)
	user := addUser(t, "login", "", sshd.NoSudo)
	keysOnly := []string{"PasswordAuthentication no", "KbdInteractiveAuthentication no"}
	for name, c := range map[string]struct {
		options  []string
		login    ssh.Login
		want     ssh.Kind
		failures int // that sshd has logged: each counts towards a lock-out
	}{
		"key":                       {keysOnly, ssh.Login{PrivateKey: private}, "", 0},
		"password":                  {nil, ssh.Login{Password: password}, "", 0},
		"keyboard-interactive only": {[]string{"UsePAM yes", "PasswordAuthentication no", "KbdInteractiveAuthentication yes"}, ssh.Login{Password: password}, "", 0},
		"wrong key, right password": {nil, ssh.Login{PrivateKey: other, Password: password}, "", 0},
		"key and then password":     {[]string{"AuthenticationMethods publickey,password"}, ssh.Login{PrivateKey: private, Password: password}, "", 0},
		"wrong key":                 {keysOnly, ssh.Login{PrivateKey: other}, ssh.LoginRefused, 0},
		"wrong password":            {nil, ssh.Login{Password: "wrong-password"}, ssh.LoginRefused, 1},
		"wrong password, PAM too":   {[]string{"UsePAM yes", "KbdInteractiveAuthentication yes"}, ssh.Login{Password: "wrong-password"}, ssh.LoginRefused, 1},
		"wrong password, PAM only":  {[]string{"UsePAM yes", "PasswordAuthentication no", "KbdInteractiveAuthentication yes"}, ssh.Login{Password: "wrong-password"}, ssh.LoginRefused, 1},
		"password not offered":      {keysOnly, ssh.Login{Password: password}, ssh.LoginRefused, 0},
		"nothing to log in with":    {nil, ssh.Login{}, ssh.LoginRefused, 0},
		"old key exchange":          {[]string{"KexAlgorithms diffie-hellman-group1-sha1"}, ssh.Login{Password: password}, ssh.AlgorithmMismatch, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSSHD(t, sshd.Config{AuthorizedKeys: []string{public}, Options: c.options})
			server := at(s, user)
			server.Login = c.login
			res, err := client().Run(t.Context(), server, ssh.Command{Text: "echo in"})
			if kind(err) != c.want || (err == nil) != (res.Stdout == "in\n") {
				t.Fatalf("%+v, %v, want %q\n%s", res, err, c.want, s.Log())
			}
			if err != nil && (!err.(*ssh.Error).Unreachable() || strings.Contains(err.Error()+err.(*ssh.Error).Sentence(), "wrong-password")) {
				t.Fatalf("%+v", err)
			}
			eventually(t, func() bool { return failures(s.Log()) >= c.failures }) // the log comes later
			if n := failures(s.Log()); n != c.failures {
				t.Fatalf("%d failed logins, want %d\n%s", n, c.failures, s.Log())
			}
		})
	}
}

func failures(log string) int {
	return strings.Count(log, "Failed password") + strings.Count(log, "PAM: Authentication failure")
}

func TestRealHostKeys(t *testing.T) {
	t.Parallel()
	_, foreign := newKey(t)
	user := addUser(t, "hostkey", "", sshd.NoSudo)
	all := startSSHD(t, sshd.Config{KeyTypes: []string{"rsa", "ecdsa", "ed25519"}})
	rsaOnly := startSSHD(t, sshd.Config{KeyTypes: []string{"rsa"}})
	rsa, ecdsa, ed25519 := all.HostKeys()[0], all.HostKeys()[1], all.HostKeys()[2]
	for name, c := range map[string]struct {
		server *sshd.Server
		pins   []string
		want   ssh.Kind
	}{
		"ed25519 only":           {all, []string{ed25519}, ""},
		"rsa only":               {all, []string{rsa}, ""},
		"ecdsa only":             {all, []string{ecdsa}, ""},
		"all":                    {all, []string{rsa, ecdsa, ed25519}, ""},
		"a type of the future":   {all, []string{"ssh-mldsa-99 AAAA", ed25519}, ""},
		"changed":                {all, []string{foreign}, ssh.HostKeyChanged},
		"another type now":       {rsaOnly, []string{ed25519}, ssh.HostKeyChanged},
		"none":                   {all, nil, ssh.HostKeyUnknown},
		"none that can be read":  {all, []string{"rubbish"}, ssh.HostKeyUnknown},
		"one of two has changed": {all, []string{foreign, rsa}, ssh.HostKeyChanged},
	} {
		t.Run(name, func(t *testing.T) {
			server := at(c.server, user)
			server.HostKeys = c.pins
			_, err := client().Run(t.Context(), server, ssh.Command{Text: "true"})
			if kind(err) != c.want {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
	if log := all.Log(); strings.Contains(log, "Failed") {
		t.Fatalf("something was sent to a server that is not trusted:\n%s", log)
	}
}

func TestRealScan(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{KeyTypes: []string{"rsa", "ecdsa", "ed25519"}})
	host, port := s.Addr()
	keys, err := client().ScanHostKeys(t.Context(), host, port)
	if err != nil || len(keys) != 3 {
		t.Fatalf("%+v, %v", keys, err)
	}
	for i, want := range []int{2, 1, 0} {
		line, _, _ := strings.Cut(s.HostKeys()[want], " root@")
		if keys[i].AuthorizedKey != strings.Join(strings.Fields(line)[:2], " ") || !strings.HasPrefix(keys[i].Fingerprint, "SHA256:") {
			t.Errorf("%d: %+v, want %s", i, keys[i], line)
		}
	}
}

// pam_nologin closes the connection while a server starts up or goes down, and the banner says why. The login is as good as
// before once it lets people in.
func TestRealNologin(t *testing.T) {
	t.Parallel()
	dir := commonDir(t)
	service, nologin := filepath.Join(dir, "pam"), filepath.Join(dir, "nologin")
	rules := "auth required pam_unix.so\naccount required pam_nologin.so file=" + nologin + "\naccount required pam_unix.so\nsession required pam_permit.so\n"
	if err := errors.Join(os.WriteFile(service, []byte(rules), 0o644), os.WriteFile(nologin, []byte("System is booting up.\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	private, public := newKey(t)
	s := startSSHD(t, sshd.Config{AuthorizedKeys: []string{public}, Options: []string{"UsePAM yes"}, Replace: map[string]string{"/etc/pam.d/sshd": service}})
	user := addUser(t, "booting", "", sshd.NoSudo)
	c := pooled(t, ssh.Limits{})
	for name, login := range map[string]ssh.Login{"key": {PrivateKey: private}, "password": {Password: password}} {
		server := at(s, user)
		server.Login = login
		_, err := c.Run(t.Context(), server, ssh.Command{Text: "true"})
		if e := failure(err); e.Kind != ssh.LoginClosed || !e.Unreachable() || !strings.HasSuffix(e.Sentence(), "It said: System is booting up.") {
			t.Errorf("%s: %v: %s\n%s", name, err, e.Sentence(), s.Log())
		}
	}
	if err := os.Remove(nologin); err != nil {
		t.Fatal(err)
	}
	run(t, c, at(s, user), "true")
}

// What a server says before the login is kept with the refusal.
func TestRealClosedWithBanner(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{Options: []string{"Banner /etc/hostname", "LoginGraceTime 1"}})
	server := at(s, addUser(t, "banner", "", sshd.NoSudo))
	server.Login.Password = "wrong-password"
	_, err := client().Run(t.Context(), server, ssh.Command{Text: "true"})
	if kind(err) != ssh.LoginRefused || err.(*ssh.Error).Banner == "" {
		t.Fatalf("%+v", err)
	}
}

func TestRealThrottled(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{Options: []string{"MaxStartups 1:100:1"}})
	server := at(s, addUser(t, "throttle", "", sshd.NoSudo))
	idle := dial(t, server)
	defer idle.Close()
	if _, err := idle.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	c := ssh.NewClient(ssh.Limits{Login: 2 * time.Second})
	_, err := c.Run(t.Context(), server, ssh.Command{Text: "true"})
	if kind(err) != ssh.Throttled {
		t.Fatalf("%v\n%s", err, s.Log())
	}
}
