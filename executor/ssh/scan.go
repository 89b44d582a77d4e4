package ssh

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	gossh "golang.org/x/crypto/ssh"
)

// HostKey is a host key that a server shows.
type HostKey struct {
	Type          string // "ssh-ed25519"
	AuthorizedKey string // "ssh-ed25519 AAAA…", for Server.HostKeys
	Fingerprint   string // "SHA256:…"
}

// errSeen ends a handshake as soon as the key is known, before any login.
var errSeen = errors.New("host key seen")

// ScanHostKeys asks a server for its host keys, one per key type, the strongest and
// shortest first (ed25519, ECDSA, RSA). Each costs a connection; nothing is sent that
// needs trust. The error is an *Error.
func (c *Client) ScanHostKeys(ctx context.Context, address string, port int) ([]HostKey, error) {
	return c.ScanHostKeysThrough(ctx, nil, address, port)
}

// ScanHostKeysThrough does the same through a jump host, which must be trusted and is
// logged in to. nil: none.
func (c *Client) ScanHostKeysThrough(ctx context.Context, jump *Server, address string, port int) ([]HostKey, error) {
	server := Server{Address: address, Port: port, Jump: jump, User: "nobody"}
	if err := validateServer(server, maxJumps); err != nil {
		return nil, named(&Error{Kind: Invalid, Err: err}, server)
	}
	left := []string{
		gossh.KeyAlgoED25519, gossh.KeyAlgoECDSA256, gossh.KeyAlgoECDSA384, gossh.KeyAlgoECDSA521,
		gossh.KeyAlgoRSASHA512, gossh.KeyAlgoRSASHA256,
	}
	var found []HostKey
	for len(left) > 0 {
		key, err := c.scan(ctx, server, left)
		var none *gossh.AlgorithmNegotiationError
		switch {
		case errors.As(err, &none) && none.What == "host key" && len(found) > 0:
			return found, nil
		case none != nil:
			return nil, &Error{Kind: AlgorithmMismatch, Server: server.label(), Err: err}
		case err != nil:
			return nil, named(err, server)
		}
		found = append(found, hostKey(key))
		left = slices.DeleteFunc(left, func(algo string) bool { return keyType(algo) == key.Type() })
	}
	return found, nil
}

// scan returns the key that the server picks for these algorithms.
func (c *Client) scan(ctx context.Context, server Server, algorithms []string) (gossh.PublicKey, error) {
	nc, via, err := c.reach(ctx, server)
	if err != nil {
		return nil, err
	}
	if via != nil {
		defer c.pool.release(via, tunnelHold)
	}
	var seen gossh.PublicKey
	h := handshake{nc: &greeting{Conn: nc}, address: server.hostPort(), limit: c.limits.Login, release: func() {}, config: gossh.ClientConfig{
		Config: secure(), HostKeyAlgorithms: algorithms,
		HostKeyCallback: func(_ string, _ net.Addr, key gossh.PublicKey) error {
			seen = key
			return errSeen
		},
	}}
	_, err = h.run(ctx)
	if seen != nil && errors.Is(err, errSeen) {
		return seen, nil
	}
	return nil, err
}

func hostKey(key gossh.PublicKey) HostKey {
	return HostKey{
		Type:          key.Type(),
		AuthorizedKey: strings.TrimSpace(string(gossh.MarshalAuthorizedKey(key))),
		Fingerprint:   gossh.FingerprintSHA256(key),
	}
}

// keyType is the type of the keys that an algorithm signs with.
func keyType(algorithm string) string {
	switch algorithm {
	case gossh.KeyAlgoRSASHA512, gossh.KeyAlgoRSASHA256:
		return gossh.KeyAlgoRSA
	}
	return algorithm
}
