package ssh_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

// TestBesideBare fails when a run costs twice of what it may cost beside the bare library, on real servers. The clients
// are built without the race detector, which costs drover's many goroutines much more than the bare library's few.
func TestBesideBare(t *testing.T) {
	private, public := newKey(t)
	user := addUser(t, "beside", "", sshd.NoSudo)
	program := filepath.Join(t.TempDir(), "client")
	if out, err := exec.Command("go", "test", "-c", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var fleet []ssh.Server
	for i := range 10 {
		s := startSSHD(t, sshd.Config{AuthorizedKeys: []string{public}})
		server := at(s, user)
		server.Name = fmt.Sprintf("web%d", i+1)
		fleet = append(fleet, server)
	}
	bare, drover := besideBare(t, program, job{Command: "true", Servers: fleet, Key: private})
	if bare.Failed+drover.Failed > 0 {
		t.Fatalf("%d and %d failed", bare.Failed, drover.Failed)
	}
	for _, m := range []struct {
		what       string
		ratio, aim float64
	}{
		{"new connections", ms(drover.Cold) / ms(bare.Cold), 1.1},
		{"kept connections", ms(drover.Warm) / ms(bare.Warm), 1.3},
		{"client CPU", ms(drover.ColdCPU) / ms(bare.ColdCPU), 2},
	} {
		t.Logf("%s: %.2f times the bare library's", m.what, m.ratio)
		if m.ratio > 2*m.aim {
			t.Errorf("%s: %.2f times the bare library's, and the aim is %.1f", m.what, m.ratio, m.aim)
		}
	}
}
