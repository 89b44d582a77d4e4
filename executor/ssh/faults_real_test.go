package ssh_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

// mutePort takes connections and never says a word.
func mutePort(t *testing.T) int {
	return listen(t, func(nc net.Conn) { io.Copy(io.Discard, nc) }).Port
}

// commonDir is a folder in which every user may write.
func commonDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "drover-test-common-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestRealNineFaults: twelve servers, of which nine fail in nine ways, all at once. Each answer is true, and when it is
// over nothing goes on, neither there nor here.
func TestRealNineFaults(t *testing.T) {
	user, poor := addUser(t, "faults", "", sshd.SudoNoPasswd), addUser(t, "poor", "", sshd.NoSudo)
	pids := commonDir(t)
	as := func(change func(*ssh.Server), options ...string) ssh.Server {
		server := at(startSSHD(t, sshd.Config{Options: options}), user)
		if change != nil {
			change(&server)
		}
		return server
	}
	lasting := fmt.Sprintf("echo $$ >%s/$$; sleep 86401 & sleep 86401", pids)
	lost := startSSHD(t, sshd.Config{})
	faults := map[string]struct {
		server ssh.Server
		text   string
		kind   ssh.Kind
		stop   ssh.Stop
	}{
		"web1": {as(nil), "echo well", "", ""}, "web2": {as(nil), "echo well", "", ""}, "web3": {as(nil), "echo well", "", ""},
		"refused":   {as(func(s *ssh.Server) { s.Port = 1 }), "true", ssh.Refused, ""},
		"silent":    {as(func(s *ssh.Server) { s.Port, s.Address = fullPort(t), "127.0.0.1" }), "true", ssh.Silent, ""},
		"mute":      {as(func(s *ssh.Server) { s.Port, s.Address = mutePort(t), "127.0.0.1" }), "true", ssh.NoHandshake, ""},
		"other key": {as(func(s *ssh.Server) { _, key := newKey(t); s.HostKeys = []string{key} }), "true", ssh.HostKeyChanged, ""},
		"no login":  {as(func(s *ssh.Server) { s.Login.Password = "wrong" }), "true", ssh.LoginRefused, ""},
		"no sudo":   {as(func(s *ssh.Server) { s.User = poor }), "true", ssh.SudoRefused, ""},
		"too long":  {as(nil), lasting, ssh.TimedOut, ssh.StopEnded},
		"lost link": {at(lost, user), lasting, ssh.LinkLost, ssh.StopUnknown},
		"flood":     {as(nil), "exec yes", ssh.TooMuchOutput, ssh.StopEnded},
	}
	c := ssh.NewClient(ssh.Limits{Connect: time.Second, Login: 3 * time.Second, Output: 8 << 20, Stop: 30 * time.Second})
	var all sync.WaitGroup
	for name, f := range faults {
		all.Go(func() {
			cmd := ssh.Command{Text: f.text, Sudo: true, Timeout: 4 * time.Second}
			if f.kind == ssh.LinkLost {
				cmd.Started = func() { time.AfterFunc(time.Second, lost.DropConnections) }
			}
			res, err := c.Run(t.Context(), f.server, cmd)
			if kind(err) != f.kind || res.Stop != f.stop || f.kind == "" && (res.Stdout != "well\n" || res.ExitCode != 0) {
				t.Errorf("%s: %+v, %v", name, res.Stop, err)
			}
		})
	}
	all.Wait()
	begun, err := os.ReadDir(pids)
	if err != nil || len(begun) != 2 {
		t.Errorf("%d commands noted their processes: %v", len(begun), err)
	}
	for _, file := range begun {
		var pid int
		if _, err := fmt.Sscan(file.Name(), &pid); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return len(alive(t, pid, pid)) == 0 })
	}
	c.Close()
	if left := leaked(); left != "" {
		t.Errorf("goroutines are left:\n%s", left)
	}
}

// TestRealHundredServers: of a hundred servers ten drop every packet and ten never speak. The others do not wait for them,
// and the run is over when the limit is, and not much later. Then a time-out and a cancel, which leave no process behind.
func TestRealHundredServers(t *testing.T) {
	const limit = 3 * time.Second
	user := addUser(t, "hundred", "", sshd.NoSudo)
	private, public := newKey(t)
	var fleet []ssh.Server
	for i := range 80 {
		server := at(startSSHD(t, sshd.Config{AuthorizedKeys: []string{public}}), user)
		server.Name = fmt.Sprintf("web%d", i+1)
		server.Login = ssh.Login{PrivateKey: private}
		fleet = append(fleet, server)
	}
	for i := range 20 {
		bad := fleet[i]
		bad.Address, bad.Name = "127.0.0.1", fmt.Sprintf("bad%d", i+1)
		if i < 10 {
			bad.Port = fullPort(t)
		} else {
			bad.Port = mutePort(t)
		}
		fleet = append(fleet, bad)
	}
	c := ssh.NewClient(ssh.Limits{Connect: limit, Login: limit, Stop: time.Minute})
	defer c.Close()
	begin := time.Now()
	slowest, failed := onAll(t.Context(), c, fleet, ssh.Command{Text: "true"}, func(string) {})
	took := time.Since(begin)
	if len(failed) != 20 || failed["bad1"] != ssh.Silent || failed["bad20"] != ssh.NoHandshake {
		t.Errorf("%v", failed)
	}
	// The good ones take as long as this machine needs for eighty logins.
	if most := max(limit, slowest) + time.Second; took > most {
		t.Errorf("it took %v, and the limit is %v", took, most)
	}
	dir := commonDir(t)
	lasting := ssh.Command{Text: fmt.Sprintf("echo $$ >%s/$$; sleep 86401 & sleep 86401", dir)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, end := range []struct {
		timeout time.Duration
		kind    ssh.Kind
	}{{2 * time.Second, ssh.TimedOut}, {0, ssh.Cancelled}} {
		lasting.Timeout = end.timeout
		var begun sync.WaitGroup
		begun.Add(80)
		if end.kind == ssh.Cancelled {
			go func() { begun.Wait(); cancel() }()
		}
		_, failed := onAll(ctx, c, fleet[:80], lasting, func(string) { begun.Done() })
		for _, server := range fleet[:80] {
			if failed[server.Name] != end.kind {
				t.Errorf("%s: %s, want %s", server.Name, failed[server.Name], end.kind)
			}
		}
	}
	files, err := filepath.Glob(dir + "/*")
	if err != nil || len(files) < 80 {
		t.Fatalf("%d commands noted their processes: %v", len(files), err)
	}
	for _, file := range files {
		var pid int
		if _, err := fmt.Sscan(strings.TrimPrefix(file, dir+"/"), &pid); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return len(alive(t, pid, pid)) == 0 })
	}
}

// onAll runs a command on all servers at once. It returns how long the slowest of those on which it succeeded took, and what
// went wrong on the others.
func onAll(ctx context.Context, c *ssh.Client, servers []ssh.Server, cmd ssh.Command, started func(name string)) (slowest time.Duration, failed map[string]ssh.Kind) {
	failed = map[string]ssh.Kind{}
	var mu sync.Mutex
	var all sync.WaitGroup
	begin := time.Now()
	for _, server := range servers {
		all.Go(func() {
			own := cmd
			own.Started = func() { started(server.Name) }
			_, err := c.Run(ctx, server, own)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed[server.Name] = kind(err)
				return
			}
			slowest = max(slowest, time.Since(begin))
		})
	}
	all.Wait()
	return slowest, failed
}
