package ssh

import (
	"errors"
	"slices"

	gossh "golang.org/x/crypto/ssh"
)

var (
	errVisiblePrompt = errors.New("the server asks a question that is not a password")
	errAskedTwice    = errors.New("the server asks for the password a second time")
)

// methods chooses how to log in, one try per method and one try per password: the
// same wrong password sent by two methods counts twice towards a lock-out.
type methods struct {
	signer   gossh.Signer // nil: no key
	password string
	answered bool
}

// next is called before each attempt. Returning nothing ends the login with the
// error of the last attempt.
func (m *methods) next(ctx *gossh.ClientAuthContext) (gossh.AuthMethod, error) {
	used := func(method string) bool {
		return slices.Contains(ctx.TriedMethods, method) || slices.Contains(ctx.PartialSuccessMethods, method)
	}
	offered := func(method string) bool { return slices.Contains(ctx.AllowedMethods, method) }
	if m.signer != nil && offered("publickey") && !used("publickey") {
		return gossh.PublicKeys(m.signer), nil
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
