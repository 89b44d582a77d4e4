package ssh

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	gossh "golang.org/x/crypto/ssh"
)

// ErrPassphrase is returned for a private key that is protected by a passphrase.
var ErrPassphrase = errors.New("the private key is protected by a passphrase: store a copy without one (ssh-keygen -p -N '')")

// maxKeys bounds the parsed keys that a Client keeps. A fleet has a handful.
const maxKeys = 256

// CheckPrivateKey says whether a PEM text is a private key that drover can log in
// with. It returns ErrPassphrase for a protected one.
func CheckPrivateKey(pem []byte) error {
	_, err := parseKey(pem)
	return err
}

func parseKey(pem []byte) (gossh.Signer, error) {
	signer, err := gossh.ParsePrivateKey(pem)
	var missing *gossh.PassphraseMissingError
	switch {
	case errors.As(err, &missing):
		return nil, ErrPassphrase
	case err != nil:
		return nil, fmt.Errorf("parse private key: %w", err)
	}
	return signer, nil
}

// keyring keeps parsed keys by the hash of their text.
type keyring struct {
	mu      sync.Mutex
	signers map[[sha256.Size]byte]gossh.Signer
}

func (k *keyring) signer(pem []byte) (gossh.Signer, error) {
	sum := sha256.Sum256(pem)
	k.mu.Lock()
	defer k.mu.Unlock()
	if s, ok := k.signers[sum]; ok {
		return s, nil
	}
	s, err := parseKey(pem)
	if err != nil {
		return nil, err
	}
	if k.signers == nil || len(k.signers) >= maxKeys {
		k.signers = make(map[[sha256.Size]byte]gossh.Signer)
	}
	k.signers[sum] = s
	return s, nil
}
