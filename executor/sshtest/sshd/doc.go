// Package sshd runs real OpenSSH servers on loopback addresses, with system users
// made for them, so that tests meet the real thing. It needs root, and the programs of
// Debian's openssh-server, sudo and passwd.
//
// Each server has its own host keys, configuration and address: Linux answers on all of
// 127.0.0.0/8. Everything that it made is taken away again by the Close methods.
package sshd
