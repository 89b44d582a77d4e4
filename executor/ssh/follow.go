package ssh

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	gossh "golang.org/x/crypto/ssh"
)

// awaitStart waits until the command begins.
func (s *session) awaitStart(ctx context.Context, res *Result) error {
	tooLate := time.NewTimer(s.limits.Start)
	defer tooLate.Stop()
	select {
	case <-s.began:
		return nil
	case k := <-s.refused:
		s.hangUp()
		return &Error{Kind: k}
	case e := <-s.status:
		return s.endedEarly(ctx, e)
	case <-s.closed:
		return s.closedEarly(ctx)
	case <-tooLate.C:
		return s.abandon(&Error{Kind: NotStarted, Err: fmt.Errorf("no sign of the command within %v", s.limits.Start)}, res)
	case <-ctx.Done():
		return s.abandon(ended(ctx), res)
	}
}

// abandon gives up a command of which no start mark has come. Closing standard input
// makes sudo give up its question; a start that was on its way at that moment is ended
// by it, and shows itself before the channel closes. Without that close nothing is certain.
func (s *session) abandon(e *Error, res *Result) error {
	if confirmed := s.hangUp(); !confirmed || s.hasBegun() {
		return s.conclude(e, res)
	}
	return e
}

// hangUp closes standard input and gives the server a moment to end by itself. It says
// whether the server did.
func (s *session) hangUp() bool {
	_ = s.ch.CloseWrite()
	tooLate := time.NewTimer(s.limits.Stop)
	defer tooLate.Stop()
	select {
	case <-s.closed:
		<-s.drained
		return true
	case <-tooLate.C:
		return false
	}
}

// endedEarly is an exit status before the start mark. Output and status are read by
// different goroutines, so the mark may only just be on its way.
func (s *session) endedEarly(ctx context.Context, e exit) error {
	s.settle(ctx)
	if s.hasBegun() {
		s.report(e)
		return nil
	}
	select {
	case k := <-s.refused:
		return &Error{Kind: k}
	default:
	}
	said := s.preface()
	if e := s.wrongPlatform(); e != nil {
		return e
	}
	if k := s.jobKind(); k != "" {
		return &Error{Kind: k, Began: k == JobExists, Err: errors.New(said)}
	}
	kind := NoShell
	if s.cmd.Sudo {
		kind = sudoKind(said)
	}
	return &Error{Kind: kind, Said: sudoSaid(kind, said), Err: fmt.Errorf("exit status %d: %s", e.code, said)}
}

// closedEarly is the end of the channel before the start mark.
func (s *session) closedEarly(ctx context.Context) error {
	select {
	case e := <-s.status:
		return s.endedEarly(ctx, e)
	default:
	}
	<-s.drained
	if s.hasBegun() {
		return nil
	}
	if e := s.wrongPlatform(); e != nil {
		return e
	}
	if s.alive() {
		return &Error{Kind: NoShell, Err: errors.New(s.preface())}
	}
	// The start mark may have been lost with the link.
	return &Error{Kind: LinkLost, Began: true, Stop: StopUnknown}
}

// preface is what the server said instead of beginning the command, without secrets.
// It may be called only when the readers have ended or the output is silent.
func (s *session) preface() string {
	<-s.drained
	const enough = 300
	text := strings.TrimSpace(Clean(withoutHost(s.err.gate.preface, s.nonce) + string(s.out.gate.preface)))
	text = s.err.lines.redactor.line(text)
	if len(text) > enough {
		text = strings.ToValidUTF8(text[:enough], "") + "…"
	}
	return text
}

// awaitEnd follows a command that has begun.
func (s *session) awaitEnd(ctx context.Context, res *Result) error {
	limit := s.cmd.Timeout
	if limit <= 0 {
		limit = s.limits.Command
	}
	tooLong := time.NewTimer(limit)
	defer tooLong.Stop()
	if s.cmd.Started != nil {
		s.cmd.Started()
	}
	s.last.Store(time.Now().UnixNano()) // silence is counted from now on
	quiet := time.NewTimer(s.cmd.Silence)
	defer quiet.Stop()
	if s.cmd.Silence <= 0 {
		quiet.Stop()
	}
	for {
		select {
		case e := <-s.status:
			return s.ended(ctx, e, res)
		case <-s.closed:
			return s.vanished(ctx, res)
		case <-ctx.Done():
			return s.stop(ended(ctx), res)
		case <-tooLong.C:
			return s.stop(&Error{Kind: TimedOut, Err: fmt.Errorf("limit of %v", limit)}, res)
		case <-s.flood:
			return s.stop(&Error{Kind: TooMuchOutput, Err: fmt.Errorf("limit of %s", humanize.IBytes(uint64(s.limits.Output)))}, res)
		case <-quiet.C:
			left := s.cmd.Silence - time.Since(time.Unix(0, s.last.Load()))
			if left <= 0 {
				return s.stop(&Error{Kind: WentSilent, Err: fmt.Errorf("nothing for %v", s.cmd.Silence)}, res)
			}
			quiet.Reset(left)
		}
	}
}

