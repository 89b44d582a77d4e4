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
func measure(t testing.TB, program string, j job) done {
	t.Helper()
	for _, s := range j.Servers {
		j.Targets = append(j.Targets, target{s.Name, s.Address, s.User, s.HostKeys[0], s.Port})
	}
	input, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), fleetVariable+"=1")
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	var d done
	if err == nil {
		err = json.Unmarshal(out, &d)
	}
	if err != nil {
		t.Fatalf("%s: %v", j.Client, err)
	}
	return d
}

// called is the first of these names under which a program is installed; Debian has renamed some.
func called(names ...string) string {
	for _, name := range names {
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	return names[0]
}

// other measures somebody else's program: one cold run. ok is false where it is not installed.
func other(b *testing.B, name string, args ...string) (d done, ok bool) {
	if _, err := exec.LookPath(name); err != nil {
		return d, false
	}
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "ANSIBLE_HOST_KEY_CHECKING=False", "ANSIBLE_LOCALHOST_WARNING=False")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				b.Logf("%s: %v: %.300s", name, err, out.String())
				return d, false
			}
			d.Cold = time.Since(begin)
			d.ColdCPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			return d, true
		case <-tick.C:
			d.Peak = max(d.Peak, resident(cmd.Process.Pid))
		}
	}
}

// resident is the memory that a process and what it has begun hold now, what they share counted once.
func resident(pid int) (sum int64) {
	parents := map[int]int{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		var child, parent int
		var state string
		if _, err := fmt.Sscan(string(text), &child); err != nil {
			continue
		}
		if _, err := fmt.Sscan(string(text[bytes.LastIndexByte(text, ')')+1:]), &state, &parent); err == nil {
			parents[child] = parent
		}
	}
	for child := range parents {
		for up := child; up > 1; up = parents[up] {
			if up == pid {
				sum += proportional(child)
				break
			}
		}
	}
	return sum
}

func proportional(pid int) (bytes int64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	_, rest, _ := strings.Cut(string(text), "\nPss:")
	_, _ = fmt.Sscan(rest, &bytes) // it may have ended
	return bytes << 10
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
	fmt.Println("\n| command | servers | client | cold | ratio | client CPU | ratio | warm | ratio | peak memory | ratio |\n|---|---|---|---|---|---|---|---|---|---|---|")
	for _, command := range []string{"true", "sleep 1", "yes 'a line as a log may hold it' | head -c 1000000"} {
		for _, n := range []int{10, 50, 100} {
			b.Run(fmt.Sprintf("%.3s/%d", command, n), func(b *testing.B) {
				for range b.N {
					row(b, command, fleet[:n], private, keyFile)
				}
			})
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

// besideBare measures the bare library and drover in turn. The best of each counts: other work on the machine can only
// add to it.
func besideBare(t testing.TB, program string, j job) (bare, drover done) {
	for range 5 {
		j.Client = "bare"
		bare = bare.best(measure(t, program, j))
		j.Client = "drover"
		drover = drover.best(measure(t, program, j))
	}
	return bare, drover
}

func row(b *testing.B, command string, servers []ssh.Server, private []byte, keyFile string) {
	bare, drover := besideBare(b, os.Args[0], job{Command: command, Servers: servers, Key: private})
	print := func(name string, d done) {
		cell := func(value, of float64, format string) string {
			if value == 0 {
				return " | "
			}
			return fmt.Sprintf(format+" | %.2f", value, value/of)
		}
		fmt.Printf("| `%s` | %d | %s | %s | %s | %s | %s |\n", strings.Split(command, " '")[0], len(servers), name,
			cell(ms(d.Cold), ms(bare.Cold), "%.0f ms"), cell(ms(d.ColdCPU), ms(bare.ColdCPU), "%.0f ms"), cell(ms(d.Warm), ms(bare.Warm), "%.0f ms"),
			cell(float64(d.Peak)/1e6, float64(bare.Peak)/1e6, "%.0f MB"))
	}
	print("bare", bare)
	print("drover", drover)
	var hosts []string
	for _, s := range servers {
		hosts = append(hosts, s.Address)
	}
	file := keyFile + ".hosts"
	if err := os.WriteFile(file, []byte(strings.Join(hosts, "\n")+"\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	user, list := servers[0].User, strings.Join(hosts, ",")
	options := []string{"-p", "2299", "-i", keyFile, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes"}
	ansible := []string{"ansible", "all", "-i", list + ",", "-u", user, "--private-key", keyFile, "-e", "ansible_port=2299", "--ssh-common-args", strings.Join(options, " "), "-a", command, "-m"}
	// How many at once is each tool's own default, but for xargs, whose is one.
	for _, tool := range [][]string{
		append(append([]string{"xargs -P ssh", "xargs", "-a", file, "-P", fmt.Sprint(len(servers)), "-I", "{}", "ssh"}, options...), user+"@{}", command),
		{"pssh", called("parallel-ssh", "pssh"), "-h", file, "-l", user, "-x", strings.Join(options, " "), "-t", "60", command},
		{"clush", "clush", "-w", list, "-l", user, "-b", "-o", strings.Join(options, " "), command},
		append(append([]string{"ansible raw"}, ansible...), "raw"),
		append(append([]string{"ansible shell"}, ansible...), "shell"),
	} {
		if d, ok := other(b, tool[1], tool[2:]...); ok {
			print(tool[0], d)
		}
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
			print(fmt.Sprintf("%d of 200 ms each, %s", n, client), measure(b, os.Args[0], job{Client: client, Command: "true", Servers: servers[:n], Key: private}))
		}
	}
}

func far(b *testing.B, private []byte, public string, print func(string, done)) {
	distant, s := simulated(b, public, nil)
	distant.SetLatency(50 * time.Millisecond)
	for _, client := range []string{"bare", "drover"} {
		print("one at 50 ms, "+client, measure(b, os.Args[0], job{Client: client, Command: "true", Servers: []ssh.Server{s}, Key: private}))
	}
	var servers []ssh.Server
	for i := range 100 {
		one, s := simulated(b, public, nil)
		one.SetSilent(i%10 == 0)
		s.Name = fmt.Sprintf("web%d", i)
		servers = append(servers, s)
	}
	print("100, 10 of them silent, limit 2 s", measure(b, os.Args[0], job{Client: "drover", Command: "true", Servers: servers, Key: private, Login: 2 * time.Second}))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
