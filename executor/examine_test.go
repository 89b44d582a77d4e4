package executor_test

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"drover/executor"
	"drover/executor/ssh"
)

// What people paste must be what sudo understands, whatever the login is called.
func TestSudoersLine(t *testing.T) {
	for user, want := range map[string]string{
		"deploy": "deploy ALL=(ALL) NOPASSWD: ALL", "web-1.a_b": "web-1.a_b ALL=(ALL) NOPASSWD: ALL",
		"ALL": `"ALL" ALL=(ALL) NOPASSWD: ALL`, "#0": `"#0" ALL=(ALL) NOPASSWD: ALL`, `a"b`: `"a\x22b" ALL=(ALL) NOPASSWD: ALL`,
	} {
		if got := executor.SudoersLine(user, false); got != want {
			t.Errorf("%s: %s, want %s", user, got, want)
		}
	}
	if _, err := exec.LookPath("visudo"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	for _, user := range []string{"deploy", "1ops", "ops@example.com", "%ops", "a,b=c:d", "ALL", "#0", `EX\ops`, `a"b`, "-x", "żaba"} {
		for _, line := range []string{executor.SudoersLine(user, false), executor.SudoersLine(user, true), executor.TerminalLine(user)} {
			file := filepath.Join(t.TempDir(), "drover")
			must(t, os.WriteFile(file, []byte(line+"\n"), 0o440))
			if out, err := exec.Command("visudo", "-cf", file).CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s", user, err, out)
			}
		}
	}
}

// The doctor says that something is well only where it has seen that: what fails before drover connects, or on the way,
// proves nothing of the server.
func TestDoctorSaysWellOnlyWhatItTried(t *testing.T) {
	const reach, hostKey, login, shell = "reach 0", "host-key 1", "login 2", "shell 3"
	want := map[ssh.Kind]string{
		ssh.Local: reach, ssh.NameNotFound: reach, ssh.Refused: reach, ssh.NoRoute: reach, ssh.Silent: reach, ssh.NoHandshake: reach,
		ssh.Throttled: reach, ssh.AlgorithmMismatch: reach, ssh.JumpForbidden: reach, ssh.TimedOut: reach, ssh.Cancelled: reach,
		ssh.HostKeyUnknown: "host-key 0", ssh.HostKeyChanged: hostKey,
		ssh.Invalid: "login 0", ssh.AgentMissing: "login 0", ssh.HeldBack: "login 0",
		ssh.LoginRefused: login, ssh.LoginClosed: login, ssh.LoginSilent: login, ssh.CertificateExpired: login,
	}
	source, err := os.ReadFile("ssh/errors.go")
	must(t, err)
	kinds := regexp.MustCompile(`Kind = "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	if len(kinds) < 30 {
		t.Fatalf("only %d kinds", len(kinds))
	}
	tell := func(e ssh.Error) string {
		check, passed := executor.Step(&e)
		return fmt.Sprint(check, " ", passed)
	}
	for _, match := range kinds {
		kind := ssh.Kind(match[1])
		if got := tell(ssh.Error{Kind: kind}); got != cmp.Or(want[kind], shell) {
			t.Errorf("%s: %s, want %s", kind, got, cmp.Or(want[kind], shell))
		}
		if got := tell(ssh.Error{Kind: kind, Jump: "bastion1"}); got != reach {
			t.Errorf("%s on the jump host: %s", kind, got)
		}
	}
	if got := tell(ssh.Error{Kind: ssh.TimedOut, Began: true}); got != shell {
		t.Errorf("a command that took too long: %s", got)
	}
}

// What a later drover thinks of a script takes no action off the whitelist that is in use. The doctor tells of it.
func TestAnActionThatIsNotAcceptedAnyMoreGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.store.AddAction(t.Context(), root, "old", `{name: old, parameters: [{name: p, type: string, pattern: '[a-z]+', default: x}], run: {linux: 'sh -c "$p"'}}`))
	must(t, w.store.AddAction(t.Context(), root, "broken", "{name: broken, surprise: true}"))
	w.listed("web1")
	if _, err := w.engine.Plan(t.Context(), w.ask(root, "old web1")); err != nil {
		t.Error(err)
	}
	list, err := executor.ExamineActions(t.Context(), w.store)
	must(t, err)
	got := map[string]executor.Grade{}
	for _, f := range list {
		got[f.Check] = f.Grade
		t.Log(f.Text)
	}
	equal(t, map[string]executor.Grade{"old": executor.Worth, "broken": executor.Wrong}, got)
}
