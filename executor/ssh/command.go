package ssh

import "time"

// Command is what to run.
type Command struct {
	// Text is a POSIX command line or script. /bin/sh on the server runs it,
	// never the login shell.
	Text string
	// Raw is for devices without a shell (RouterOS, IOS): Text is sent as it is,
	// without the wrapper. Such a command cannot use sudo, and when it is stopped
	// its end cannot be confirmed.
	Raw bool
	// Sudo runs Text as root.
	Sudo bool
	// Detach makes Text a job of this id (a UUID, 36 characters) that outlives the connection: neither a lost link
	// nor the end of Run ends it. Its output and its exit code are kept on the server, in a folder of its own, and
	// Attach finds it again. An id is started once, ever. "" ends the command with the connection.
	Detach string
	attach bool // the job was started before: find it again
	// Fresh asks for a connection of its own, which is measured and not kept. A Raw command
	// always has one: devices often take one command for each.
	Fresh bool
	// Timeout is counted from the moment the command begins on the server.
	// 0 means Limits.Command.
	Timeout time.Duration
	// Silence is how long the command may print nothing, from its beginning or its last output on. 0 means for ever. A
	// detached command is not stopped by it, only the waiting is.
	Silence time.Duration
	// Secrets are taken out of the output, besides those of the login. Values
	// shorter than four bytes are left alone: they would blacken everything.
	Secrets []string
	// LogFile receives the whole cleaned output of both streams in the order in which it arrived, when Stdout and Stderr
	// cannot hold it (Result.LogSize): its first 8 MiB, and of the rest as much as they hold. It and its folder are for the owner only. An existing file is replaced.
	// "" means none.
	LogFile string
	// Started is called at most once, from within Run, when the server has begun the
	// command (sudo passed). Output is collected meanwhile; a stop waits for it.
	Started func()
}

// Stop says what is known of a command that was stopped by its time limit, by
// its context or by a lost link.
type Stop string

const (
	// StopNone: the command was not stopped.
	StopNone Stop = ""
	// StopEnded: the server confirmed that the command's processes were ended.
	StopEnded Stop = "ended"
	// StopFinished: the command had already finished by itself; ExitCode is its own.
	StopFinished Stop = "finished"
	// StopUnknown: no confirmation came. The command may still be running, but on
	// a server that was reached by the wrapper it is ended as soon as the server
	// notices that the connection is gone.
	StopUnknown Stop = "unknown"
	// StopGoesOn: only the waiting ended. The command was detached, and goes on to its own end.
	StopGoesOn Stop = "goes_on"
)

// Result is what a command did. Run returns what it has of it with an error too.
type Result struct {
	// ExitCode is the command's exit status, or -1 when none was received. A shell
	// reports a process killed by signal n as 128+n.
	ExitCode int
	// Reason is what ExitCode means where it is not the command's own: the shell found no such program or could not run it
	// (CommandNotFound, NotExecutable), a shell answered where a device should (WrongPlatform), or a signal ended it
	// (KilledBySignal). nil otherwise.
	Reason *Error
	// Stdout and Stderr are valid UTF-8 without terminal codes or secrets. Each keeps
	// its first 64 KiB and last 192 KiB.
	Stdout, Stderr                   string
	StdoutTruncated, StderrTruncated bool
	// LogSize is the size of the log file in bytes, or 0 when there is none: Stdout and Stderr hold everything, or LogError.
	LogSize int64
	// LogTruncated: the whole output is nowhere, because of the log file's size limit or because of LogError.
	LogTruncated bool
	// LogError is the first failure to write the log file, if any. It does not
	// fail the command.
	LogError error
	// Connect, Login and Run are how long the TCP connection, the handshake with
	// authentication, and the command took. The ones not reached are 0, and so are the
	// first two on a connection that was there before.
	Connect, Login, Run time.Duration
	Stop                Stop
	// Host is which machine has answered. It is there whenever the command has begun; a Raw command's server says nothing of itself.
	Host HostFacts
}
