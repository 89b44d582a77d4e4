package demo

import (
	"bytes"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// fleet starts the demo's servers until the test ends.
func fleet(t *testing.T) *Fleet {
	t.Helper()
	f, err := startFleet()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// login logs in to a server as drover does. It returns the host key that was shown.
func login(h *Host, limit time.Duration) (client *gossh.Client, key gossh.PublicKey, err error) {
	host, port := h.server.Addr()
	address := net.JoinHostPort(host, strconv.Itoa(port))
	conn, err := net.DialTimeout("tcp", address, limit)
	if err != nil {
		return nil, nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(limit)); err != nil {
		return nil, nil, err
	}
	config := &gossh.ClientConfig{User: loginUser, Auth: []gossh.AuthMethod{gossh.Password(h.password)}, HostKeyCallback: func(_ string, _ net.Addr, k gossh.PublicKey) error {
		key = k
		return nil
	}}
	c, channels, requests, err := gossh.NewClientConn(conn, address, config)
	if err != nil {
		_ = conn.Close() // the error of the login says more
		return nil, key, err
	}
	return gossh.NewClient(c, channels, requests), key, conn.SetDeadline(time.Time{})
}

// trusted says whether a server is there, and shows the key that it had at the beginning.
func trusted(t *testing.T, h *Host) bool {
	t.Helper()
	client, key, err := login(h, 20*time.Second)
	if err != nil {
		t.Logf("log in to %s: %v", h.Name, err)
		return false
	}
	defer client.Close()
	return bytes.Equal(key.Marshal(), h.key.PublicKey().Marshal())
}

func TestEveryFaultAndItsEnd(t *testing.T) {
	f := fleet(t)
	host := f.Host("web1")
	for _, tt := range []struct {
		fault, state string
		shows        func() bool // the fault can be seen from outside
	}{
		{faultDown, "down", func() bool {
			_, _, err := login(host, 20*time.Second)
			return err != nil && strings.Contains(err.Error(), "refused")
		}},
		{faultSilent, "accepts, never answers", func() bool {
			_, _, err := login(host, 300*time.Millisecond)
			return err != nil && strings.Contains(err.Error(), "timeout")
		}},
		{faultSlow, "slow", func() bool {
			begin := time.Now()
			return trusted(t, host) && time.Since(begin) >= slowBy
		}},
		{faultHostKey, "another host key", func() bool { return !trusted(t, host) }},
	} {
		if err := host.Break(tt.fault); err != nil {
			t.Fatal(err)
		}
		if m := host.machine(); m.State != tt.state || m.Well || m.Fault != tt.fault || !tt.shows() {
			t.Errorf("%s does not show: %+v", tt.fault, m)
		}
		if err := host.Break(faultNone); err != nil {
			t.Fatal(err)
		}
		if m := host.machine(); m.State != "up" || !m.Well || !trusted(t, host) {
			t.Errorf("after %s it is not as before: %+v", tt.fault, m)
		}
	}
}

func TestUnknownFaultsAndServers(t *testing.T) {
	f := fleet(t)
	if err := f.breakHost("web1", faultDown); err != nil {
		t.Fatal(err)
	}
	if err := f.breakHost("web1", "on fire"); err == nil || !strings.Contains(err.Error(), "host-key") {
		t.Errorf("an unknown fault: %v", err)
	}
	if m := f.Host("web1").machine(); m.Fault != faultDown {
		t.Errorf("an unknown fault has mended it: %+v", m)
	}
	if err := f.breakHost("web9", faultDown); err == nil {
		t.Error("there is no web9")
	}
}

// TestBreakWhileItWorks: whatever runs there ends with the server, and holds nothing up.
func TestBreakWhileItWorks(t *testing.T) {
	host := fleet(t).Host("db1")
	client, _, err := login(host, 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Start("apt-get upgrade"); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := host.Break(faultHostKey); err != nil {
		t.Fatal(err)
	}
	if err := session.Wait(); err == nil {
		t.Error("the update went on")
	}
	if m := host.machine(); !slices.Contains(m.Notes, "6 updates") {
		t.Errorf("an update that was cut off is done: %+v", m)
	}
}

func TestSuggestionsNameWhatIsThere(t *testing.T) {
	f := fleet(t)
	a := aside(f)
	ids := []string{""}
	for _, p := range people() {
		ids = append(ids, p.id)
		if a.Roles[p.id] == "" {
			t.Errorf("nothing is said of %s", p.name)
		}
	}
	for _, s := range slices.Concat(a.Steps, a.More) {
		if !slices.Contains(ids, s.As) || s.Title == "" || s.Command != "" && !strings.HasPrefix(s.Command, "/server ") {
			t.Errorf("a suggestion makes no sense: %+v", s)
		}
		if s.Break != "" && (f.Host(s.Break) == nil || !slices.Contains(Faults(), s.Fault)) {
			t.Errorf("nothing can be broken by %+v", s)
		}
	}
	for _, fault := range a.Faults {
		if !slices.Contains(Faults(), fault.Name) {
			t.Errorf("there is no fault %q", fault.Name)
		}
	}
}
