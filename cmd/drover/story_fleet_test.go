package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"drover/executor/sshtest/sshd"
)

const sudoPassword = "correct horse 'battery' $staple"

// storyFleet is what all stories share: two users that sshd lets in, and their key.
type storyFleet struct {
	byKey, byPassword *sshd.User
	withoutSudo       *sshd.User
	oldSudo           *sshd.User // sudo asks for a terminal, as on old systems
	keyFile           string
	publicKey         string
	fakes             map[string]string // programs that stories play, by the path they stand in for
}

func newFleet(t *testing.T) *storyFleet {
	t.Helper()
	dir, err := os.MkdirTemp("", "drover-story-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f := &storyFleet{keyFile: filepath.Join(dir, "key"), fakes: map[string]string{}}
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f.keyFile).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	public, err := os.ReadFile(f.keyFile + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	f.publicKey = strings.TrimSpace(string(public))
	f.byKey = addUser(t, "story-key", sshd.SudoNoPasswd)
	f.byPassword = addUser(t, "story-pw", sshd.SudoPassword)
	f.withoutSudo = addUser(t, "story-no", sshd.NoSudo)
	f.oldSudo = addUser(t, "story-tty", sshd.SudoNoPasswd+sshd.Sudo(fmt.Sprintf("\nDefaults:drover-test-story-tty-%d requiretty", os.Getpid())))
	f.fakeApt(t, dir)
	f.ownJobs(t, dir)
	return f
}

func addUser(t *testing.T, name string, sudo sshd.Sudo) *sshd.User {
	t.Helper()
	user, err := sshd.AddUser(name, sudoPassword, "", sudo)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := user.Close(); err != nil {
			t.Error(err)
		}
	})
	return user
}

// fakeApt keeps the stories from upgrading the machine they run on. Each sshd sees these programs in the place of the
// real ones; nobody else does.
func (f *storyFleet) fakeApt(t *testing.T, dir string) {
	for name, script := range map[string]string{
		"apt-get": `#!/bin/sh
echo "$(id -u) $*" >> "$(dirname "$0")/../../tmp/drover-story-apt.log" 2>/dev/null
case "$*" in
*" update") echo 'Hit:1 http://deb.example.com stable InRelease' ;;
*-s*) echo 'Inst hello [1.0] (2.0 Debian-Security:12/stable-security [amd64])' ;;
*upgrade*) echo 'Unpacking hello (2.0) over (1.0) ...' ;;
esac
`,
		"dpkg-query": `#!/bin/sh
printf 'hello\t1.0\tii \n'
`,
		"apt-mark": "#!/bin/sh\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		f.fakes["/usr/bin/"+name] = file
	}
}

// ownJobs keeps the files of detached commands out of the machine's own folder.
func (f *storyFleet) ownJobs(t *testing.T, dir string) {
	const folder = "/var/lib/drover"
	own := filepath.Join(dir, "jobs")
	for _, d := range []string{folder, own} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	f.fakes[folder] = own
}

// startSSHD NAME [KEYTYPE…] starts a real sshd and sets NAME_HOST, NAME_PORT, NAME_FINGERPRINT and, for each type of host
// key, NAME_FINGERPRINT_KEYTYPE.
func startSSHD(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: sshd NAME [KEYTYPE…]")
	}
	server := launch(ts, args[0], sshd.Config{KeyTypes: args[1:]})
	for i, kind := range args[1:] {
		ts.Setenv(args[0]+"_FINGERPRINT_"+kind, fingerprint(ts, server.HostKeys()[i]))
	}
}

// launch starts a real sshd with what all stories share.
func launch(ts *testscript.TestScript, name string, config sshd.Config) *sshd.Server {
	w := worldOf(ts)
	replace := maps.Clone(w.fleet.fakes)
	maps.Copy(replace, config.Replace)
	config.Replace, config.AuthorizedKeys = replace, []string{w.fleet.publicKey}
	server, err := sshd.Start(config)
	ts.Check(err)
	w.servers[name] = server
	ts.Defer(func() { ts.Check(server.Close()) })
	host, port := server.Addr()
	ts.Setenv(name+"_HOST", host)
	ts.Setenv(name+"_PORT", fmt.Sprint(port))
	ts.Setenv(name+"_KEY", strings.Join(strings.Fields(server.HostKeys()[0])[:2], " "))
	ts.Setenv(name+"_FINGERPRINT", fingerprint(ts, server.HostKeys()[0]))
	return server
}

// rekey NAME reinstalls a server: the same address shows another host key.
func rekey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: rekey NAME")
	}
	server := worldOf(ts).servers[args[0]]
	_, port := server.Addr()
	ts.Check(server.Close())
	launch(ts, args[0], sshd.Config{Port: port})
}

func fingerprint(ts *testscript.TestScript, key string) string {
	cmd := exec.Command("ssh-keygen", "-lf", "-")
	cmd.Stdin = strings.NewReader(key)
	out, err := cmd.Output()
	ts.Check(err)
	return strings.Fields(string(out))[1]
}

// stopSSHD NAME ends a server: its port refuses from then on.
func stopSSHD(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: stop-sshd NAME")
	}
	ts.Check(worldOf(ts).servers[args[0]].Close())
}
