package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// session is one command on an open connection. It speaks to the channel itself, for
// two reasons: gossh.Session reports the exit status only after every background
// process has let go of the output, and its errors hold the whole command line.
type session struct {
	client *lane
	limits Limits
	server Server
	cmd    Command
	nonce  string

	ch      gossh.Channel
	sent    bool // the command may have been sent
	shut    bool // the server refuses one more command on this connection
	readers sync.WaitGroup

	mu  sync.Mutex // guards the streams
	cut bool       // given up: what still arrives is dropped
	out stream
	err stream

	began   chan struct{} // closed at the start mark
	refused chan Kind     // sudo's answer before the start; holds 1
	status  chan exit     // how the server says the command ended; holds 1
	closed  chan struct{} // the channel is closed, or given up
	drained chan struct{} // both streams have ended, or are given up
	over    chan struct{} // the channel is closed and both streams have ended
	bytes   atomic.Int64  // received so far
	last    atomic.Int64  // when something was received, in nanoseconds since 1970
	flood   chan struct{} // closed when too much was received
	stopped chan struct{} // closed at the stop mark
	jobOver atomic.Bool   // of a detached command: its exit status follows
	died    atomic.Bool   // of a detached command: it has none
	full    atomic.Bool   // of a detached command: nor has the disk with its files any room
	endings sync.Mutex    // guards the closing of stopped, flood, closed and drained
}

// stream is one of the two outputs, from the wire to what is kept of it.
type stream struct {
	gate  gate
	lines lines
	kept  capped
}

// exit is an exit status or the signal that took its place.
type exit struct {
	code   int
	signal string
}

func newSession(client *lane, limits Limits, server Server, cmd Command, secrets *redactor, log *logFile) *session {
	s := &session{
		client: client, limits: limits, server: server, cmd: cmd, nonce: newNonce(),
		began: make(chan struct{}), refused: make(chan Kind, 1), status: make(chan exit, 1),
		stopped: make(chan struct{}), flood: make(chan struct{}), closed: make(chan struct{}), drained: make(chan struct{}), over: make(chan struct{}),
	}
	for _, st := range []*stream{&s.out, &s.err} {
		st.lines = lines{redactor: secrets, sink: func(text []byte) {
			st.kept.add(text)
			log.add(text)
		}}
		st.gate = gate{mark: []byte(startMark + s.nonce + "\n"), out: &st.lines, open: cmd.Raw, opened: func() {}}
	}
	if !cmd.Raw {
		s.err.gate.opened = func() { close(s.began) }
		s.err.lines.marks = map[string]func(){stopMark + s.nonce: func() { s.end(s.stopped) }}
		if cmd.Detach != "" {
			s.err.lines.marks = map[string]func(){
				overMark + s.nonce: func() { s.jobOver.Store(true) }, diedMark + s.nonce: func() { s.died.Store(true) },
				fullMark + s.nonce: func() { s.full.Store(true) },
			}
		}
	}
	if cmd.Sudo {
		s.err.gate.prompt = []byte(promptTag + s.nonce)
		s.err.gate.asked = s.answerer()
	}
	return s
}

// answerer gives sudo the password once. A second question means that it was wrong;
// another try could lock the account.
func (s *session) answerer() func() {
	asked := 0
	return func() {
		asked++
		switch {
		case s.server.Login.SudoPassword == "":
			s.refuse(SudoPasswordNeeded)
		case asked > 1:
			s.refuse(SudoWrongPassword)
		default:
			// Not here: a server that takes nothing would hold up who reads. A failed write shows as a lost link.
			s.client.conn.work.Go(func() { _, _ = io.WriteString(s.ch, s.server.Login.SudoPassword+"\n") })
		}
	}
}

func (s *session) refuse(k Kind) {
	select {
	case s.refused <- k:
	default:
	}
}

// run opens the channel, sends the command and follows it to its end.
func (s *session) run(ctx context.Context, res *Result) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	if !s.cmd.Raw {
		if err := s.awaitStart(ctx, res); err != nil {
			return err
		}
	}
	return s.awaitEnd(ctx, res)
}

// start opens the channel and sends the command.
func (s *session) start(ctx context.Context) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	return s.send(ctx)
}