// ended takes the exit status and the last of the output.
func (s *session) ended(ctx context.Context, e exit, res *Result) error {
	s.settle(ctx)
	if s.cmd.Detach != "" {
		return s.jobEnded(&e, res)
	}
	res.ExitCode = e.code
	if e.signal != "" {
		return &Error{Kind: KilledBySignal, Began: true, Err: fmt.Errorf("signal %s", e.signal)}
	}
	return nil
}

// lingers is how many times Limits.Linger the output of a command that has ended is taken while it still comes: what is
// under way on a slow line, or what a background process goes on saying.
const lingers = 30

// settle waits for the end of the output of a command that has ended. A background process that holds it open (a daemon
// that the command has started) is not waited for when it is silent, nor for long when it talks; its output is let go of.
func (s *session) settle(ctx context.Context) {
	// sshd closes standard input when the command ends, at which the script's watch lets go of the output. Others may not.
	defer time.AfterFunc(s.limits.Linger/4, func() { _ = s.ch.CloseWrite() }).Stop()
	tick := time.NewTicker(s.limits.Linger)
	defer tick.Stop()
	enough := time.NewTimer(lingers * s.limits.Linger)
	defer enough.Stop()
	for talks, seen := true, s.bytes.Load(); talks; {
		select {
		case <-s.drained:
			return
		case <-tick.C:
			now := s.bytes.Load()
			talks, seen = now != seen, now
		case <-enough.C:
			talks = false
		case <-s.flood:
			talks = false
		case <-ctx.Done():
			talks = false
		}
	}
	s.client.Close()
	<-s.drained
}

// vanished is the end of the channel without an exit status.
func (s *session) vanished(ctx context.Context, res *Result) error {
	select {
	case e := <-s.status:
		return s.ended(ctx, e, res)
	default:
	}
	<-s.drained
	if s.cmd.Detach != "" {
		return s.jobEnded(nil, res)
	}
	if !s.alive() {
		return &Error{Kind: LinkLost, Began: true, Stop: StopUnknown}
	}
	if s.cmd.Raw {
		return nil // network devices often send none
	}
	return &Error{Kind: NoExitStatus, Began: true, Stop: StopUnknown}
}

// alive asks the server for a sign of life.
func (s *session) alive() bool {
	answer := make(chan error, 1)
	go func() {
		_, _, err := s.client.SendRequest("keepalive@openssh.com", true, nil)
		answer <- err
	}()
	tooLate := time.NewTimer(s.limits.Stop)
	defer tooLate.Stop()
	select {
	case err := <-answer:
		return err == nil
	case <-tooLate.C:
		s.client.Close()
		<-answer //nolint:errcheck // it is the error of the connection that was just given up
		return false
	}
}

// stop ends a command on the server. The wrapper does it when standard input closes. A
// device gets the signal request of SSH as well, which few honour.
func (s *session) stop(e *Error, res *Result) error {
	if s.cmd.Raw {
		_, _ = s.ch.SendRequest("signal", false, gossh.Marshal(struct{ Signal string }{"TERM"}))
	}
	_ = s.ch.CloseWrite()
	tooLate := time.NewTimer(s.limits.Stop)
	defer tooLate.Stop()
	select {
	case <-s.stopped:
	case <-s.closed:
		<-s.drained
	case <-tooLate.C:
	}
	if s.cmd.Detach != "" {
		e.Began = true
		return s.left(e, res)
	}
	return s.conclude(e, res)
}

// conclude says what is known of a command that was to be stopped. An exit status counts only when the command ended
// by itself; it comes before the channel closes, but whoever waited may have seen the close first.
func (s *session) conclude(e *Error, res *Result) error {
	e.Began, e.Stop = true, s.stopKind()
	if e.Stop == StopFinished {
		x := <-s.status
		s.report(x)
		res.ExitCode = x.code
	}
	return e
}

// stopKind is what is known after standard input was closed: the stop mark proves an
// end on request, an exit status without it an end of the command's own.
func (s *session) stopKind() Stop {
	if s.cmd.Detach != "" {
		if s.hasBegun() {
			return StopGoesOn
		}
		return StopUnknown
	}
	select {
	case <-s.stopped:
		return StopEnded
	default:
	}
	select {
	case x := <-s.status:
		s.report(x)
		if x.signal == "" {
			return StopFinished
		}
		return StopEnded
	default:
		return StopUnknown
	}
}

func (s *session) hasBegun() bool {
	select {
	case <-s.began:
		return true
	default:
		return false
	}
}
