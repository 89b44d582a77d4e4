package executor_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"drover/executor"
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
		for _, withPassword := range []bool{false, true} {
			file := filepath.Join(t.TempDir(), "drover")
			must(t, os.WriteFile(file, []byte(executor.SudoersLine(user, withPassword)+"\n"), 0o440))
			if out, err := exec.Command("visudo", "-cf", file).CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s", user, err, out)
			}
		}
	}
}
