package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"drover/executor/sshtest/sshd"
)

// vault is what a story must keep: every secret, and what the processes of this machine showed meanwhile.
type vault struct {
	secrets map[string]string // by what it is
	dir     string            // where the story itself keeps them: nothing else may

	stop   func() // ends the watch
	leaked bool

	mu     sync.Mutex
	looked int
	seen   map[string]string // by what it is, the process that showed it
}

// secrets NAME starts a server, with a user who logs in and runs sudo with a password, and another who logs in with a key that
// has a passphrase. What they need is in files under $SECRETS, out of drover's way.
func secrets(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: secrets NAME")
	}
	dir, err := os.MkdirTemp("", "drover-secrets-")
	ts.Check(err)
	ts.Defer(func() { os.RemoveAll(dir) })
	w := worldOf(ts)
	v := &vault{dir: dir, seen: map[string]string{}, secrets: map[string]string{
		"the login password": `Lgn-5f1c0e "dq" 'sq' $HOME \n`, "the old login password": "Old-91d3aa7c0b", "the sudo password": "Sud-77ab41 &<>;|`id`",
		"the passphrase": "Pps-2c9e10 of the key", "the app token": w.slack.AppToken(), "the bot token": w.slack.BotToken(),
	}}
	file := func(name, text string) {
		ts.Check(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	file("login", v.secrets["the login password"]+"\n")
	file("old-login", v.secrets["the old login password"]+"\n")
	file("key-and-sudo", v.secrets["the passphrase"]+"\n"+v.secrets["the sudo password"]+"\n")
	file("app-token", v.secrets["the app token"]+"\n")
	file("bot-token", v.secrets["the bot token"]+"\n")
	key := filepath.Join(dir, "key")
	ts.Check(exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", v.secrets["the passphrase"], "-f", key).Run())
	public, err := os.ReadFile(key + ".pub")
	ts.Check(err)
	private, err := os.ReadFile(key)
	ts.Check(err)
	v.secrets["the private key"] = string(private)
	ts.Setenv("SECRET_PW_USER", v.user(ts, "secret-pw", "the login password"))
	ts.Setenv("SECRET_KEY_USER", v.user(ts, "secret-key", "the sudo password"))
	server, err := sshd.Start(sshd.Config{AuthorizedKeys: []string{strings.TrimSpace(string(public))}, Replace: w.fleet.fakes})
	ts.Check(err)
	ts.Defer(func() { ts.Check(server.Close()) })
	host, port := server.Addr()
	ts.Setenv(args[0]+"_HOST", host)
	ts.Setenv(args[0]+"_PORT", fmt.Sprint(port))
	ts.Setenv("SECRETS", dir)
	v.onTheServer(ts)
	w.vault = v
}

func (v *vault) user(ts *testscript.TestScript, name, secret string) string {
	user, err := sshd.AddUser(name, v.secrets[secret], "", sshd.SudoPassword)
	ts.Check(err)
	ts.Defer(func() { ts.Check(user.Close()) })
	return user.Name
}

// onTheServer leaves the secrets where a careless program leaves them, for commands to print: $LEAK.
func (v *vault) onTheServer(ts *testscript.TestScript) {
	var text strings.Builder
	for _, what := range []string{"the login password", "the sudo password", "the bot token", "the app token"} {
		secret := v.secrets[what]
		fmt.Fprintf(&text, "begin %s end\n%s\n%s\n", secret, base64.StdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte(secret)))
	}
	file := filepath.Join(v.dir, "careless.conf")
	ts.Check(os.WriteFile(file, []byte(text.String()), 0o644))
	ts.Check(os.Chmod(v.dir, 0o711))
	ts.Setenv("LEAK", file)
}

// watch looks at the command lines and environments of all processes, drover's and the servers', until the story ends.
func watch(ts *testscript.TestScript, _ bool, _ []string) {
	v := worldOf(ts).vault
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				v.lookAtProcesses()
			}
		}
	}()
	v.stop = sync.OnceFunc(func() { close(stop); <-stopped })
	ts.Defer(v.stop)
}

