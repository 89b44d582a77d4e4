package ssh

import (
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// ErrPassphrase is returned for a private key that is protected by a passphrase.
var ErrPassphrase = errors.New("the private key is protected by a passphrase")

var errPublic = errors.New("that is the public half of a key: give the private one")

// maxKeys bounds the parsed keys that a Client keeps. A fleet has a handful.
const maxKeys = 256

// CheckPrivateKey says whether a PEM text is a private key that drover can log in
// with. It returns ErrPassphrase for a protected one.
func CheckPrivateKey(pem []byte) error {
	_, err := parseKey(pem)
	return err
}

// UnlockPrivateKey takes the passphrase off a private key. Opening it anew for every
// login would take a hundred times as long as the login.
func UnlockPrivateKey(locked, passphrase []byte) ([]byte, error) {
	key, err := gossh.ParseRawPrivateKeyWithPassphrase(locked, passphrase)
	if err != nil {
		return nil, fmt.Errorf("open the private key with its passphrase: %w", err)
	}
	block, err := gossh.MarshalPrivateKey(key, "")
	if err != nil {
		return nil, fmt.Errorf("write the private key: %w", err)
	}
	return pem.EncodeToMemory(block), nil
}

func parseKey(pem []byte) (gossh.Signer, error) {
	signer, err := gossh.ParsePrivateKey(pem)
	var missing *gossh.PassphraseMissingError
	switch {
	case errors.As(err, &missing):
		return nil, ErrPassphrase
	case err != nil && isPublic(pem):
		return nil, errPublic
	case err != nil:
		return nil, fmt.Errorf("parse private key: %w", err)
	}
	return signer, nil
}

// isPublic says whether a text is the line of a public key.
func isPublic(text []byte) bool {
	_, _, _, _, err := gossh.ParseAuthorizedKey(text)
	return err == nil
}

// keyring keeps parsed keys by the hash of their text.
type keyring struct {
	mu    sync.Mutex
	pairs map[[sha256.Size]byte]pair
}

// pair is a private key and the certificate that was made for it, if any.
type pair struct {
	key  gossh.Signer
	cert gossh.Signer       // nil: none
	text *gossh.Certificate // nil: none
}

// signers are what to offer, the certificate first.
func (p pair) signers() []gossh.Signer {
	if p.cert == nil {
		return []gossh.Signer{p.key}
	}
	return []gossh.Signer{p.cert, p.key}
}

// stale says whether the login may fail because the certificate has expired.
func (p pair) stale(now time.Time) bool { return p.text != nil && expired(p.text, now) }

func (k *keyring) pair(pem, certificate []byte) (pair, error) {
	sum := sha256.Sum256(append(append([]byte{}, pem...), certificate...))
	k.mu.Lock()
	defer k.mu.Unlock()
	if p, ok := k.pairs[sum]; ok {
		return p, nil
	}
	p, err := parsePair(pem, certificate)
	if err != nil {
		return p, err
	}
	if k.pairs == nil || len(k.pairs) >= maxKeys {
		k.pairs = make(map[[sha256.Size]byte]pair)
	}
	k.pairs[sum] = p
	return p, nil
}

func parsePair(pem, certificate []byte) (p pair, err error) {
	if p.key, err = parseKey(pem); err != nil || len(certificate) == 0 {
		return p, err
	}
	if p.text, err = parseCertificate(certificate); err != nil {
		return p, err
	}
	if p.cert, err = gossh.NewCertSigner(p.text, p.key); err != nil {
		return p, fmt.Errorf("use the certificate: %w", err)
	}
	return p, nil
}
