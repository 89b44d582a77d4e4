package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"drover/executor/ssh"
)

// probeLimit is how long one look at a server may take.
const probeLimit = 30 * time.Second

// look runs as the login user. sudo is asked without a password first: that never counts as a failed attempt. What it
// is asked for is what drover runs as root: /bin/sh. What sudo says when it does not do it at once is kept, in one line.
const look = `echo "uid=$(id -u)"
echo "login-shell=${SHELL##*/}"
if [ "$(id -u)" = 0 ]; then echo sudo=root
elif ! command -v sudo >/dev/null 2>&1; then echo sudo=missing
elif said=$(sudo -k -n -- /bin/sh -c : 2>&1); then echo sudo=nopasswd
else set -f; echo sudo=asks; echo sudo-said=$said
fi
`

// linux looks at a server with a shell.
func (x *examination) linux(ctx context.Context) {
	result, err := x.client.Run(ctx, x.target, ssh.Command{Text: look, Timeout: probeLimit})
	if err != nil {
		x.failed(err)
		return
	}
	x.reached()
	facts := factsOf(result.Stdout)
	if result.ExitCode != 0 || facts["sudo"] == "" {
		x.add("shell", Wrong, fmt.Sprintf("/bin/sh of %s does not do what POSIX says (exit code %d): drover cannot work there", x.server.Name, result.ExitCode))
		return
	}
	x.add("shell", Fine, fmt.Sprintf("/bin/sh works; the login shell %s is not used", facts["login-shell"]))
	x.add("platform", Fine, fmt.Sprintf("linux: %s, kernel %s", hostOf(result), result.Host.Kernel))
	x.sudo(ctx, facts["sudo"], strings.TrimPrefix(facts["sudo-said"], "sudo: "))
}

func factsOf(output string) map[string]string {
	facts := map[string]string{}
	for line := range strings.Lines(output) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			facts[name] = value
		}
	}
	return facts
}

// sudo says whether drover can become root, and what to do when it cannot. said is what sudo said to that.
func (x *examination) sudo(ctx context.Context, answer, said string) {
	user := x.server.LoginUser
	switch {
	case answer == "root":
		x.add("sudo", Fine, "none needed: the login is root")
	case answer == "nopasswd":
		x.add("sudo", Fine, fmt.Sprintf("%s may become root without a password", user))
	case answer == "missing":
		x.add("sudo", Wrong, (&ssh.Error{Kind: ssh.SudoMissing, Server: x.server.Name}).Sentence())
	case strings.Contains(said, "must have a tty"):
		x.add("sudo", Wrong, fmt.Sprintf("sudo on %s insists on a terminal (requiretty), and drover has none: exempt %s from that, then run the doctor again",
			x.server.Name, user), x.paste(TerminalLine(user))...)
	case !strings.Contains(said, "password") && !strings.Contains(said, "authentication"):
		x.add("sudo", Wrong, fmt.Sprintf("sudo on %s does not let %s become root. It said: %s", x.server.Name, user, said), x.sudoers(false)...)
	case x.target.Login.SudoPassword == "":
		x.add("sudo", Wrong, fmt.Sprintf("sudo asks %s for a password and none is stored: store it with a new credential (`drover credential add NAME … --sudo-password-stdin`, "+
			"`drover server edit %s --credential NAME`), or allow it without one", user, x.server.Name), x.sudoers(false)...)
	default:
		x.sudoWithPassword(ctx)
	}
}

// sudoWithPassword tries the stored password, once.
func (x *examination) sudoWithPassword(ctx context.Context) {
	result, err := x.client.Run(ctx, x.target, ssh.Command{Text: "id -u", Sudo: true, Timeout: probeLimit})
	var failure *ssh.Error
	switch {
	case err == nil && strings.TrimSpace(result.Stdout) == "0":
		x.add("sudo", Fine, fmt.Sprintf("%s may become root with the stored password", x.server.LoginUser))
	case err == nil:
		x.add("sudo", Wrong, fmt.Sprintf("sudo on %s lets drover run commands, but not as root: look at the rules of %s there", x.server.Name, x.server.LoginUser), x.sudoers(true)...)
	case errors.As(err, &failure) && failure.Kind == ssh.SudoRefused:
		x.add("sudo", Wrong, fmt.Sprintf("sudo on %s knows the stored password and does not allow %s to become root. It said: %s", x.server.Name, x.server.LoginUser, failure.Said), x.sudoers(true)...)
	case errors.As(err, &failure) && failure.Kind == ssh.SudoWrongPassword:
		x.add("sudo", Wrong, fmt.Sprintf("%s Store the right one with a new credential (`drover credential add NAME … --sudo-password-stdin`) and give it to the server "+
			"(`drover server edit %s --credential NAME`)", failure.Sentence(), x.server.Name))
	case errors.As(err, &failure):
		x.add("sudo", Wrong, failure.Sentence())
	default:
		x.add("sudo", Wrong, err.Error())
	}
}

// sudoersFile is where the rule goes. sudo passes over files whose names hold a dot or end in ~.
const sudoersFile = "/etc/sudoers.d/drover"

// sudoers is the rule that an admin of the server pastes, and what it means.
func (x *examination) sudoers(withPassword bool) []string {
	return append(x.paste(SudoersLine(x.server.LoginUser, withPassword)),
		fmt.Sprintf("Mind that this is full root on %s: whoever has this login, or can have drover run an action of their own there, can do anything.", x.server.Name))
}

// paste says how an admin of the server brings a line into force.
func (x *examination) paste(line string) []string {
	return []string{
		fmt.Sprintf("As root on %s, run `visudo -f %s`, paste this line and save:", x.server.Name, sudoersFile),
		"", line, "",
		fmt.Sprintf("Then check it: visudo -cf %s", sudoersFile),
	}
}

// SudoersLine is the rule that lets a user become root: after the user's own password, or without one.
func SudoersLine(user string, withPassword bool) string {
	if withPassword {
		return sudoersUser(user) + " ALL=(ALL:ALL) ALL"
	}
	return sudoersUser(user) + " ALL=(ALL) NOPASSWD: ALL"
}

// TerminalLine lets a user use sudo without a terminal, where old systems ask for one.
func TerminalLine(user string) string { return "Defaults:" + sudoersUser(user) + " !requiretty" }

// sudoersUser quotes a name that is not plain: in sudoers, %, #, @, comma and colon mean something.
func sudoersUser(user string) string {
	plain := strings.IndexFunc(user, func(r rune) bool {
		return r != '_' && r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
	if plain && user != "" && user != "ALL" && user[0] != '-' && (user[0] < '0' || user[0] > '9') {
		return user
	}
	return `"` + strings.NewReplacer(`\`, `\x5c`, `"`, `\x22`).Replace(user) + `"`
}
