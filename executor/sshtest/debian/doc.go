//go:build linux

// Package debian runs whole Debian hosts on this machine, so that tests meet a true apt, a true
// reboot and a true shutdown. It needs root, and what Available names.
//
// All hosts share one Debian that debootstrap has made once, in the user's cache; each
// writes into an overlay of its own. A host is a process 1 with namespaces of its own, and it is
// systemd: its shutdown calls reboot(2), which ends that process, and the kernel tells its parent
// whether that was a restart or a power-off. The parent then boots it again, or leaves it down.
//
// Nothing is left behind, even by tests that are killed, but empty control groups that the next ones
// remove: Main gives a test program namespaces for its mounts and its network, in which everything
// lives, and the kernel removes them with the last process. The hosts' network is a bridge that exists only there.
package debian
