package sshd

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// DropConnections kills the processes of sshd that serve connections, as a crash or a
// lost link ends them. The listener and the users' commands are left alone.
func (s *Server) DropConnections() {
	parents, names := processes()
	for pid, name := range names {
		if name == "sshd" && pid != s.cmd.Process.Pid && descends(parents, pid, s.cmd.Process.Pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself
		}
	}
}

// processes reads every process's parent and name from /proc.
func processes() (parents map[int]int, names map[int]string) {
	parents, names = make(map[int]int), make(map[int]string)
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		pid, rest, _ := strings.Cut(string(text), " (")
		cut := strings.LastIndex(rest, ") ")
		if cut < 0 {
			continue
		}
		fields := strings.Fields(rest[cut+2:])
		n, err := strconv.Atoi(pid)
		if err != nil || len(fields) < 2 {
			continue
		}
		parent, err := strconv.Atoi(fields[1])
		if err == nil {
			parents[n], names[n] = parent, rest[:cut]
		}
	}
	return parents, names
}

func descends(parents map[int]int, pid, from int) bool {
	for ; pid > 1; pid = parents[pid] {
		if pid == from {
			return true
		}
	}
	return false
}
