package sshtest

import (
	"context"
	"io"

	gossh "golang.org/x/crypto/ssh"
)

// Config describes a server.
type Config struct {
	// Listen is the address to listen on; "" means 127.0.0.1:0. With another
	// 127.x.y.z each server of a fleet can have the same port.
	Listen string
	// HostKey is made anew when nil (ed25519).
	HostKey gossh.Signer
	// Users may log in, by name.
	Users map[string]User
	// Handler runs the commands; its result is the exit status. nil answers
	// everything with status 0 and no output. It must return soon after the
	// session's context has ended.
	Handler func(*Session) int
	// Banner is shown during the login.
	Banner string
	// NoShell is what a device without a shell says to a command in drover's wrapper, of which it runs nothing:
	// "bad command name exec (line 1 column 1)". "": the server has a shell.
	NoShell string
}

// User is who may log in, and what sudo lets them do.
type User struct {
	Password       string            // "" allows no password
	AuthorizedKeys []gossh.PublicKey // none allows no key
	// KeyboardInteractiveOnly offers the password by that method alone.
	KeyboardInteractiveOnly bool
	SudoPassword            string // what sudo asks for
	NoPasswd                bool   // sudo asks nothing
	NoSudo                  bool   // sudo asks, then refuses
}

// Session is one command.
type Session struct {
	Command string    // the command's own text, without drover's wrapper
	Raw     string    // the command line as the client sent it
	User    string    // who logged in
	Sudo    bool      // it runs as root
	Job     string    // the id of a detached command; "": it ends with its connection
	Stdout  io.Writer // fails once the client is gone
	Stderr  io.Writer
	ctx     context.Context
}

// Context ends when the client goes away or, for a wrapped command, closes standard input. That of a detached command
// ends with KillJobs, or with the server's Close, and nothing else.
func (s *Session) Context() context.Context { return s.ctx }
