package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// maxOffers is how many keys are offered in one login. sshd counts each against its
// MaxAuthTries of six and closes the connection at the last one.
const maxOffers = 5

// agentSigners asks an ssh-agent for its keys. They can sign until closed is called.
func agentSigners(ctx context.Context, socket string, limit time.Duration) (signers []gossh.Signer, closed func(), err error) {
	fail := func(err error) ([]gossh.Signer, func(), error) {
		return nil, func() {}, &Error{Kind: AgentMissing, Err: err}
	}
	dialer := net.Dialer{Timeout: limit}
	nc, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return fail(fmt.Errorf("reach the ssh-agent: %w", err))
	}
	// The agent may be locked or wait for somebody's touch on a security key.
	if err := nc.SetDeadline(time.Now().Add(limit)); err != nil {
		nc.Close()
		return fail(fmt.Errorf("reach the ssh-agent: %w", err))
	}
	signers, err = agent.NewClient(nc).Signers()
	if err == nil && len(signers) == 0 {
		err = errors.New("the ssh-agent holds no key")
	}
	if err != nil {
		nc.Close()
		return fail(fmt.Errorf("ask the ssh-agent for keys: %w", err))
	}
	return signers, func() { nc.Close() }, nil
}
