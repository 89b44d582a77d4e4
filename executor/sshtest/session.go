package sshtest

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	gossh "golang.org/x/crypto/ssh"
)

// channel serves one session channel: one command.
func (s *Server) channel(ctx context.Context, conn *gossh.ServerConn, nch gossh.NewChannel) {
	if nch.ChannelType() != "session" {
		_ = nch.Reject(gossh.UnknownChannelType, "only sessions")
		return
	}
	ch, reqs, err := nch.Accept()
	if err != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	var command sync.WaitGroup
	defer command.Wait()
	defer cancel()
	taken := false
	for req := range reqs {
		var msg struct{ Command string }
		ok := req.Type == "exec" && !taken && gossh.Unmarshal(req.Payload, &msg) == nil
		if req.WantReply {
			_ = req.Reply(ok, nil)
		}
		switch {
		case ok:
			taken = true
			command.Go(func() {
				defer ch.Close()
				s.run(ctx, conn.User(), ch, msg.Command)
			})
		case req.Type == "signal":
			cancel()
		}
	}
}

// run runs one command and reports how it ended.
func (s *Server) run(ctx context.Context, user string, ch gossh.Channel, line string) {
	session := &Session{Command: line, Raw: line, User: user, Stdout: ch, Stderr: ch.Stderr(), ctx: ctx}
	w, ok := unwrap(line)
	var code int
	switch {
	case ok && s.config.NoShell != "":
		fmt.Fprintln(session.Stdout, s.config.NoShell)
		code = 1
	case ok:
		session.Command, session.Sudo, session.Job = w.text, w.sudo, w.job
		code = s.runWrapped(ctx, session, ch, w)
	default:
		code = s.handle(session)
	}
	if s.present().noExitStatus {
		return
	}
	_, _ = ch.SendRequest("exit-status", false, gossh.Marshal(struct{ Status uint32 }{uint32(code)}))
}

func (s *Server) handle(session *Session) int {
	s.count(&s.sessions)
	if s.config.Handler == nil {
		return 0
	}
	return s.config.Handler(session)
}

// runWrapped does what drover's wrapper does on a real server.
func (s *Server) runWrapped(ctx context.Context, session *Session, ch gossh.Channel, w wrapped) int {
	if w.introduce && !s.introduce(session.Stderr, w.nonce) {
		return 125
	}
	if w.sudo {
		if code := s.sudo(session, ch, w.nonce); code != 0 {
			return code
		}
	}
	if w.job != "" {
		return s.runDetached(ctx, session, ch, w)
	}
	fmt.Fprintf(session.Stdout, "drover-start-%s\n", w.nonce)
	fmt.Fprintf(session.Stderr, "drover-start-%s\n", w.nonce)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.work.Go(func() {
		_, _ = io.Copy(io.Discard, ch)
		cancel()
	})
	session.ctx = ctx
	code := s.handle(session)
	if ctx.Err() != nil {
		fmt.Fprintf(session.Stderr, "drover-stop-%s\n", w.nonce)
		return 143
	}
	return code
}

// sudo asks for the password as sudo does, and returns 0 when it lets the command begin.
func (s *Server) sudo(session *Session, ch gossh.Channel, nonce string) int {
	u := s.config.Users[session.User]
	if u.NoPasswd {
		return 0
	}
	for try := 0; ; try++ {
		fmt.Fprintf(session.Stderr, "drover-prompt-%s", nonce)
		typed, err := readLine(ch)
		switch {
		case err != nil && try == 0:
			fmt.Fprint(session.Stderr, "\nsudo: no password was provided\nsudo: a password is required\n")
			return 1
		case err != nil || try == 2:
			fmt.Fprintf(session.Stderr, "\nsudo: %d incorrect password attempt\n", try)
			return 1
		case typed != u.SudoPassword:
			fmt.Fprint(session.Stderr, "Sorry, try again.\n")
		case u.NoSudo:
			fmt.Fprintf(session.Stderr, "%s is not in the sudoers file.\n", session.User)
			return 1
		default:
			return 0
		}
	}
}

// readLine reads byte by byte, as sudo -S does, so that the rest stays for others.
func readLine(r io.Reader) (string, error) {
	var line strings.Builder
	b := make([]byte, 1)
	for {
		if _, err := io.ReadFull(r, b); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return line.String(), nil
		}
		line.WriteByte(b[0])
	}
}
