package demo

import (
	"fmt"
	"strings"
	"time"

	"drover/executor/sshtest"
)

// look plays the actions that only look, and restart-service. ok is false for any other.
func (h *Host) look(s *sshtest.Session) (code int, ok bool) {
	switch {
	case strings.Contains(s.Command, "ping -n -c 3"):
		return sshtest.Play(s, 0, pingLines()...), true
	case strings.Contains(s.Command, "@@drover inodes"):
		return sshtest.Play(s, 0, text(
			"@@drover result",
			"@@drover space", "/dev/vda1 41019616 16818044 22300448 43% /", "/dev/vdb1 103081248 64101340 33700000 66% /var",
			"@@drover inodes", "/dev/vda1 2621440 131072 2490368 5% /", "/dev/vdb1 6553600 655360 5898240 10% /var",
			"@@drover end")...), true
	case strings.Contains(s.Command, "--state=failed"):
		return sshtest.Play(s, 0, text("@@drover result", "@@drover failed", "@@drover end")...), true
	case strings.Contains(s.Command, "journalctl --unit") && !strings.Contains(s.Command, "systemctl restart"):
		return sshtest.Play(s, 0, h.logLines(unitOf(s.Command), "Reloading.", "Reloaded.")...), true
	case strings.Contains(s.Command, "find_service"):
		return h.restartService(s), true
	}
	return 0, false
}

func pingLines() []sshtest.Line {
	lines := []sshtest.Line{{Text: "PING google.com (192.0.2.14) 56(84) bytes of data."}}
	for i := 1; i <= 3; i++ {
		lines = append(lines, sshtest.Line{After: 300 * time.Millisecond, Text: fmt.Sprintf("64 bytes from 192.0.2.14: icmp_seq=%d ttl=115 time=12.%d ms", i, i)})
	}
	return append(lines, text("", "--- google.com ping statistics ---",
		"3 packets transmitted, 3 received, 0% packet loss, time 2003ms", "rtt min/avg/max/mdev = 12.100/12.200/12.300/0.081 ms")...)
}

// unitOf is the service that a command of drover's is about: its first argument.
func unitOf(command string) string {
	_, arguments, _ := strings.Cut(command, "' drover ")
	name, _, _ := strings.Cut(arguments, " ")
	return strings.TrimSuffix(name, ".service") + ".service"
}

func (h *Host) logLines(unit string, messages ...string) []sshtest.Line {
	name := strings.TrimSuffix(unit, ".service")
	lines := make([]string, len(messages))
	for i, message := range messages {
		lines[i] = fmt.Sprintf("%s %s %s[812]: %s", time.Now().UTC().Format("2006-01-02T15:04:05+0000"), h.Name, name, message)
	}
	return text(lines...)
}

// restartService plays systemd: the service is active again at once. A preview only looks.
func (h *Host) restartService(s *sshtest.Session) int {
	unit := unitOf(s.Command)
	state := func(since time.Time) []sshtest.Line {
		return text("Id="+unit, "Type=notify", "ActiveState=active", "SubState=running", "Result=success", "NRestarts=0",
			since.UTC().Format("ActiveEnterTimestamp=Mon 2006-01-02 15:04:05 UTC"), fmt.Sprintf("ActiveEnterTimestampMonotonic=%d", since.UnixMicro()))
	}
	h.mu.Lock()
	booted := h.booted
	h.mu.Unlock()
	lines := text("@@drover result")
	preview := strings.Contains(s.Command, "@@drover preview")
	if preview {
		lines = append(lines, text("@@drover preview")...)
	}
	lines = append(append(lines, text("@@drover before")...), state(booted)...)
	if !preview {
		lines = append(lines, sshtest.Line{After: time.Second, Text: "@@drover after"})
		lines = append(append(lines, state(time.Now())...), text("@@drover log")...)
		lines = append(lines, h.logLines(unit, "Started.")...)
	}
	return sshtest.Play(s, 0, append(lines, text("@@drover end")...)...)
}
