package ssh_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
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
	res, err := ssh.NewClient(ssh.Limits{}).Run(t.Context(), server, ssh.Command{Text: "x", Secrets: []string{"api-token-9"}})
	if err != nil || res.Stdout != "login [redacted], other [redacted], bold\n" || res.Stderr != "[redacted]\n" {
		t.Fatalf("%+v, %v", res, err)
	}
}

// TestLogFile: it is made only for an output that is more than what is kept, holds all of that without its secrets, in the
// order in which it came, for the owner alone, and takes the place of an older one only when it is whole.
func TestLogFile(t *testing.T) {
	const lines = 20_000
	logFile := filepath.Join(t.TempDir(), "logs", "log")
	var much atomic.Bool
	_, server := inProcess(t, func(s *sshtest.Session) int {
		for i := 0; i < lines && much.Load() || i < 1000; i++ {
			fmt.Fprintf(s.Stdout, "line %d with %s\n", i, password)
		}
		if _, err := os.Stat(logFile); !errors.Is(err, fs.ErrNotExist) {
			t.Error("it is there before it is whole", err)
		}
		return 0
	})
	client := ssh.NewClient(ssh.Limits{})
	defer client.Close()
	for _, big := range []bool{false, true} {
		much.Store(big)
		res, err := client.Run(t.Context(), server, ssh.Command{Text: "x", LogFile: logFile})
		text, missing := os.ReadFile(logFile)
		if err != nil || res.LogTruncated || res.LogError != nil || res.StdoutTruncated != big || (missing == nil) != big || res.LogSize != int64(len(text)) {
			t.Fatalf("%d bytes, %v, %v, %v", res.LogSize, res.LogError, missing, err)
		}
		if !big {
			continue
		}
		if got := strings.Count(string(text), "\n"); got != lines || !strings.HasPrefix(string(text), "line 0 with [redacted]\nline 1 ") || strings.Contains(string(text), password) {
			t.Errorf("%d lines: %.80q", got, text)
		}
		for name, mode := range map[string]os.FileMode{logFile: 0o600, filepath.Dir(logFile): 0o700 | os.ModeDir} {
			if info, err := os.Stat(name); err != nil || info.Mode() != mode {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if left, err := os.ReadDir(filepath.Dir(logFile)); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

// TestLogFileThatCannotBeMade does not fail the command.
func TestLogFileThatCannotBeMade(t *testing.T) {
	_, server := inProcess(t, func(s *sshtest.Session) int {
		fmt.Fprint(s.Stdout, strings.Repeat("much\n", 100_000))
		return 3
	})
	inTheWay := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := ssh.NewClient(ssh.Limits{}).Run(t.Context(), server, ssh.Command{Text: "x", LogFile: filepath.Join(inTheWay, "log")})
	if err != nil || res.ExitCode != 3 || res.LogError == nil || !res.LogTruncated || res.LogSize != 0 || !strings.HasSuffix(res.Stdout, "much\n") {
		t.Fatalf("%d, %v, %v", res.ExitCode, res.LogError, err)
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

// kinds are all that there are.
func kinds(t *testing.T) (all []ssh.Kind) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Kind" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, ssh.Kind(text))
		}
		return true
	})
	if len(all) < 30 {
		t.Fatalf("only %d kinds", len(all))
	}
	return all
}

func TestSentences(t *testing.T) {
	seen := map[string]ssh.Kind{}
	for _, k := range kinds(t) {
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
