package store

import (
	"crypto/rand"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// sealVersion is the first byte of every sealed secret, so that the format can change.
const sealVersion = 1

var errSealed = errors.New("the secret cannot be opened: its row was changed, or the key file is not its own")

// seal encrypts a secret for one field of one row. Moved to another row it does not open.
func (k *keys) seal(secret []byte, place string) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(k.secrets)
	if err != nil {
		return nil, fmt.Errorf("seal a secret: %w", err)
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce) // never fails: it ends the program instead
	return aead.Seal(append([]byte{sealVersion}, nonce...), nonce, secret, []byte(place)), nil
}

func (k *keys) open(sealed []byte, place string) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(k.secrets)
	if err != nil {
		return nil, fmt.Errorf("open a secret: %w", err)
	}
	head := 1 + aead.NonceSize()
	if len(sealed) < head || sealed[0] != sealVersion {
		return nil, errSealed
	}
	secret, err := aead.Open(nil, sealed[1:head], sealed[head:], []byte(place))
	if err != nil {
		return nil, errSealed
	}
	return secret, nil
}
