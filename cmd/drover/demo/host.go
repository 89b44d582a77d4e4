package demo

import (
	"fmt"
	"strings"
	"time"

	"drover/executor/sshtest"
)

// upgrade is a package that waits for an update.
type upgrade struct {
	name, old, new string
	security       bool
}

// The kernel that the fleet runs, and the one that an update of db1 brings.
const (
	oldKernel = "6.1.0-32-amd64"
	newKernel = "6.1.0-37-amd64"
)

// hosts are the fleet before anybody has touched it.
func hosts() []*Host {
	now := time.Now()
	base := []upgrade{
		{"libssl3", "3.0.15-1~deb12u1", "3.0.17-1~deb12u2", true},
		{"openssl", "3.0.15-1~deb12u1", "3.0.17-1~deb12u2", true},
		{"curl", "7.88.1-10+deb12u8", "7.88.1-10+deb12u12", false},
		{"tzdata", "2024b-0+deb12u1", "2025b-0+deb12u1", false},
	}
	web := append([]upgrade{{"nginx", "1.22.1-9", "1.22.1-9+deb12u2", true}}, base...)
	db := append([]upgrade{
		{"postgresql-15", "15.9-0+deb12u1", "15.13-0+deb12u1", false},
		{"linux-image-" + newKernel, "-", "6.1.140-1", true},
	}, base...)
	return []*Host{
		{Name: "web1", Tags: []string{"web", "prod"}, booted: now.Add(-12 * 24 * time.Hour), pending: web},
		{Name: "web2", Tags: []string{"web", "prod"}, booted: now.Add(-12 * 24 * time.Hour), pending: web},
		{Name: "db1", Tags: []string{"db", "prod"}, booted: now.Add(-81 * 24 * time.Hour), pending: db},
		{Name: "cache1", Tags: []string{"cache"}, booted: now.Add(-3 * time.Hour), pending: base[:1]},
	}
}

// handle plays the server's part. It knows drover's own actions by what they run, and says so of anything else.
func (h *Host) handle(s *sshtest.Session) int {
	if code, ok := h.look(s); ok {
		return code
	}
	switch {
	case s.Command == "true", s.Command == ":":
		return 0
	case strings.Contains(s.Command, "shutdown -r now"):
		return h.told(s, true)
	case strings.Contains(s.Command, "shutdown -P now"):
		return h.told(s, false)
	case strings.Contains(s.Command, "/proc/loadavg"):
		return sshtest.Play(s, 0, h.status()...)
	case strings.Contains(s.Command, "@@drover preview") && !strings.Contains(s.Command, "upgrade()"):
		return h.preview(s)
	case strings.Contains(s.Command, "apt-get"):
		return h.update(s)
	}
	fmt.Fprintln(s.Stdout, "This server of the demo only plays the built-in actions.")
	return 0
}

// told answers a command that takes the server down, which happens a moment later.
func (h *Host) told(s *sshtest.Session, restarts bool) int {
	fmt.Fprintln(s.Stdout, "told to go down")
	h.errands.Go(func() { h.goDown(h.life, restarts) })
	return 0
}

// preview plays what an update would do.
func (h *Host) preview(s *sshtest.Session) int {
	h.mu.Lock()
	pending := h.pending
	h.mu.Unlock()
	lines := append([]string{"@@drover result", "@@drover preview"}, changedLines(pending)...)
	return sshtest.Play(s, 0, text(append(lines, "@@drover end")...)...)
}

func text(lines ...string) []sshtest.Line {
	played := make([]sshtest.Line, len(lines))
	for i, line := range lines {
		played[i].Text = line
	}
	return played
}

func (h *Host) status() []sshtest.Line {
	h.mu.Lock()
	defer h.mu.Unlock()
	reboot := "no"
	if h.reboot {
		reboot = "yes"
	}
	return text(
		"@@drover result",
		"@@drover uptime", fmt.Sprintf("%.2f 81234.50", time.Since(h.booted).Seconds()),
		"@@drover load", "0.12 0.20 0.18 1/212 4711",
		"@@drover memory", "MemTotal:        8148740 kB", "MemFree:         1204180 kB", "MemAvailable:    6291456 kB",
		"@@drover disk", "Filesystem     1024-blocks     Used Available Capacity Mounted on", "/dev/vda1         41019616 16818044  22300448      43% /",
		"@@drover os", `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"`, `NAME="Debian GNU/Linux"`, "ID=debian", `VERSION_ID="12"`,
		"@@drover kernel", "Linux "+h.kernel+" x86_64",
		"@@drover users",
		"@@drover reboot", reboot,
		"@@drover updates", fmt.Sprint(len(h.pending)),
		"@@drover end",
	)
}

// update plays apt: it takes its time, prints what apt prints, and only then are the packages new.
func (h *Host) update(s *sshtest.Session) int {
	h.mu.Lock()
	pending := h.pending
	h.mu.Unlock()
	if code := sshtest.Play(s, 0, aptLines(pending)...); code != 0 {
		return code
	}
	h.mu.Lock()
	h.pending = nil
	for _, u := range pending {
		h.reboot = h.reboot || strings.HasPrefix(u.name, "linux-image")
	}
	kernel, reboot := h.kernel, h.reboot
	h.mu.Unlock()
	return sshtest.Play(s, 0, resultLines(pending, kernel, reboot)...)
}

func aptLines(pending []upgrade) []sshtest.Line {
	pace := func(d time.Duration, line string) sshtest.Line { return sshtest.Line{After: d, Text: line} }
	lines := []sshtest.Line{
		pace(300*time.Millisecond, "Hit:1 http://deb.debian.org/debian bookworm InRelease"),
		pace(200*time.Millisecond, "Get:2 http://deb.debian.org/debian-security bookworm-security InRelease [48.0 kB]"),
		pace(300*time.Millisecond, "Reading package lists..."),
	}
	for _, u := range pending {
		lines = append(lines,
			pace(250*time.Millisecond, fmt.Sprintf("Unpacking %s (%s) over (%s) ...", u.name, u.new, u.old)),
			pace(150*time.Millisecond, fmt.Sprintf("Setting up %s (%s) ...", u.name, u.new)))
	}
	return lines
}

func resultLines(done []upgrade, kernel string, reboot bool) []sshtest.Line {
	lines := append([]string{"", "@@drover result"}, changedLines(done)...)
	newest, required := kernel, "no"
	if reboot {
		newest, required = newKernel, "yes"
	}
	lines = append(lines, "@@drover kernel "+kernel+" "+newest, "@@drover reboot "+required, "@@drover end")
	return text(lines...)
}

// changedLines tell of packages in the words in which the actions report them.
func changedLines(upgrades []upgrade) []string {
	var lines []string
	for _, u := range upgrades {
		lines = append(lines, fmt.Sprintf("@@drover changed %s %s %s", u.name, u.old, u.new))
		if u.security {
			lines = append(lines, "@@drover security "+u.name)
		}
	}
	return lines
}
