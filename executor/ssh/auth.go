package ssh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

var (
	errVisiblePrompt = errors.New("the server asks a question that is not a password")
	errAskedTwice    = errors.New("the server asks for the password a second time")
	errTooManyKeys   = fmt.Errorf("only the first %d keys were offered", maxOffers)
)

// methods chooses how to log in, one try per method and one try per password: the
// same wrong password sent by two methods counts twice towards a lock-out.
type methods struct {
	signers  []gossh.Signer // offered in this order
	password string
	answered bool
	stale    bool   // the certificate has expired
	left     int    // keys that are not offered, because no server takes so many
	unsigned error  // the ssh-agent did not sign with the last key that it was asked to; nil: it was not, or has
	again    bool   // offer the remaining keys too
	close    func() // lets go of the ssh-agent
}

// methods prepares what a login may use.
func (c *Client) methods(ctx context.Context, login Login) (*methods, error) {
	m := &methods{password: login.Password, close: func() {}}
	if len(login.PrivateKey) > 0 {
		pair, err := c.keys.pair(login.PrivateKey, login.Certificate)
		if err != nil {
			return nil, &Error{Kind: Invalid, Err: err}
		}
		m.signers, m.stale = pair.signers(), pair.stale(time.Now())
	}
	if login.AgentSocket != "" {
		more, closed, err := agentSigners(ctx, login.AgentSocket, c.limits.Login)
		if err != nil {
			return nil, err
		}
		m.close = closed
		for _, key := range more {
			m.signers = append(m.signers, m.watch(key))
		}
	}
	m.left = max(0, len(m.signers)-maxOffers)
	m.signers = m.signers[:len(m.signers)-m.left]
	return m, nil
}

// watch notes when the ssh-agent does not sign with a key. Those behind it are then offered, as ssh does it.
func (m *methods) watch(key gossh.Signer) gossh.Signer {
	signer, ok := key.(gossh.AlgorithmSigner)
	if !ok {
		return key
	}
	watched := &agentKey{AlgorithmSigner: signer}
	watched.failed = func(err error) {
		at := slices.Index(m.signers, gossh.Signer(watched))
		m.signers = m.signers[at+1:]
		m.unsigned, m.again = err, true
	}
	return watched
}

// explain corrects why a login failed, where what drover logs in with is to blame.
func (m *methods) explain(e *Error) {
	switch e.Kind {
	case LoginRefused, LoginClosed, LoginSilent:
	default:
		return
	}
	switch {
	case m.unsigned != nil && m.password == "":
		e.Kind, e.Err = AgentMissing, m.unsigned
	case e.Kind == LoginRefused && m.stale:
		e.Kind = CertificateExpired
	case e.Kind == LoginRefused && m.left > 0:
		e.Err = fmt.Errorf("%w: %w", errTooManyKeys, e.Err)
	}
}

// next is called before each attempt. Returning nothing ends the login with the
// error of the last attempt.
func (m *methods) next(ctx *gossh.ClientAuthContext) (gossh.AuthMethod, error) {
	used := func(method string) bool {
		return slices.Contains(ctx.TriedMethods, method) || slices.Contains(ctx.PartialSuccessMethods, method)
	}
	offered := func(method string) bool { return slices.Contains(ctx.AllowedMethods, method) }
	if len(m.signers) > 0 && offered("publickey") && (!used("publickey") || m.again) {
		m.again = false
		return gossh.PublicKeys(m.signers...), nil
	}
	if m.password == "" || used("password") || used("keyboard-interactive") {
		return nil, nil
	}
	switch {
	case offered("password"):
		return gossh.Password(m.password), nil
	case offered("keyboard-interactive"):
		return gossh.KeyboardInteractive(m.answer), nil
	}
	return nil, nil
}

// answer gives the password to the first hidden question, and to nothing else.
// A challenge without questions is legal and gets no answers.
func (m *methods) answer(_, _ string, questions []string, echos []bool) ([]string, error) {
	answers := make([]string, len(questions))
	for i := range questions {
		if echos[i] {
			return nil, errVisiblePrompt
		}
		if m.answered {
			return nil, errAskedTwice
		}
		m.answered = true
		answers[i] = m.password
	}
	return answers, nil
}
