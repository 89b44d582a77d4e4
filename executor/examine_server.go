package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"drover/executor/action"
	"drover/executor/ssh"
	"drover/store"
)

// examinedAtOnce is how many servers are looked at at the same time.
const examinedAtOnce = 64

// ExamineServers looks at the servers that the words name, or at all, in parallel, and returns what it found in the
// order of their names. It logs in and looks; it changes nothing. A word that names nothing is a *Refusal.
func ExamineServers(ctx context.Context, s *store.Store, client *ssh.Client, agent string, words []string) ([]Finding, error) {
	all, err := s.Servers(ctx)
	if err != nil {
		return nil, err
	}
	servers, err := chosen(all, words)
	if err != nil {
		return nil, err
	}
	found := make([][]Finding, len(servers))
	var group errgroup.Group
	group.SetLimit(examinedAtOnce)
	for i, server := range servers {
		group.Go(func() error {
			x := examination{logins: logins{store: s, agent: agent}, client: client, server: server, findings: findings{subject: server.Name}}
			x.run(ctx)
			found[i] = x.list
			return nil
		})
	}
	_ = group.Wait() // what went wrong is a finding
	var list []Finding
	for _, of := range found {
		list = append(list, of...)
	}
	return list, ctx.Err()
}

// examination is the look at one server.
type examination struct {
	findings
	logins logins
	client *ssh.Client
	server store.Server
	target ssh.Server
}

func (x *examination) run(ctx context.Context) {
	if x.server.DisabledReason != "" {
		x.add("server", Worth, fmt.Sprintf("disabled: %s. It was not looked at (`drover server enable %s`)", x.server.DisabledReason, x.server.Name))
		return
	}
	jump, err := x.way(ctx)
	if err != nil {
		x.add("reach", Wrong, err.Error())
		return
	}
	if len(x.server.HostKeys) == 0 {
		x.untrusted(ctx, jump)
		return
	}
	if err := x.aim(ctx, jump); err != nil {
		x.add("login", Wrong, err.Error())
		return
	}
	if x.server.Platform != string(action.Linux) {
		x.device(ctx)
		return
	}
	x.linux(ctx)
}

// aim fills in how to log in to the server.
func (x *examination) aim(ctx context.Context, jump *ssh.Server) error {
	s := x.server
	if s.CredentialID == nil {
		return fmt.Errorf("it has no credential: give it one with `drover server edit %s --credential NAME`", s.Name)
	}
	login, err := x.logins.login(ctx, *s.CredentialID)
	x.target = ssh.Server{Name: s.Name, Address: s.Address, Port: s.Port, User: s.LoginUser, HostKeys: pinned(s), Login: login, Jump: jump}
	return err
}

// way is the jump host that the server is reached through, or nil.
func (x *examination) way(ctx context.Context) (*ssh.Server, error) {
	if x.server.Through == nil {
		return nil, nil
	}
	if why := unfit(*x.server.Through); why != "" {
		return nil, fmt.Errorf("its jump host %s: %s", x.server.Through.Name, why)
	}
	return x.logins.way(ctx, jumpOf(x.server))
}

// untrusted looks as far as it goes without a login, which must not be sent to a server that nobody vouches for.
func (x *examination) untrusted(ctx context.Context, jump *ssh.Server) {
	keys, err := x.client.ScanHostKeysThrough(ctx, jump, x.server.Address, x.server.Port)
	if err != nil {
		x.failed(err)
		return
	}
	x.add("reach", Fine, x.where())
	var shown []string
	for _, key := range keys {
		shown = append(shown, key.Type+" "+key.Fingerprint)
	}
	x.add("host-key", Wrong, fmt.Sprintf("not trusted yet, so no login was tried: compare these on the server's own console, then `drover server trust %s`",
		x.server.Name), shown...)
}

func (x *examination) where() string {
	return fmt.Sprintf("%s:%d answers", x.server.Address, x.server.Port)
}

// step is where on the way to run a command a failure is, and how many of the steps before it went well. What stops drover
// before it connects, or on its jump host, says nothing about the server.
func step(e *ssh.Error) (check string, passed int) {
	switch {
	case e.Jump != "":
		return "reach", 0
	case e.Kind == ssh.Invalid, e.Kind == ssh.AgentMissing, e.Kind == ssh.HeldBack:
		return "login", 0
	case e.Kind == ssh.HostKeyUnknown:
		return "host-key", 0
	case e.Kind == ssh.HostKeyChanged:
		return "host-key", 1
	case e.Kind == ssh.LoginRefused, e.Kind == ssh.LoginClosed, e.Kind == ssh.LoginSilent, e.Kind == ssh.CertificateExpired:
		return "login", 2
	case e.Kind == ssh.Local, e.Unreachable() && e.Kind != ssh.LinkLost, e.Kind == ssh.Cancelled && !e.Began, e.Kind == ssh.TimedOut && !e.Began:
		return "reach", 0
	}
	return "shell", 3
}

// failed tells how far it went.
func (x *examination) failed(err error) {
	var failure *ssh.Error
	if !errors.As(err, &failure) {
		x.add("reach", Wrong, err.Error())
		return
	}
	failure.Server = x.server.Name
	if failure.Kind == ssh.WrongPlatform {
		x.reached()
		x.add("platform", Wrong, failure.Sentence())
		return
	}
	check, passed := step(failure)
	x.passed(passed)
	x.add(check, Wrong, failure.Sentence())
}

// passed tells of the first steps, which went well.
func (x *examination) passed(n int) {
	if n > 0 {
		x.add("reach", Fine, x.where())
	}
	if n > 1 {
		x.add("host-key", Fine, "it proves a trusted key")
	}
	if n > 2 {
		x.add("login", Fine, fmt.Sprintf("as %s with %s", x.server.LoginUser, x.server.Credential))
	}
}

// reached tells of all that a command that ran at all has proved.
func (x *examination) reached() { x.passed(3) }

// probe is what a device of a platform understands, changing nothing, and what its answer holds.
func probe(platform string) (command, holds string) {
	if platform == string(action.RouterOS) {
		return "/system resource print", "MikroTik"
	}
	return "show version", "Cisco"
}

// device looks at a network device, which has neither a shell nor sudo.
func (x *examination) device(ctx context.Context) {
	command, holds := probe(x.server.Platform)
	result, err := x.client.Run(ctx, x.target, ssh.Command{Text: command, Raw: true, Timeout: probeLimit})
	var failure *ssh.Error
	if errors.As(err, &failure) && failure.Kind != ssh.NoExitStatus { // which many devices never send
		x.failed(err)
		return
	}
	x.reached()
	if r := result.Reason; r != nil && r.Kind == ssh.WrongPlatform {
		x.add("platform", Wrong, r.Sentence())
		return
	}
	if strings.Contains(result.Stdout+result.Stderr, holds) {
		x.add("platform", Fine, x.server.Platform)
		return
	}
	x.add("platform", Worth, fmt.Sprintf("it does not answer `%s` as %s would: correct it with `drover server edit %s --platform …`",
		command, x.server.Platform, x.server.Name))
}
