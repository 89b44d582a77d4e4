package ssh

import (
	"fmt"
	"time"
)

// Kind is the reason why a Run failed.
type Kind string

// The kinds, in the order in which a Run can meet them.
const (
	Invalid            Kind = "invalid"              // the server or the command is described wrongly; nothing was sent
	Local              Kind = "local"                // drover itself failed; nothing was sent
	NameNotFound       Kind = "name_not_found"       // the address has no entry in the DNS
	Refused            Kind = "refused"              // nothing listens on the port
	NoRoute            Kind = "no_route"             // the network cannot reach the address
	Silent             Kind = "silent"               // no answer to the TCP connection
	NoHandshake        Kind = "no_handshake"         // connected, but no SSH handshake came about
	Throttled          Kind = "throttled"            // sshd turned the connection away to protect itself
	AlgorithmMismatch  Kind = "algorithm_mismatch"   // no cryptography in common
	HostKeyUnknown     Kind = "host_key_unknown"     // no pinned key
	HostKeyChanged     Kind = "host_key_changed"     // another key than the pinned ones
	LoginRefused       Kind = "login_refused"        // key or password not accepted
	LoginClosed        Kind = "login_closed"         // closed during login; Banner says why, if the server did
	LoginSilent        Kind = "login_silent"         // the login got no answer in time
	HeldBack           Kind = "held_back"            // refused a moment ago; nothing was sent, so as not to be locked out
	AgentMissing       Kind = "agent_missing"        // the ssh-agent cannot be reached, has no key or does not sign
	CertificateExpired Kind = "certificate_expired"  // login refused, and the certificate's time is over
	JumpForbidden      Kind = "jump_forbidden"       // the jump host does not forward connections
	NoShell            Kind = "no_shell"             // the account may log in but not run commands
	WrongPlatform      Kind = "wrong_platform"       // it is not the system that it is registered as; nothing was run
	SudoRefused        Kind = "sudo_refused"         // the user may not use sudo for this
	SudoPasswordNeeded Kind = "sudo_password_needed" // sudo asks for a password and none is stored
	SudoWrongPassword  Kind = "sudo_wrong_password"  // sudo asked again after the only attempt
	SudoMissing        Kind = "sudo_missing"         // sudo is not installed
	JobFolder          Kind = "job_folder"           // the folder of a detached command cannot be made
	JobExists          Kind = "job_exists"           // a detached command of this id was begun before; it was not begun again
	JobUnknown         Kind = "job_unknown"          // a detached command was never begun on this server, and now never will be
	JobDied            Kind = "job_died"             // a detached command ended without an exit code: killed, or the server went down
	NotStarted         Kind = "not_started"          // the command did not begin within Limits.Start
	CommandNotFound    Kind = "command_not_found"    // the shell found no such program
	NotExecutable      Kind = "not_executable"       // the shell could not run the program
	KilledBySignal     Kind = "killed_by_signal"     // a signal ended the command
	TimedOut           Kind = "timed_out"            // the command's time limit, or the context's deadline
	WentSilent         Kind = "went_silent"          // the command printed nothing for too long
	TooMuchOutput      Kind = "too_much_output"      // the command printed more than Limits.Output
	Cancelled          Kind = "cancelled"            // the context was cancelled
	NoExitStatus       Kind = "no_exit_status"       // the server closed the command without saying how it ended
	LinkLost           Kind = "link_lost"            // the connection broke or froze while the command ran
)

// Error is the only type of error that Run, Attach and ScanHostKeys return. It never
// holds a secret or the text of the command.
type Error struct {
	Kind    Kind
	Server  string    // the server's name
	Banner  string    // what the server said before or during the login, cleaned; often ""
	Said    string    // SudoRefused: sudo's own words
	Began   bool      // the command may have begun on the server
	Stop    Stop      // what is known of a command that was stopped
	Jump    string    // the jump host's name, when it failed on the way there or on the way on
	Until   time.Time // HeldBack: from when on a login may be tried again
	Program string    // CommandNotFound, NotExecutable: which
	Answers string    // WrongPlatform: the system that it seems to be ("RouterOS"); "" when it does not say
	Err     error     // the technical cause; may be nil
}

// Error is short and technical. Sentence is for people.
func (e *Error) Error() string {
	server := e.Server
	if e.Jump != "" {
		server += " through " + e.Jump
	}
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", server, e.Kind)
	}
	return fmt.Sprintf("%s: %s: %v", server, e.Kind, e.Err)
}

// Unwrap returns the technical cause.
func (e *Error) Unwrap() error { return e.Err }

// NeverStarted says whether the command certainly did not begin, so that running it
// again cannot do it twice.
func (e *Error) NeverStarted() bool { return !e.Began }

// Unreachable says whether drover could not get as far as being logged in. It
// implies NeverStarted. A refused sudo, a time-out and a cancel are not Unreachable.
func (e *Error) Unreachable() bool {
	switch e.Kind {
	case NameNotFound, Refused, NoRoute, Silent, NoHandshake, Throttled,
		AlgorithmMismatch, HostKeyUnknown, HostKeyChanged,
		LoginRefused, LoginClosed, LoginSilent,
		HeldBack, AgentMissing, CertificateExpired, JumpForbidden:
		return true
	}
	return e.Kind == LinkLost && !e.Began
}
