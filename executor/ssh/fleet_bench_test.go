package ssh_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"drover/executor/ssh"
	"drover/executor/sshtest"
	"drover/executor/sshtest/sshd"
)

func ctx() context.Context { return context.Background() }

// simulated is a server in this process that takes a key.
func simulated(t testing.TB, public string, handler func(*sshtest.Session) int) (*sshtest.Server, ssh.Server) {
	t.Helper()
	key, _, _, _, err := gossh.ParseAuthorizedKey([]byte(public))
	if err != nil {
		t.Fatal(err)
	}
	s, err := sshtest.Start(sshtest.Config{Users: map[string]sshtest.User{"ops": {AuthorizedKeys: []gossh.PublicKey{key}}}, Handler: handler})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	host, port := s.Addr()
	return s, ssh.Server{Address: host, Port: port, User: "ops", HostKeys: []string{s.HostKeyLine()}}
}

// measure runs a client in a process of its own.
func measure(b *testing.B, j job) done {
	b.Helper()
	for _, s := range j.Servers {
		j.Targets = append(j.Targets, target{s.Name, s.Address, s.User, s.HostKeys[0], s.Port})
	}
	input, err := json.Marshal(j)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fleetVariable+"=1")
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	var d done
	if err == nil {
		err = json.Unmarshal(out, &d)
	}
	if err != nil {
		b.Fatalf("%s: %v", j.Client, err)
	}
	return d
}

// tool measures somebody else's program: one cold run.
func tool(b *testing.B, name string, args ...string) (d done, ok bool) {
	if _, err := exec.LookPath(name); err != nil {
		return d, false
	}
	cmd := exec.Command(name, args...)
	begin := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Logf("%s: %v: %.300s", name, err, out)
		return d, false
	}
	d.Cold = time.Since(begin)
	d.ColdCPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return d, true
}

// BenchmarkFleet prints the first table of docs/performance.md.
func BenchmarkFleet(b *testing.B) {
	needSSHD(b)
	private, public := newKey(b)
	user, err := sshd.AddUser("bench", password, "", sshd.NoSudo)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { user.Close() })
	keyFile := filepath.Join(b.TempDir(), "key")
	if err := os.WriteFile(keyFile, private, 0o600); err != nil {
		b.Fatal(err)
	}
	var fleet []ssh.Server
	for i := range 100 {
		s := startSSHD(b, sshd.Config{Address: fmt.Sprintf("127.0.1.%d", i+1), Port: 2299, AuthorizedKeys: []string{public}})
		server := at(s, user.Name)
		server.Name = fmt.Sprintf("web%d", i+1)
		fleet = append(fleet, server)
	}
	for range b.N {
		fmt.Println("\n| real sshd | servers | client | cold | ratio | client CPU | ratio | warm | ratio | peak memory |\n|---|---|---|---|---|---|---|---|---|---|")
		for _, command := range []string{"true", "sleep 1", "head -c 1000000 /dev/zero | tr '\\0' x"} {
			for _, n := range []int{10, 50, 100} {
				row(b, command, fleet[:n], private, keyFile)
			}
		}
	}
}

// BenchmarkFleetInProcess prints the other one.
func BenchmarkFleetInProcess(b *testing.B) {
	private, public := newKey(b)
	for range b.N {
		fmt.Println("\n| in-process servers | cold | warm | client CPU cold, warm | each kept connection | failed |\n|---|---|---|---|---|---|")
		many(b, private, public)
	}
}

