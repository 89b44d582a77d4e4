//go:build linux

package debian_test

import (
	"strings"
	"testing"

	"drover/executor/sshtest/debian"
)

func TestUpgrade(t *testing.T) {
	t.Parallel()
	h := start(t, debian.Config{Name: "web2"})
	hello, gate := debian.Package{Name: "hello", Version: "1.0"}, debian.Package{Name: "gate", Version: "1.0"}
	if err := h.Install(hello, gate); err != nil {
		t.Fatal(err)
	}
	hello.Version, gate.Version = "2.0", "1.1"
	for _, r := range []debian.Repository{{Name: "main", Label: "Debian", Packages: []debian.Package{hello}}, {Name: "security", Label: "Debian-Security", Packages: []debian.Package{gate}}} {
		if err := h.Offer(r); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := h.Run("apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update"); err != nil {
		t.Fatal(out, err)
	}
	plan, err := h.Run("apt-get", "-s", "upgrade")
	if err != nil || !strings.Contains(plan, "Inst gate [1.0] (1.1 Debian-Security:12/stable [all])") || !strings.Contains(plan, "Inst hello [1.0] (2.0 Debian:12/stable [all])") {
		t.Fatalf("%v: %s", err, plan)
	}
	if out, err := h.Run("apt-get", "-y", "-q", "upgrade"); err != nil {
		t.Fatal(out, err)
	}
	if versions, err := h.Run("dpkg-query", "-W", "hello", "gate"); err != nil || versions != "gate\t1.1\nhello\t2.0\n" {
		t.Errorf("%v: %q", err, versions)
	}
}
