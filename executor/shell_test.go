package executor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"drover/executor/action"
	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

// hostile are the characters that some shell somewhere gives a meaning to.
const hostile = "'\"`$\\;&|<>(){}[]*?!~#%^=+-@:/,._ ab1é✓"

// TestNoValueBecomesShell sends parameter values through the whole way: an action file, the renderer, the wrapper, a
// real sshd, and a /bin/sh that is dash, bash or busybox. The command must get exactly the value, as one word.
func TestNoValueBecomesShell(t *testing.T) {
	if err := sshd.Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	user, err := sshd.AddUser("shells", "secret", "", sshd.NoSudo)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = user.Close() })
	for _, shell := range []string{"dash", "bash", "busybox"} {
		t.Run(shell, func(t *testing.T) { noValueBecomesShell(t, user, "/bin/"+shell) })
	}
}

func noValueBecomesShell(t *testing.T, user *sshd.User, shell string) {
	server, err := sshd.Start(sshd.Config{Replace: map[string]string{"/bin/sh": shell}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	host, port := server.Addr()
	target := ssh.Server{Name: "web1", Address: host, Port: port, User: user.Name, HostKeys: server.HostKeys(), Login: ssh.Login{Password: "secret"}}
	client := ssh.NewClient(ssh.Limits{})
	canary := filepath.Join(os.TempDir(), fmt.Sprintf("drover-canary-%d", port))
	values := rapid.SliceOfN(rapid.OneOf(
		rapid.StringOfN(rapid.RuneFrom([]rune(hostile)), 1, 40, -1),
		rapid.SampledFrom([]string{
			"$(touch " + canary + ")", "`touch " + canary + "`", "; touch " + canary, "'; touch " + canary + "; '",
			`"; touch ` + canary + `; "`, "a\\", "*", "~root", "!!", "a b  c", "{a,b}", "$0", "${IFS}", "#x", "A=b", "%s%n",
		}),
	), batchSize, batchSize)
	for name, a := range echoes(t) {
		for seed := range batches {
			raw, want := accepted(a, values.Example(seed))
			bound, err := a.Bind(raw)
			if err != nil {
				t.Fatal(err)
			}
			command, err := a.Command(action.Linux, bound)
			if err != nil {
				t.Fatal(err)
			}
			result, err := client.Run(t.Context(), target, ssh.Command{Text: command})
			if err != nil {
				t.Fatal(err)
			}
			if result.Stdout != want || result.ExitCode != 0 {
				t.Fatalf("%s, seed %d: %q arrived as %q, exit %d, %s", name, seed, want, result.Stdout, result.ExitCode, result.Stderr)
			}
		}
	}
	if _, err := os.Stat(canary); !os.IsNotExist(err) {
		t.Fatal("a value was executed")
	}
}

// A login costs far more than a value, so many values go in one command.
const (
	batches   = 12
	batchSize = 25
)

// echoes are an action in each of the two forms that prints each of its parameters in brackets.
func echoes(t *testing.T) map[string]*action.Action {
	var parameters, words, variables []string
	for i := range batchSize {
		parameters = append(parameters, fmt.Sprintf("{name: v%d, type: string, default: none}", i))
		words = append(words, fmt.Sprintf(`"{{v%d}}"`, i))
		variables = append(variables, fmt.Sprintf(`"$v%d"`, i))
	}
	file := "{name: echo, parameters: [" + strings.Join(parameters, ", ") + "], run: {linux: %s}}"
	return map[string]*action.Action{
		"argv":   parse(t, fmt.Sprintf(file, `[printf, "[%s]", `+strings.Join(words, ", ")+"]")),
		"script": parse(t, fmt.Sprintf(file, `'printf "[%s]" `+strings.Join(variables, " ")+"'")),
	}
}

// accepted leaves out the values that the action refuses, and says what it must print for the others.
func accepted(a *action.Action, values []string) (raw map[string]string, want string) {
	raw = map[string]string{}
	for i, value := range values {
		name := fmt.Sprintf("v%d", i)
		if _, err := a.Bind(map[string]string{name: value}); err != nil {
			value = "none"
		}
		raw[name] = value
		want += "[" + value + "]"
	}
	return raw, want
}

func parse(t *testing.T, yaml string) *action.Action {
	t.Helper()
	a, err := action.Parse([]byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return a
}
