package demo

import (
	"fmt"
	"time"

	"drover/bot/slacksim"
)

// aside is what the page shows beside Slack: who is who, what to try, and the fleet, which can be broken.
func aside(fleet *Fleet) *slacksim.Aside {
	roles := map[string]string{}
	for _, p := range people() {
		roles[p.id] = p.may
	}
	return &slacksim.Aside{
		Roles: roles, Steps: firstSteps(), More: moreToTry(), Machines: fleet.machines, Break: fleet.breakHost,
		Faults: []slacksim.MachineFault{
			{Name: faultNone, Label: "works"},
			{Name: faultDown, Label: "down"},
			{Name: faultSlow, Label: "slow"},
			{Name: faultSilent, Label: "silent"},
			{Name: faultHostKey, Label: "host key changed"},
		},
	}
}

// firstSteps are what drover is about, in two minutes.
func firstSteps() []slacksim.Suggestion {
	return []slacksim.Suggestion{
		{Title: "Update two servers at the same time.", Command: "/server update web1 db1", As: operatorID},
		{Title: "Read in its thread what was upgraded.", Thread: true},
		{Title: "Ask for a restart. It waits for a colleague.", Command: "/server reboot db1", As: operatorID},
		{Title: "Be that colleague. Press Approve, and watch the proof.", Command: "/server pending", As: approverID},
		{Title: "Be refused: the viewer may look, but not change anything.", Command: "/server update web2", As: viewerID},
		{Title: "Break a server.", Break: "cache1", Fault: faultDown},
		{Title: "See what drover says. Mend it below, and press Retry.", Command: "/server update tag:web cache1", As: operatorID},
	}
}

func moreToTry() []slacksim.Suggestion {
	return []slacksim.Suggestion{
		{Title: "How are they?", Command: "/server status all"},
		{Title: "What would be upgraded?", Command: "/server preview update all"},
		{Title: "One server first, then decide", Command: "/server update tag:prod canary=1"},
		{Title: "What can I do here?", Command: "/server help"},
		{Title: "A typo does no harm", Command: "/server updte web2"},
		{Title: "From drover to every server and back", Command: "/server ping all"},
		{Title: "What was run so far", Command: "/server history"},
		{Title: "Somebody without any role", Command: "/server list", As: outsiderID},
	}
}

func (f *Fleet) machines() []slacksim.Machine {
	list := make([]slacksim.Machine, len(f.Hosts))
	for i, host := range f.Hosts {
		list[i] = host.machine()
	}
	return list
}

func (f *Fleet) breakHost(name, fault string) error {
	host := f.Host(name)
	if host == nil {
		return fmt.Errorf("there is no server %q", name)
	}
	return host.Break(fault)
}

// machine is a host as the page shows it.
func (h *Host) machine() slacksim.Machine {
	h.link.Lock()
	fault := h.fault
	h.link.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	state := map[string]string{
		faultNone: "up", faultDown: "down", faultSlow: "slow", faultSilent: "accepts, never answers", faultHostKey: "another host key", faultAway: "away",
	}[fault]
	notes := []string{booted(time.Since(h.booted)), updates(len(h.pending))}
	if h.reboot {
		notes = append(notes, "reboot required")
	}
	if fault == faultAway {
		fault = faultDown // what somebody can choose instead begins with that
	}
	return slacksim.Machine{Name: h.Name, Tags: h.Tags, State: state, Well: fault == faultNone, Notes: notes, Fault: fault}
}

func booted(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("booted %d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("booted %d days ago", int(d.Hours()/24))
}

func updates(n int) string {
	switch n {
	case 0:
		return "up to date"
	case 1:
		return "1 update"
	}
	return fmt.Sprintf("%d updates", n)
}
