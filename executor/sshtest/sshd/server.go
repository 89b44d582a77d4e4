package sshd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Config describes a server.
type Config struct {
	Address  string   // 127.x.y.z; "" means 127.0.0.1
	Port     int      // 0 means any free one
	KeyTypes []string // host keys to make: ed25519, rsa, ecdsa; none means ed25519
	// AuthorizedKeys are lines of authorized_keys, accepted for every user.
	AuthorizedKeys []string
	// Options are further lines of sshd_config ("PasswordAuthentication no"). They come
	// first: sshd takes the first value of each option.
	Options []string
	// Replace are programs that this server, and nobody else, sees in the place of others: it runs in a mount namespace
	// of its own. By the path that is replaced.
	Replace map[string]string
}

// Server is a running sshd.
type Server struct {
	address string
	port    int
	dir     string
	keys    []string
	replace map[string]string
	cmd     *exec.Cmd
	done    chan struct{} // closed when sshd has ended

	mu  sync.Mutex
	log strings.Builder
}

// readyWithin is how long sshd may take to listen.
const readyWithin = 10 * time.Second

// Start starts sshd and returns when it listens. A free port may be taken by another process before sshd has it; then
// another one is tried.
func Start(config Config) (*Server, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	for tries := 5; ; tries-- {
		s, err := start(config)
		if err == nil || config.Port != 0 || tries == 0 || !strings.Contains(err.Error(), "Address already in use") {
			return s, err
		}
	}
}

func start(config Config) (*Server, error) {
	s := &Server{address: config.Address, port: config.Port, replace: config.Replace, done: make(chan struct{})}
	if s.address == "" {
		s.address = "127.0.0.1"
	}
	if s.port == 0 {
		port, err := freePort(s.address)
		if err != nil {
			return nil, err
		}
		s.port = port
	}
	var err error
	if s.dir, err = os.MkdirTemp("", "drover-test-sshd-"); err != nil {
		return nil, fmt.Errorf("make a folder for sshd: %w", err)
	}
	if err := s.configure(config); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	if err := s.launch(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	return s, nil
}

func freePort(address string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// configure writes the host keys and sshd_config.
func (s *Server) configure(config Config) error {
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // sshd's empty folder, which systemd makes elsewhere
		return fmt.Errorf("make sshd's folder: %w", err)
	}
	types := config.KeyTypes
	if len(types) == 0 {
		types = []string{"ed25519"}
	}
	lines := append([]string{}, config.Options...)
	for _, kind := range types {
		file := filepath.Join(s.dir, "host_"+kind)
		if err := run("", "ssh-keygen", "-q", "-t", kind, "-N", "", "-f", file); err != nil {
			return err
		}
		public, err := os.ReadFile(file + ".pub")
		if err != nil {
			return fmt.Errorf("read host key: %w", err)
		}
		s.keys = append(s.keys, strings.TrimSpace(string(public)))
		lines = append(lines, "HostKey "+file)
	}
	lines = append(lines,
		"ListenAddress "+net.JoinHostPort(s.address, strconv.Itoa(s.port)),
		"PidFile "+filepath.Join(s.dir, "pid"),
		"AuthorizedKeysFile "+filepath.Join(s.dir, "authorized_keys"),
		"StrictModes no", "UseDNS no", "UsePAM no", "LogLevel VERBOSE", "PrintMotd no",
	)
	// Many tests log in at once. Of this option alone old versions take the last value.
	if !slices.ContainsFunc(config.Options, func(o string) bool { return strings.HasPrefix(o, "MaxStartups ") }) {
		lines = append(lines, "MaxStartups 200")
	}
	if err := os.Chmod(s.dir, 0o755); err != nil { // users read authorized_keys
		return fmt.Errorf("open sshd's folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "authorized_keys"), []byte(strings.Join(config.AuthorizedKeys, "\n")+"\n"), 0o644); err != nil {
		return fmt.Errorf("write authorized_keys: %w", err)
	}
	if err := os.WriteFile(s.configFile(), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return fmt.Errorf("write sshd_config: %w", err)
	}
	return nil
}

func (s *Server) configFile() string { return filepath.Join(s.dir, "sshd_config") }

// command is sshd, in a mount namespace of its own when programs are replaced.
func (s *Server) command() *exec.Cmd {
	sshd := []string{program, "-D", "-e", "-f", s.configFile()}
	if len(s.replace) == 0 {
		return exec.Command(sshd[0], sshd[1:]...)
	}
	script := `while [ "$1" != -- ]; do mount --bind "$2" "$1" || exit; shift 2; done; shift; exec "$@"`
	args := []string{"--mount", "/bin/sh", "-c", script, "sshd"}
	for path, by := range s.replace {
		args = append(args, path, by)
	}
	args = append(append(args, "--"), sshd...)
	return exec.Command("unshare", args...)
}

// launch starts sshd in the foreground, in a process group of its own.
func (s *Server) launch() error {
	s.cmd = s.command()
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A plain pipe, not StderrPipe: Wait must not wait for connections that keep it open.
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make a pipe for sshd: %w", err)
	}
	s.cmd.Stderr = w
	err = s.cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		return fmt.Errorf("start sshd: %w", err)
	}
	listening := make(chan struct{})
	go s.readLog(r, listening)
	go func() {
		_ = s.cmd.Wait() // it is ended by a signal
		close(s.done)
	}()
	patience := time.NewTimer(readyWithin)
	defer patience.Stop()
	select {
	case <-listening:
		return nil
	case <-s.done:
		return fmt.Errorf("sshd ended at once: %s", s.Log())
	case <-patience.C:
		s.kill()
		return fmt.Errorf("sshd does not listen: %s", s.Log())
	}
}

// readLog ends when the last process of sshd has ended.
func (s *Server) readLog(r io.ReadCloser, listening chan<- struct{}) {
	defer r.Close()
	told := false
	for lines := bufio.NewScanner(r); lines.Scan(); {
		s.mu.Lock()
		s.log.WriteString(lines.Text() + "\n")
		s.mu.Unlock()
		if !told && strings.HasPrefix(lines.Text(), "Server listening on") {
			told = true
			close(listening)
		}
	}
}

// Addr is where the server listens.
func (s *Server) Addr() (host string, port int) { return s.address, s.port }

// HostKeys are the public host keys in authorized_keys form, in the order of KeyTypes.
func (s *Server) HostKeys() []string { return append([]string(nil), s.keys...) }

// Log is what sshd has logged so far.
func (s *Server) Log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// Close ends sshd with its connections and removes its files.
func (s *Server) Close() error {
	s.DropConnections()
	s.kill()
	return os.RemoveAll(s.dir)
}

func (s *Server) kill() {
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // the group may be gone already
	<-s.done
}
