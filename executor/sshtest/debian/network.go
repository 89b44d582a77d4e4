//go:build linux

package debian

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// plugIn gives a process 1 its network card, with a cable to the bridge.
func (h *Host) plugIn(pid int) error {
	_ = exec.Command("ip", "link", "delete", h.cable()).Run() // of the last boot, if the kernel has not come to it yet
	address, _ := h.Addr()
	// The same hardware address at each boot: others remember it.
	card := fmt.Sprintf("02:00:c6:12:00:%02x", h.number)
	if err := batch(exec.Command("ip", "-batch", "-"),
		fmt.Sprintf("link add %s type veth peer name eth0 address %s netns %d", h.cable(), card, pid),
		fmt.Sprintf("link set %s master %s up", h.cable(), bridge),
	); err != nil {
		return err
	}
	return batch(exec.Command("nsenter", "--net=/proc/"+strconv.Itoa(pid)+"/ns/net", "ip", "-batch", "-"),
		"link set lo up", "address add "+address+bits+" dev eth0", "link set eth0 up")
}

func (h *Host) cable() string { return "host" + strconv.Itoa(h.number) }

// Unplug pulls the network cable, and Plug puts it back: connections stay open, and nothing arrives.
func (h *Host) Unplug() error { return run("ip", "link", "set", h.cable(), "down") }

// Plug is described at Unplug.
func (h *Host) Plug() error { return run("ip", "link", "set", h.cable(), "up") }

func batch(cmd *exec.Cmd, lines ...string) error {
	_, err := output(cmd, strings.Join(lines, "\n")+"\n")
	return err
}