func row(b *testing.B, command string, servers []ssh.Server, private []byte, keyFile string) {
	j := job{Client: "bare", Command: command, Servers: servers, Key: private}
	bare := measure(b, j)
	print := func(name string, d done) {
		warm, ratio := "", ""
		if d.Warm > 0 {
			warm, ratio = fmt.Sprintf("%.0f ms", ms(d.Warm)), fmt.Sprintf("%.2f", ms(d.Warm)/ms(bare.Warm))
		}
		peak := ""
		if d.Peak > 0 {
			peak = fmt.Sprintf("%.1f MB (%.2f)", float64(d.Peak)/1e6, float64(d.Peak)/float64(bare.Peak))
		}
		fmt.Printf("| `%s` | %d | %s | %.0f ms | %.2f | %.0f ms | %.2f | %s | %s | %s |\n", strings.Split(command, " /")[0], len(servers), name,
			ms(d.Cold), ms(d.Cold)/ms(bare.Cold), ms(d.ColdCPU), ms(d.ColdCPU)/ms(bare.ColdCPU), warm, ratio, peak)
	}
	print("bare", bare)
	j.Client = "drover"
	print("drover", measure(b, j))
	var hosts []string
	for _, s := range servers {
		hosts = append(hosts, s.Address)
	}
	file := keyFile + ".hosts"
	if err := os.WriteFile(file, []byte(strings.Join(hosts, "\n")+"\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	user, n := servers[0].User, fmt.Sprint(len(servers))
	options := []string{"-p", "2299", "-i", keyFile, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes"}
	if d, ok := tool(b, "xargs", append(append([]string{"-a", file, "-P", n, "-I", "{}", "ssh"}, options...), user+"@{}", command)...); ok {
		print("xargs -P ssh", d)
	}
	for _, name := range []string{"pssh", "parallel-ssh"} {
		if d, ok := tool(b, name, "-h", file, "-l", user, "-p", n, "-x", strings.Join(options, " "), "-t", "60", command); ok {
			print("pssh", d)
			break
		}
	}
	if d, ok := tool(b, "clush", "-w", strings.Join(hosts, ","), "-l", user, "-f", n, "-b", "-o", strings.Join(options, " "), command); ok {
		print("clush", d)
	}
	if d, ok := tool(b, "ansible", "all", "-i", strings.Join(hosts, ",")+",", "-f", n, "-u", user, "--private-key", keyFile,
		"-e", "ansible_port=2299", "--ssh-common-args", strings.Join(options, " "), "-m", "raw", "-a", command); ok {
		print("ansible raw", d)
	}
}

// many measures what no machine could with real servers: thousands, a long way, silence.
func many(b *testing.B, private []byte, public string) {
	wait := func(s *sshtest.Session) int { sshtest.Wait(s.Context(), 200*time.Millisecond); return 0 }
	print := func(name string, d done) {
		fmt.Printf("| %s | %.0f ms | %.0f ms | %.0f ms, %.0f ms | %.0f KB | %d |\n", name, ms(d.Cold), ms(d.Warm), ms(d.ColdCPU), ms(d.WarmCPU), float64(d.Kept)/1e3, d.Failed)
	}
	far(b, private, public, print)
	var servers []ssh.Server
	for len(servers) < 5000 {
		_, s := simulated(b, public, wait)
		s.Name = fmt.Sprintf("web%d", len(servers))
		servers = append(servers, s)
	}
	for _, n := range []int{1000, 5000} {
		for _, client := range []string{"bare", "drover"} {
			print(fmt.Sprintf("%d of 200 ms each, %s", n, client), measure(b, job{Client: client, Command: "true", Servers: servers[:n], Key: private}))
		}
	}
}

func far(b *testing.B, private []byte, public string, print func(string, done)) {
	distant, s := simulated(b, public, nil)
	distant.SetLatency(50 * time.Millisecond)
	for _, client := range []string{"bare", "drover"} {
		print("one at 50 ms, "+client, measure(b, job{Client: client, Command: "true", Servers: []ssh.Server{s}, Key: private}))
	}
	var servers []ssh.Server
	for i := range 100 {
		one, s := simulated(b, public, nil)
		one.SetSilent(i%10 == 0)
		s.Name = fmt.Sprintf("web%d", i)
		servers = append(servers, s)
	}
	print("100, 10 of them silent, limit 2 s", measure(b, job{Client: "drover", Command: "true", Servers: servers, Key: private, Login: 2 * time.Second}))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
