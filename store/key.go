package store

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	keySize    = 32
	keyHeader  = "drover-key-1 " // the version of the file's format
	keySetting = "key_check"     // proves that a key file belongs to this database
)

// keys are derived from the key file, one for each purpose.
type keys struct {
	secrets []byte // XChaCha20-Poly1305
	audit   []byte // HMAC-SHA256
}

// loadKeys reads the key file, or makes it for a database that has never had one.
func (s *Store) loadKeys(ctx context.Context, file string) (*keys, error) {
	wanted, err := s.Setting(ctx, keySetting)
	if err != nil {
		return nil, err
	}
	master, err := readKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		if wanted != "" {
			return nil, fmt.Errorf("%w (expected at %s)", ErrKeyLost, file)
		}
		master, err = createKey(file)
	}
	if err != nil {
		return nil, err
	}
	derived, check, err := derive(master)
	if err != nil {
		return nil, err
	}
	if wanted, err = s.keepKeyCheck(ctx, wanted, check); err != nil {
		return nil, err
	}
	if wanted != check {
		return nil, fmt.Errorf("%w (tried %s)", ErrKeyWrong, file)
	}
	return derived, nil
}

// keepKeyCheck makes the first key the database's own, and returns the check of the one that is. Of two processes that
// start at once with different key files, the second is refused.
func (s *Store) keepKeyCheck(ctx context.Context, wanted, check string) (string, error) {
	if wanted != "" {
		return wanted, nil
	}
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", keySetting, check)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("note the key file: %w", err)
	}
	return s.Setting(ctx, keySetting)
}

func derive(master []byte) (*keys, string, error) {
	var out [3][]byte
	for i, purpose := range []string{"drover secrets", "drover audit", "drover key check"} {
		key, err := hkdf.Key(sha256.New, master, nil, purpose, keySize)
		if err != nil {
			return nil, "", fmt.Errorf("derive a key: %w", err)
		}
		out[i] = key
	}
	return &keys{secrets: out[0], audit: out[1]}, hex.EncodeToString(out[2]), nil
}

func readKey(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s", ErrKeyOpen, file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	encoded, ok := strings.CutPrefix(strings.TrimSpace(string(text)), keyHeader)
	key, err := hex.DecodeString(encoded)
	if !ok || err != nil || len(key) != keySize {
		return nil, fmt.Errorf("%s is not a drover key file", file)
	}
	return key, nil
}

// createKey never overwrites: of two processes that start at once, the second reads what the first wrote.
func createKey(file string) ([]byte, error) {
	key := make([]byte, keySize)
	rand.Read(key) // never fails: it ends the program instead
	temp, err := os.CreateTemp(filepath.Dir(file), ".drover-key-")
	if err != nil {
		return nil, fmt.Errorf("make the key file: %w", err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(keyHeader + hex.EncodeToString(key) + "\n")
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return nil, fmt.Errorf("write the key file: %w", err)
	}
	if err := os.Link(temp.Name(), file); errors.Is(err, fs.ErrExist) {
		return readKey(file)
	} else if err != nil {
		return nil, fmt.Errorf("make the key file: %w", err)
	}
	return key, nil
}
