package sshtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	gossh "golang.org/x/crypto/ssh"
)

// job is a command that outlives its connection.
type job struct {
	mu      sync.Mutex
	changed chan struct{} // closed at the next change
	out     []byte
	err     []byte
	ended   bool
	died    bool
	code    int
	kill    context.CancelCauseFunc
}

// never is the job of an id that was asked for and not found: nothing is begun under it any more.
var never = &job{}

var errKilled = errors.New("killed")

// output is one of the two outputs of a job.
type output struct {
	job *job
	to  *[]byte
}

func (o output) Write(p []byte) (int, error) {
	o.job.change(func() { *o.to = append(*o.to, p...) })
	return len(p), nil
}

func (j *job) change(fn func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	fn()
	close(j.changed)
	j.changed = make(chan struct{})
}

// KillJobs ends every detached command that runs, without an exit code: it was killed, or the server was restarted.
func (s *Server) KillJobs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j != never {
			j.kill(errKilled)
		}
	}
}

// startJob begins a detached command, or says false when its id is taken.
func (s *Server) startJob(session *Session) (*job, bool) {
	ctx, kill := context.WithCancelCause(s.life)
	j := &job{changed: make(chan struct{}), kill: kill}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.jobs[session.Job] != nil {
		kill(nil)
		return nil, false
	}
	s.jobs[session.Job] = j
	detached := *session
	detached.Stdout, detached.Stderr, detached.ctx = output{j, &j.out}, output{j, &j.err}, ctx
	s.work.Go(func() {
		code := s.handle(&detached)
		j.change(func() { j.ended, j.died, j.code = true, ctx.Err() != nil, code })
		kill(nil)
	})
	return j, true
}

// findJob finds a detached command. Of an id that it does not find, none can begin any more.
func (s *Server) findJob(id string) (*job, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.jobs[id] == nil {
		s.jobs[id] = never
	}
	return s.jobs[id], s.jobs[id] != never
}

// runDetached does what drover's script for detached commands does. It returns the exit status.
func (s *Server) runDetached(ctx context.Context, session *Session, ch gossh.Channel, w wrapped) int {
	j, ok, refusal := (*job)(nil), false, "exists"
	if w.attach {
		refusal = "unknown"
		j, ok = s.findJob(w.job)
	} else {
		j, ok = s.startJob(session)
	}
	if !ok {
		fmt.Fprintf(session.Stderr, "drover-job-%s-%s\n", w.nonce, refusal)
		return 125
	}
	fmt.Fprintf(session.Stdout, "drover-start-%s\n", w.nonce)
	fmt.Fprintf(session.Stderr, "drover-start-%s\n", w.nonce)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.work.Go(func() {
		_, _ = io.Copy(io.Discard, ch)
		cancel()
	})
	return j.follow(ctx, session, w.nonce)
}

// follow shows a job from its beginning until it has ended, or until ctx does.
func (j *job) follow(ctx context.Context, session *Session, nonce string) int {
	out, err := 0, 0
	for {
		j.mu.Lock()
		changed, ended, died, code := j.changed, j.ended, j.died, j.code
		newOut, newErr := j.out[out:], j.err[err:]
		j.mu.Unlock()
		_, failedOut := session.Stdout.Write(newOut)
		_, failedErr := session.Stderr.Write(newErr)
		out, err = out+len(newOut), err+len(newErr)
		switch {
		case failedOut != nil || failedErr != nil:
			return 141
		case ended && died:
			fmt.Fprintf(session.Stderr, "drover-died-%s\n", nonce)
			return 125
		case ended:
			fmt.Fprintf(session.Stderr, "drover-over-%s\n", nonce)
			return code
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 143
		}
	}
}
