package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// maxOffers is how many keys are offered in one login. sshd counts each against its
// MaxAuthTries of six and closes the connection at the last one.
const maxOffers = 5

// errNoSignature: the agent holds the key that the server takes, and does not sign with it. It may be wait for
// somebody to confirm, or to touch a security key.
var errNoSignature = errors.New("the ssh-agent does not sign")

// agentSigners asks an ssh-agent for its keys. They can sign until closed is called or ctx ends.
func agentSigners(ctx context.Context, socket string, limit time.Duration) (signers []gossh.Signer, closed func(), err error) {
	fail := func(err error) ([]gossh.Signer, func(), error) {
		if over(ctx) {
			return nil, func() {}, ended(ctx)
		}
		return nil, func() {}, &Error{Kind: AgentMissing, Err: err}
	}
	dialer := net.Dialer{Timeout: limit}
	nc, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return fail(fmt.Errorf("reach the ssh-agent: %w", err))
	}
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	closed = func() {
		stop()
		nc.Close()
	}
	signers, err = agent.NewClient(patient{nc, limit}).Signers()
	if err == nil && len(signers) == 0 {
		err = errors.New("the ssh-agent holds no key")
	}
	if err != nil {
		closed()
		return fail(fmt.Errorf("ask the ssh-agent for keys: %w", err))
	}
	return signers, closed, nil
}

// patient gives an agent its time anew for each request: between two of them drover may have to wait for servers. It cannot
// be closed by the library, which therefore reads only while it waits for an answer.
type patient struct {
	nc    net.Conn
	limit time.Duration
}

func (p patient) Read(b []byte) (int, error) { return p.nc.Read(b) }

func (p patient) Write(b []byte) (int, error) {
	if err := p.nc.SetDeadline(time.Now().Add(p.limit)); err != nil {
		return 0, err
	}
	return p.nc.Write(b)
}

// agentKey is a key in an ssh-agent. It tells when the agent does not sign with it.
type agentKey struct {
	gossh.AlgorithmSigner
	failed func(error)
}

// SignWithAlgorithm lets the agent sign.
func (k *agentKey) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*gossh.Signature, error) {
	signature, err := k.AlgorithmSigner.SignWithAlgorithm(rand, data, algorithm)
	if err != nil {
		err = fmt.Errorf("%w: %w", errNoSignature, err)
		k.failed(err)
	}
	return signature, err
}
