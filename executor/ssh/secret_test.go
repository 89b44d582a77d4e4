package ssh_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gossh "golang.org/x/crypto/ssh"

	"drover/executor/ssh"
	"drover/executor/sshtest"
)

func TestNothingOfALoginCanBePrinted(t *testing.T) {
	s := ssh.Server{Name: "web1", User: "ops-user", Login: ssh.Login{PrivateKey: []byte("PEM-secret"), Password: "pass-secret", SudoPassword: "sudo-secret"}}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "server", s, "login", s.Login, "both", []any{s, s.Login})
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "server", s, "login", s.Login, "pointer", &s)
	text, err := json.Marshal(map[string]any{"server": s, "login": s.Login})
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&log, verb+verb+verb, s, s.Login, &s)
	}
	all := log.String() + string(text)
	if strings.Contains(all, "secret") || strings.Contains(all, "736563726574") || strings.Contains(all, "[112 ") {
		t.Fatal(all)
	}
	if !strings.Contains(all, "web1") {
		t.Fatal("the name is missing")
	}
}

func TestCheckPrivateKey(t *testing.T) {
	good, _ := newKey(t)
	if err := ssh.CheckPrivateKey(good); err != nil {
		t.Fatal(err)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block, err := gossh.MarshalPrivateKeyWithPassphrase(private, "", []byte("open sesame"))
	if err != nil {
		t.Fatal(err)
	}
	if err := ssh.CheckPrivateKey(pem.EncodeToMemory(block)); !errors.Is(err, ssh.ErrPassphrase) {
		t.Fatal(err)
	}
	if err := ssh.CheckPrivateKey([]byte("rubbish")); err == nil || errors.Is(err, ssh.ErrPassphrase) {
		t.Fatal(err)
	}
}

func TestSecretsLeaveNeitherOutputNorLogFile(t *testing.T) {
	_, server := inProcess(t, func(s *sshtest.Session) int {
		fmt.Fprintf(s.Stdout, "login %s, other %s, \x1b[1mbold\x1b[0m\n", password, "api-token-9")
		fmt.Fprint(s.Stderr, "api-token-")
		fmt.Fprint(s.Stderr, "9\n")
		return 0
	})
	logFile := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(logFile, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	res, err := ssh.NewClient(ssh.Limits{}).Run(t.Context(), server, ssh.Command{Text: "x", Secrets: []string{"api-token-9"}, LogFile: logFile})
	if err != nil || res.Stdout != "login [redacted], other [redacted], bold\n" || res.Stderr != "[redacted]\n" {
		t.Fatalf("%+v, %v", res, err)
	}
	text, err := os.ReadFile(logFile)
	if err != nil || len(text) != len(res.Stdout)+len(res.Stderr) || strings.Contains(string(text), "token") {
		t.Fatalf("%q, %v", text, err)
	}
	if info, err := os.Stat(logFile); err != nil || info.Mode() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
}

func TestLogFileThatCannotBeMade(t *testing.T) {
	sim, server := inProcess(t, nil)
	_, err := ssh.NewClient(ssh.Limits{}).Run(t.Context(), server, ssh.Command{Text: "x", LogFile: filepath.Join(t.TempDir(), "no", "log")})
	if kind(err) != ssh.Local || sim.Logins() != 0 {
		t.Fatalf("%v, %d logins", err, sim.Logins())
	}
}

func TestRawDeviceWithoutExitStatus(t *testing.T) {
	sim, server := inProcess(t, func(s *sshtest.Session) int {
		fmt.Fprint(s.Stdout, s.Raw+"\r\n")
		return 0
	})
	sim.SetNoExitStatus(true)
	res, err := ssh.NewClient(ssh.Limits{}).Run(t.Context(), server, ssh.Command{Text: "/system resource print", Raw: true})
	if err != nil || res.ExitCode != -1 || res.Stdout != "/system resource print\n" {
		t.Fatalf("%+v, %v", res, err)
	}
}

func TestSentences(t *testing.T) {
	kinds := []ssh.Kind{
		ssh.Invalid, ssh.Local, ssh.NameNotFound, ssh.Refused, ssh.NoRoute, ssh.Silent, ssh.NoHandshake, ssh.Throttled,
		ssh.AlgorithmMismatch, ssh.HostKeyUnknown, ssh.HostKeyChanged, ssh.LoginRefused, ssh.LoginClosed, ssh.LoginSilent,
		ssh.NoShell, ssh.SudoRefused, ssh.SudoPasswordNeeded, ssh.SudoWrongPassword, ssh.SudoMissing, ssh.NotStarted,
		ssh.KilledBySignal, ssh.TimedOut, ssh.Cancelled, ssh.NoExitStatus, ssh.LinkLost,
	}
	seen := map[string]ssh.Kind{}
	for _, k := range kinds {
		e := &ssh.Error{Kind: k, Server: "web1", Began: true, Banner: "System is\r\n booting up.", Err: errors.New("cause")}
		got := e.Sentence()
		if strings.Contains(got, "%") || !strings.Contains(got, "web1") || !strings.HasSuffix(got, "It said: System is booting up.") || strings.Contains(got, "look at drover's log.") {
			t.Errorf("%s: %s", k, got)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%s and %s say the same", k, other)
		}
		seen[got] = k
		if e.Error() != "web1: "+string(k)+": cause" || e.NeverStarted() {
			t.Errorf("%s: %v", k, e)
		}
	}
}