func (v *vault) lookAtProcesses() {
	for _, pattern := range []string{"/proc/[0-9]*/cmdline", "/proc/[0-9]*/environ"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				continue // it has ended
			}
			v.mu.Lock()
			v.looked++
			for what := range v.found(text) {
				v.seen[what] = file + " of " + programOf(file)
			}
			v.mu.Unlock()
		}
	}
}

// programOf is the program of a process, by one of its files.
func programOf(file string) string {
	name, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "comm"))
	return strings.TrimSpace(string(name))
}

// found says which secrets a text holds, in whatever form.
func (v *vault) found(text []byte) map[string]bool {
	all := map[string]bool{}
	for what, secret := range v.secrets {
		for _, form := range forms(secret) {
			if bytes.Contains(text, []byte(form)) {
				all[what] = true
			}
		}
	}
	return all
}

// forms are how a secret may show. Of a private key each line counts.
func forms(secret string) []string {
	var all []string
	for line := range strings.Lines(secret) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "-----") || len(line) < 8 {
			continue
		}
		asJSON, _ := json.Marshal(line)
		asHTML := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(line)
		all = append(all, line, string(asJSON[1:len(asJSON)-1]), strings.Trim(strconv.Quote(line), `"`), url.QueryEscape(line), url.PathEscape(line), asHTML,
			hex.EncodeToString([]byte(line)), strings.ToUpper(hex.EncodeToString([]byte(line))))
		for skip := range 3 { // base64, wherever in a longer text it begins
			part := []byte(line)[skip:]
			part = part[:len(part)/3*3]
			all = append(all, base64.StdEncoding.EncodeToString(part), base64.URLEncoding.EncodeToString(part))
		}
	}
	return all
}

// kept makes sure that no secret is anywhere: not in the database, not in a log or any other file, not in a call of Slack's, not
// in a command line or environment.
func kept(ts *testscript.TestScript, _ bool, _ []string) {
	w := worldOf(ts)
	v := w.vault
	v.stop()
	master, err := os.ReadFile(ts.Getenv("DROVER_DB") + ".key")
	ts.Check(err)
	v.secrets["the master key"] = strings.TrimPrefix(strings.TrimSpace(string(master)), "drover-key-1 ")
	files := 0
	for _, dir := range []string{ts.Getenv("WORK"), w.fleet.fakes["/var/lib/drover"], ts.Getenv("MARKS")} {
		ts.Check(filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || strings.HasSuffix(path, ".db.key") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files++
			for what := range v.found(text) {
				ts.Logf("%s is in %s", what, path)
				v.leaked = true
			}
			return nil
		}))
	}
	calls := w.slack.Calls()
	for _, call := range calls {
		text, err := json.Marshal(call)
		ts.Check(err)
		for what := range v.found(append(text, fmt.Sprint(call.Args, string(call.Response))...)) {
			ts.Logf("%s went to Slack: %s", what, text)
			v.leaked = true
		}
	}
	for what, process := range v.seen {
		ts.Logf("%s was seen in %s", what, process)
		v.leaked = true
	}
	ts.Logf("looked at %d files, %d calls and %d command lines and environments", files, len(calls), v.looked)
	if v.leaked || files < 10 || len(calls) < 10 || v.looked < 1000 {
		ts.Fatalf("the secrets are not kept, or there was nothing to look at")
	}
}

// keeps makes sure that kept would find what is there: the files of the story's own.
func keeps(ts *testscript.TestScript, _ bool, _ []string) {
	v := worldOf(ts).vault
	for name, what := range map[string]string{
		"login": "the login password", "key-and-sudo": "the sudo password", "app-token": "the app token", "bot-token": "the bot token", "key": "the private key",
		"careless.conf": "the login password",
	} {
		text, err := os.ReadFile(filepath.Join(v.dir, name))
		ts.Check(err)
		if !v.found(text)[what] {
			ts.Fatalf("%s is not found in %s", what, name)
		}
	}
	probe := exec.CommandContext(context.Background(), "sleep", "60")
	probe.Env = []string{"HIDDEN=" + v.secrets["the passphrase"]}
	ts.Check(probe.Start())
	v.lookAtProcesses()
	ts.Check(probe.Process.Kill())
	_ = probe.Wait()
	if v.seen["the passphrase"] == "" {
		ts.Fatalf("an environment with a secret is not seen")
	}
	clear(v.seen)
}
