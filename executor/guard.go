package executor

import (
	"context"
	"fmt"
	"os"
	"slices"
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
// that it runs on, jump hosts that others of the plan are reached through, and machines that are there under another name.
// What a server says of itself is looked at once more just before its command is sent.
func (p *Plan) guard(self Machine) {
	if !p.takesDown() {
		return
	}
	p.leaveOut(func(s store.Server) string { return p.staysUp(self, s) })
	twins := twinsOf(p.servers)
	behind := behindOf(p.servers, twins)
	p.leaveOut(func(s store.Server) string {
		switch {
		case behind[s.ID] != "":
			return reachedThrough(behind[s.ID])
		case s.Host.MachineID != "" && behind[s.Host.MachineID] != "":
			return reachedThrough(behind[s.Host.MachineID])
		case twins[s.ID] != "":
			return "it is the same machine as " + twins[s.ID]
		}
		return ""
	})
}

// leaveOut takes servers out of the plan for which there is a reason to keep them up.
func (p *Plan) leaveOut(why func(store.Server) string) {
	targets, servers := p.Targets, p.servers
	p.Targets, p.servers = []PlanTarget{}, nil
	for i, s := range servers {
		if reason := why(s); reason != "" {
			p.keptUp[s.ID] = Exclusion{s.Name, reason}
			p.Excluded = append(p.Excluded, p.keptUp[s.ID])
			continue
		}
		p.Targets, p.servers = append(p.Targets, targets[i]), append(p.servers, s)
	}
}

// keepUp ends those of the pending targets of a run that must stay up by what is known now. That is no change of the others:
// drover learns of its servers while a run goes on.
func (e *Engine) keepUp(ctx context.Context, lease store.Lease, run store.Run, rest *Plan) error {
	for _, target := range run.Targets {
		out, keep := rest.keptUp[target.ServerID]
		if !keep {
			continue
		}
		if _, err := e.store.SkipHeld(context.WithoutCancel(ctx), lease, target.ID, "not begun: "+out.Reason); err != nil {
			return err
		}
		rest.Excluded = slices.DeleteFunc(rest.Excluded, func(x Exclusion) bool { return x == out })
	}
	return nil
}

// staysUp says why a server must not be taken down, whatever else is in the plan, or "".
func (p *Plan) staysUp(self Machine, s store.Server) string {
	switch {
	case s.OwnHost || self.is(s.Host):
		return ownHost
	case s.Platform != string(action.Linux) && p.Params[action.Expect] != "":
		return fmt.Sprintf("%s cannot be checked on %s", action.Expect, s.Platform)
	}
	return ""
}

// twinsOf are the names of servers under which machines are there already, by the ids of those that come later.
func twinsOf(servers []store.Server) map[string]string {
	first, twins := map[string]string{}, map[string]string{}
	for _, s := range servers {
		switch name, seen := first[s.Host.MachineID]; {
		case s.Host.MachineID == "":
		case seen:
			twins[s.ID] = name
		default:
			first[s.Host.MachineID] = s.Name
		}
	}
	return twins
}

// behindOf are the names of servers that are reached through others, by the ids of those and of their machines: a jump
// host goes down under its second name, too. Twins do not count, for they are not taken down.
func behindOf(servers []store.Server, twins map[string]string) map[string]string {
	behind := map[string]string{}
	for _, s := range servers {
		if twins[s.ID] != "" {
			continue
		}
		for jump := s.Through; jump != nil; jump = jump.Through {
			behind[jump.ID] = s.Name
			if machine := jump.Host.MachineID; machine != s.Host.MachineID { // clones may share it
				behind[machine] = s.Name
			}
		}
	}
	return behind
}

func reachedThrough(by string) string {
	return by + " of this run is reached through it: run it on its own, before or after"
}