// open opens the channel. Nothing on the server needs to be stopped yet. On a kept
// connection it is also the question whether the server is still there, at no cost.
func (s *session) open(ctx context.Context) error {
	limit := s.limits.Start
	if s.client.warm {
		limit = min(limit, s.limits.Connect)
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stop := context.AfterFunc(within, func() { s.client.Close() })
	ch, reqs, err := s.client.OpenChannel("session", nil)
	intime := stop()
	if err == nil {
		s.follow(ch, reqs)
	}
	var refusal *gossh.OpenChannelError
	switch {
	case err == nil && intime:
		return nil
	case over(ctx):
		return ended(ctx)
	case !intime:
		return &Error{Kind: NotStarted, Err: context.DeadlineExceeded}
	case errors.As(err, &refusal):
		s.shut = true
		s.client.onClose(func() bool { return true }) // the connection is as good as before
		return &Error{Kind: NoShell, Err: fmt.Errorf("%w: %w", errNotTaken, err)}
	}
	return &Error{Kind: LinkLost, Err: fmt.Errorf("open a session: %w", err)}
}

var errNotTaken = errors.New("the server does not run commands for this user")

// crowded says whether the server took no further command on a connection that others use.
func (s *session) crowded() bool {
	return s.shut && s.client.conn.pool.narrow(s.client.conn)
}

// broken says whether a kept connection turned out to be of no use. The command was
// certainly not sent, so that it may be on another one.
func (s *session) broken(ctx context.Context) bool {
	return s.client.warm && !s.sent && s.ch == nil && !s.shut && !over(ctx)
}

// follow starts the goroutines that read from the channel. They belong to the connection.
func (s *session) follow(ch gossh.Channel, reqs <-chan *gossh.Request) {
	s.ch = ch
	work := &s.client.conn.work
	s.readers.Go(func() { s.read(ch, &s.out) })
	s.readers.Go(func() { s.read(ch.Stderr(), &s.err) })
	work.Go(func() { s.listen(reqs) })
	work.Go(func() {
		s.readers.Wait()
		s.end(s.drained)
		<-s.closed
		close(s.over)
	})
	s.client.onClose(s.hangUpChannel)
}

// end closes one of the session's channels, once.
func (s *session) end(done chan struct{}) {
	s.endings.Lock()
	defer s.endings.Unlock()
	select {
	case <-done:
	default:
		close(done)
	}
}

// hangUpChannel closes the channel. A server agrees to that unless the command still
// lives; then what it goes on to say is dropped.
func (s *session) hangUpChannel() bool {
	_ = s.ch.Close()
	patience := time.NewTimer(s.limits.Linger)
	defer patience.Stop()
	select {
	case <-s.over:
		return true
	case <-patience.C:
	}
	s.mu.Lock()
	s.cut = true
	s.out.lines.Close()
	s.err.lines.Close()
	s.mu.Unlock()
	s.end(s.drained)
	s.end(s.closed)
	return false
}

// send sends the command and waits until the server has taken it. The end of the
// context must not cut the link now, at least not for Limits.Stop: the command may run
// already, and only over the link can it be ended and its end be confirmed.
func (s *session) send(ctx context.Context) error {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.limits.Start)
	defer cancel()
	cut := context.AfterFunc(within, func() { s.client.Close() })
	defer context.AfterFunc(ctx, func() {
		patience := time.NewTimer(s.limits.Stop)
		defer patience.Stop()
		select {
		case <-patience.C:
			cancel()
		case <-within.Done():
		}
	})()
	line := s.cmd.Text
	if !s.cmd.Raw {
		line = wrap(s.nonce, s.cmd, s.client.conn.host.Load())
	}
	s.sent = true
	taken, err := s.client.request(s.ch, "exec", gossh.Marshal(struct{ Command string }{line}))
	intime := cut()
	switch {
	case err == nil && intime && taken:
		return nil
	case err == nil && !taken:
		return &Error{Kind: NoShell, Err: errNotTaken}
	case over(ctx):
		e := ended(ctx)
		e.Began, e.Stop = true, StopUnknown
		return e
	case !intime:
		return &Error{Kind: NotStarted, Began: true, Stop: StopUnknown, Err: context.DeadlineExceeded}
	}
	return &Error{Kind: LinkLost, Began: true, Stop: StopUnknown, Err: fmt.Errorf("send the command: %w", err)}
}

// listen reads what the server says about the command until the channel closes.
func (s *session) listen(reqs <-chan *gossh.Request) {
	defer s.end(s.closed)
	for req := range reqs {
		switch req.Type {
		case "exit-status":
			var msg struct{ Status uint32 }
			if gossh.Unmarshal(req.Payload, &msg) == nil {
				s.report(exit{code: int(msg.Status)})
			}
		case "exit-signal":
			var msg struct {
				Signal     string
				CoreDumped bool
				Error      string
				Lang       string
			}
			if gossh.Unmarshal(req.Payload, &msg) == nil {
				s.report(exit{code: -1, signal: msg.Signal})
			}
		}
		if req.WantReply {
			_ = req.Reply(false, nil)
		}
	}
}

func (s *session) report(e exit) {
	select {
	case s.status <- e:
	default:
	}
}

// Most commands say little, and thousands of them may run at once; what says much is read in large pieces.
const (
	smallRead = 512
	largeRead = 32 << 10
)

// read empties one stream. Both must be read all the time: they share a window, and a
// full one stops the command.
func (s *session) read(from io.Reader, st *stream) {
	buf := make([]byte, smallRead)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			s.count(n)
			s.take(st, buf[:n])
		}
		if n == len(buf) && n < largeRead {
			buf = make([]byte, 4*n)
		}
		if err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if !s.cut {
				st.lines.Close()
			}
			return
		}
	}
}

// count notes that something was received.
func (s *session) count(n int) {
	s.last.Store(time.Now().UnixNano())
	if s.bytes.Add(int64(n)) > s.limits.Output && s.cmd.Detach == "" {
		s.end(s.flood)
	}
}

func (s *session) take(st *stream, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.cut {
		_, _ = st.gate.Write(text)
	}
}

// finish waits for the end of the output, and fills it in. The lane is closed.
func (s *session) finish(res *Result) {
	if s.ch == nil {
		return
	}
	<-s.drained
	<-s.closed
	s.mu.Lock()
	defer s.mu.Unlock()
	res.Host = s.host()
	res.Stdout, res.StdoutTruncated = s.out.kept.text()
	res.Stderr, res.StderrTruncated = s.err.kept.text()
}
