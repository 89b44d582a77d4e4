package executor

import (
	"fmt"
	"os"
	"strings"

	"drover/executor/action"
	"drover/store"
)

// Machine is what tells the machine that drover itself runs on from others. An empty field is not known.
type Machine struct {
	ID     string // as in /etc/machine-id
	BootID string // of its kernel. Containers share it with their host, so it also tells that drover runs in one of them
}

// ThisMachine is the machine that this process runs on.
func ThisMachine() Machine {
	read := func(file string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			return "" // not a Linux
		}
		return strings.TrimSpace(string(text))
	}
	return Machine{ID: read("/etc/machine-id"), BootID: read("/proc/sys/kernel/random/boot_id")}
}

// is says whether what a server said of itself is this machine.
func (m Machine) is(h store.Host) bool {
	boot, _, _ := strings.Cut(h.Boot, ":")
	return h.MachineID != "" && h.MachineID == m.ID || boot != "" && boot == m.BootID
}

const ownHost = "drover itself runs there"

// takesDown says whether the action of a plan restarts servers or switches them off.
func (p *Plan) takesDown() bool { return p.definition.Verify != action.VerifyNone }

// verify is how the end of a plan's commands is proven beside their exit code.
func (p *Plan) verify() store.Verify {
	if !p.takesDown() {
		return ""
	}
	return store.Verify(p.definition.Verify)
}

// guard leaves out of a plan that takes servers down those that must stay up, by what drover knows of them: the machine
// that it runs on, jump hosts that others of the plan are reached through, and machines that are there under another name. What a server
// says of itself is looked at once more just before its command is sent.
func (p *Plan) guard(self Machine, servers []store.Server) (left []store.Server) {
	if !p.takesDown() {
		return servers
	}
	behind, names := map[string]string{}, map[string]string{}
	for _, s := range servers {
		for jump := s.Through; jump != nil; jump = jump.Through {
			behind[jump.ID] = s.Name
		}
	}
	for _, s := range servers {
		if why := p.staysUp(self, s, behind[s.ID], names[s.Host.MachineID]); why != "" {
			p.Excluded = append(p.Excluded, Exclusion{s.Name, why})
			continue
		}
		left = append(left, s)
		if s.Host.MachineID != "" {
			names[s.Host.MachineID] = s.Name
		}
	}
	return left
}

// staysUp says why a server must not be taken down by this plan, or "". behind is a server of the plan that is reached
// through it, twin one that is the same machine.
func (p *Plan) staysUp(self Machine, s store.Server, behind, twin string) string {
	switch {
	case s.OwnHost || self.is(s.Host):
		return ownHost
	case behind != "":
		return fmt.Sprintf("%s of this run is reached through it: run it on its own, before or after", behind)
	case twin != "":
		return "it is the same machine as " + twin
	case s.Platform != string(action.Linux) && p.Params[action.Expect] != "":
		return fmt.Sprintf("%s cannot be checked on %s", action.Expect, s.Platform)
	}
	return ""
}
