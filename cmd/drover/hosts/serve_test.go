//go:build linux

package hosts_test

import (
	"testing"

	"drover/executor/sshtest/debian"
)

// TestServe runs stories with the real binary.
func TestServe(t *testing.T) {
	require(t)
	binary := build(t)
	for name, story := range map[string]func(*testing.T, string){
		"an update outlives drover":          updateOutlives,
		"a reboot outlives drover":           rebootOutlives,
		"a reboot that a colleague approves": rebootApproved,
		"a night that reboots what needs it": aNightThatReboots,
	} {
		t.Run(name, func(t *testing.T) { story(t, binary) })
	}
}

// updateOutlives: drover is killed in the middle of an upgrade, and tells its true end after its restart.
func updateOutlives(t *testing.T, binary string) {
	o := newOffice(t, binary, "web1")
	h := o.hosts["web1"]
	o.must(h.Install(debian.Package{Name: "slow", Version: "1.0"}))
	o.must(h.Offer(debian.Repository{Name: "main", Packages: []debian.Package{hanging("slow", "2.0")}}))
	kill := o.serve()
	o.slash("UOPERATOR", "update web1")
	o.appears(h, "/srv/slow")
	o.card("running", "web1")
	kill()
	if _, err := h.Run("pgrep", "-x", "dpkg"); err != nil {
		t.Fatalf("dpkg has ended with drover: %v", err)
	}
	o.serve()
	o.card("interrupted", "its result follows")
	o.lets("rm", h, "/srv/slow")
	o.card("succeeded", "1 upgraded")
	o.installed("web1", "2.0", "slow")
}

// rebootApproved goes from the request to the proof.
func rebootApproved(t *testing.T, binary string) {
	o := newOffice(t, binary, "web1")
	o.must(o.hosts["web1"].OnBoot(kernel("6.1.99-amd64")))
	o.serve()
	o.slash("UOPERATOR", "reboot web1 expect=ssh because the new kernel is there")
	card := o.card("awaiting_approval", "the new kernel is there")
	o.boots(1, "web1")
	o.click("UAPPROVER", card, "run.approve")
	o.card("succeeded", "→ 6.1.99-amd64 · ssh active")
	o.boots(2, "web1")
}

// rebootOutlives: drover is killed while the server boots, and finds the proof after its own restart.
func rebootOutlives(t *testing.T, binary string) {
	o := newOffice(t, binary, "web1")
	h := o.hosts["web1"]
	o.must(h.OnBoot(nologin))
	kill := o.serve()
	o.slash("UOPERATOR", "reboot-now web1")
	o.card("running", "booting")
	kill()
	o.lets("rm", h, "/run/nologin")
	o.serve()
	o.card("succeeded", "restarted · kernel")
	o.boots(2, "web1")
}
