package ssh_test

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"drover/executor/ssh"
)

// fleetVariable makes this binary a client of its own: its memory and processor time are not those of the servers.
const fleetVariable = "DROVER_BENCH_FLEET"

// job is what a client does, and done what it took.
type job struct {
	Client, Command string
	Servers         []ssh.Server `json:"-"` // a Server hides itself from JSON
	Targets         []target     // the same, for the other process
	Key             []byte
	Login           time.Duration // limit; 0: the usual one
}

type target struct {
	Name, Address, User, Pin string
	Port                     int
}

type done struct {
	Cold, Warm       time.Duration
	ColdCPU, WarmCPU time.Duration
	Peak             int64 // bytes
	Kept             int64 // bytes for each kept connection
	Failed           int
}

// best takes the smaller of each two measurements. The zero value has none.
func (d done) best(other done) done {
	if d.Cold == 0 {
		return other
	}
	return done{
		Cold: min(d.Cold, other.Cold), Warm: min(d.Warm, other.Warm), ColdCPU: min(d.ColdCPU, other.ColdCPU), WarmCPU: min(d.WarmCPU, other.WarmCPU),
		Peak: min(d.Peak, other.Peak), Kept: min(d.Kept, other.Kept), Failed: d.Failed + other.Failed,
	}
}

// client does the job once on new connections and three times on kept ones.
func fleetClient() error {
	var j job
	if err := json.NewDecoder(os.Stdin).Decode(&j); err != nil {
		return err
	}
	for _, t := range j.Targets {
		j.Servers = append(j.Servers, ssh.Server{
			Name: t.Name, Address: t.Address, Port: t.Port, User: t.User, HostKeys: []string{t.Pin}, Login: ssh.Login{PrivateKey: j.Key},
		})
	}
	one, end := droverClient(j)
	if j.Client == "bare" {
		one, end = bareClient(j)
	}
	before := memory()
	var d done
	d.Cold, d.ColdCPU, d.Failed = all(len(j.Servers), one)
	d.Kept = (memory() - before) / int64(len(j.Servers))
	var walls, cpus []time.Duration
	for range 3 {
		wall, cpu, _ := all(len(j.Servers), one)
		walls, cpus = append(walls, wall), append(cpus, cpu)
	}
	slices.Sort(walls)
	slices.Sort(cpus)
	d.Warm, d.WarmCPU = walls[1], cpus[1]
	end()
	status, err := os.ReadFile("/proc/self/status") // getrusage would count the parent's memory before exec
	if err != nil {
		return err
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(peak, &d.Peak); err != nil {
		return err
	}
	d.Peak <<= 10
	return json.NewEncoder(os.Stdout).Encode(d)
}

// all does something for each server at once.
func all(n int, one func(int) error) (wall, cpu time.Duration, failed int) {
	var mu sync.Mutex
	var group sync.WaitGroup
	begin, before := time.Now(), spent()
	for i := range n {
		group.Go(func() {
			if err := one(i); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed++
				fmt.Fprintln(os.Stderr, err)
			}
		})
	}
	group.Wait()
	return time.Since(begin), spent() - before, failed
}

func spent() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func memory() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

func droverClient(j job) (one func(int) error, end func()) {
	c := ssh.NewClient(ssh.Limits{Login: j.Login})
	return func(i int) error {
		_, err := c.Run(ctx(), j.Servers[i], ssh.Command{Text: j.Command})
		return err
	}, c.Close
}

// bareClient is what a program on the bare library does: dial, check the host key, log in, run.
func bareClient(j job) (one func(int) error, end func()) {
	clients := make([]*gossh.Client, len(j.Servers))
	signer, err := gossh.ParsePrivateKey(j.Key)
	one = func(i int) error {
		if err != nil {
			return err
		}
		if clients[i] == nil {
			s := j.Servers[i]
			pin, _, _, _, err := gossh.ParseAuthorizedKey([]byte(s.HostKeys[0]))
			if err != nil {
				return err
			}
			clients[i], err = gossh.Dial("tcp", fmt.Sprintf("%s:%d", s.Address, s.Port), &gossh.ClientConfig{
				User: s.User, Auth: []gossh.AuthMethod{gossh.PublicKeys(signer)}, HostKeyCallback: gossh.FixedHostKey(pin),
			})
			if err != nil {
				return err
			}
		}
		session, err := clients[i].NewSession()
		if err != nil {
			return err
		}
		_, err = session.CombinedOutput(j.Command)
		return err
	}
	return one, func() {
		for _, c := range clients {
			if c != nil {
				c.Close()
			}
		}
	}
}
