// Package roster reads what other tools keep of servers: ssh_config, CSV tables and known_hosts. It decides nothing: it
// returns what the file says, and line by line what of it drover cannot take over and why.
package roster

import (
	"slices"
	"strings"
)

// Entry is a server as a file tells of it. A field that is empty, or 0, is one that the file says nothing of.
type Entry struct {
	Line                                      int // where it stands
	Name, Address, User, Credential, Platform string
	Port                                      int
	Tags                                      []string // nil: nothing is said
	Note                                      string
	Jump                                      Hop
}

// Left is something that cannot be carried over.
type Left struct {
	Line int
	Text string // what it is and why it is left
}

// order sorts what is left by line.
func order(left []Left) []Left {
	slices.SortStableFunc(left, func(a, b Left) int { return a.Line - b.Line })
	return left
}

// lines splits a file, whatever ends its lines and with or without the mark that some editors put at its beginning.
func lines(text []byte) []string {
	plain := strings.TrimPrefix(strings.ToValidUTF8(string(text), "\ufffd"), "\ufeff")
	return strings.Split(strings.ReplaceAll(plain, "\r\n", "\n"), "\n")
}
