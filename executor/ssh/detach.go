package ssh

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"time"
)

// jobID is what names a detached command: it becomes the name of a folder on the server.
var jobID = regexp.MustCompile(`^[0-9a-f-]{36}$`)

// AttachTo says which detached command to find again, and how long to follow it.
type AttachTo struct {
	Job  string // Command.Detach of the command
	Sudo bool   // Command.Sudo of the command: it decides where its files are
	// Timeout ends the following, never the command. 0 means Limits.Command.
	Timeout time.Duration
	Secrets []string // see Command
	LogFile string   // see Command
	Started func()   // called at most once, when the command was found
}

// Attach finds a detached command again and returns its true result: at once when it has ended, else when it does
// within the limits. The output is that of the whole command, from its beginning. It changes nothing on the server
// but this: a command that it does not find there (JobUnknown) cannot be started there any more, so that the answer
// stays true when the request to start it was only late.
//
// An error with StopGoesOn means that the command goes on. JobDied means that it has ended without a code.
func (c *Client) Attach(ctx context.Context, server Server, to AttachTo) (Result, error) {
	return c.Run(ctx, server, Command{
		Text: ":", Detach: to.Job, attach: true, Sudo: to.Sudo, Timeout: to.Timeout, Secrets: to.Secrets, LogFile: to.LogFile, Started: to.Started,
	})
}

// errDiskFull may be why a detached command has died without a code.
var errDiskFull = errors.New("no space left on the disk with its files")

func (c Command) verb() string {
	if c.attach {
		return "attach"
	}
	return "start"
}

// jobKind reads why the script on the server has neither started nor found a job. Call it after preface.
func (s *session) jobKind() Kind {
	for word, kind := range map[string]Kind{"folder": JobFolder, "exists": JobExists, "unknown": JobUnknown} {
		if s.cmd.Detach != "" && bytes.Contains(s.err.gate.preface, []byte(jobTag+s.nonce+"-"+word+"\n")) {
			return kind
		}
	}
	return ""
}

// jobEnded reads how the following of a detached command has ended. Only its mark makes an exit status the command's
// own: otherwise it is that of the script, which somebody may have killed.
func (s *session) jobEnded(e *exit, res *Result) error {
	switch {
	case s.died.Load() && s.full.Load():
		return &Error{Kind: JobDied, Began: true, Err: errDiskFull}
	case s.died.Load():
		return &Error{Kind: JobDied, Began: true}
	case s.jobOver.Load() && e != nil && e.signal == "":
		res.ExitCode = e.code
		return nil
	}
	return &Error{Kind: LinkLost, Began: true, Stop: StopGoesOn}
}

// left is the end of the waiting for a detached command, unless the command has just ended too.
func (s *session) left(e *Error, res *Result) error {
	var last *exit
	select {
	case x := <-s.status:
		last = &x
	default:
	}
	res.ExitCode = -1
	switch err := s.jobEnded(last, res); {
	case s.died.Load():
		return err
	case err == nil:
		e.Stop = StopFinished
	default:
		e.Stop = StopGoesOn
	}
	return e
}
