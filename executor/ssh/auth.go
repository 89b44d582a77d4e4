package ssh

import (
	"context"
	"errors"
	"slices"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

var (
	errVisiblePrompt = errors.New("the server asks a question that is not a password")
	errAskedTwice    = errors.New("the server asks for the password a second time")
)

// methods chooses how to log in, one try per method and one try per password: the
// same wrong password sent by two methods counts twice towards a lock-out.
type methods struct {
	signers  []gossh.Signer // offered in this order
	password string
	answered bool
	stale    bool   // the certificate has expired
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
		m.signers, m.close = append(m.signers, more...), closed
	}
	m.signers = m.signers[:min(len(m.signers), maxOffers)]
	return m, nil
}

// next is called before each attempt. Returning nothing ends the login with the
// error of the last attempt.
func (m *methods) next(ctx *gossh.ClientAuthContext) (gossh.AuthMethod, error) {
	used := func(method string) bool {
		return slices.Contains(ctx.TriedMethods, method) || slices.Contains(ctx.PartialSuccessMethods, method)
	}
	offered := func(method string) bool { return slices.Contains(ctx.AllowedMethods, method) }
	if len(m.signers) > 0 && offered("publickey") && !used("publickey") {
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
