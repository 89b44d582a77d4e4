package ssh_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

// sudoRS speaks as sudo-rs does, which Ubuntu has in the place of sudo since 25.10: it puts its own words around the prompt
// that it is given, and says other things. It becomes nobody else.
const sudoRS = `#!/bin/sh
token= mode=%s asked=0
while [ $# -gt 0 ]; do
	case $1 in
		-p) token=$2; shift 2;;
		--) shift; break;;
		*) shift;;
	esac
done
echo called >>%[2]s
[ $mode = refuses ] && { echo "sudo: I'm sorry $(id -un). I'm afraid I can't do that" >&2; exit 1; }
while [ $mode = asks ]; do
	printf '[sudo: %%s] Password: ' "$token" >&2
	read -r line || exit 1
	echo asked >>%[2]s
	echo >&2
	[ "$line" = '%[3]s' ] && break
	[ $((asked = asked + 1)) -lt 3 ] || { echo 'sudo: maximum 3 incorrect authentication attempts' >&2; exit 1; }
	echo 'sudo: Authentication failed, try again.' >&2
done
exec "$@"
`

// TestRealSudoRS: the prompt is known although sudo-rs dresses it up, a wrong password is tried once, and the command reads
// none.
func TestRealSudoRS(t *testing.T) {
	t.Parallel()
	user := addUser(t, "sudors", "", sshd.NoSudo)
	for name, c := range map[string]struct {
		mode, password string
		want           ssh.Kind
		log            string
	}{
		"right password":      {"asks", password, "", "called\nasked\n"},
		"wrong password":      {"asks", "wrong-password", ssh.SudoWrongPassword, "called\nasked\n"},
		"none stored":         {"asks", "", ssh.SudoPasswordNeeded, "called\n"},
		"NOPASSWD":            {"lets", "", "", "called\n"},
		"NOPASSWD and stored": {"lets", password, "", "called\n"},
		"refused":             {"refuses", password, ssh.SudoRefused, "called\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := commonDir(t)
			program, log := filepath.Join(dir, "sudo"), filepath.Join(dir, "log")
			if err := os.WriteFile(program, fmt.Appendf(nil, sudoRS, c.mode, log, password), 0o755); err != nil {
				t.Fatal(err)
			}
			s := startSSHD(t, sshd.Config{Replace: map[string]string{"/usr/bin/sudo": program}})
			server := at(s, user)
			server.Login.SudoPassword = c.password
			res, err := client().Run(t.Context(), server, ssh.Command{Text: "echo ran; cat; cat >&2", Sudo: true})
			if kind(err) != c.want || err == nil && res.Stdout != "ran\n" || res.Stderr != "" {
				t.Errorf("%+v, %v, want %q", res, err, c.want)
			}
			if text, err := os.ReadFile(log); err != nil || string(text) != c.log {
				t.Errorf("%q, %v, want %q", text, err, c.log)
			}
		})
	}
}
