package store

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const (
	keySize    = 32
	keyHeader  = "drover-key-1 " // the version of the file's format
	maxKeyFile = 1 << 10         // bytes
	keySetting = "key_check"     // proves that a key file belongs to this database
)

// keys are derived from the key file, one for each purpose.
type keys struct {
	secrets []byte // XChaCha20-Poly1305
	audit   []byte // HMAC-SHA256
}

// Format keeps the keys out of every print, whatever the verb.
func (keys) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[keys]") }

// loadKeys reads the key file, or makes it for a database that has never had one.
func (s *Store) loadKeys(ctx context.Context, file string) (*keys, error) {
	wanted, err := s.Setting(ctx, keySetting)
	if err != nil {
		return nil, err
	}
	master, err := s.readKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		if wanted != "" {
			return nil, fmt.Errorf("%w (expected at %s)", ErrKeyLost, file)
		}
		master, err = s.createKey(file)
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

func (s *Store) readKey(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	defer file.Close()
	if err := s.checkKeyFile(file); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile))
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	encoded, ok := strings.CutPrefix(strings.TrimSpace(string(text)), keyHeader)
	key, err := hex.DecodeString(encoded)
	if !ok || err != nil || len(key) != keySize {
		return nil, fmt.Errorf("%w: %s", ErrKeyForm, path)
	}
	return key, nil
}

// checkKeyFile refuses a file that somebody else than drover can read or put in place. It looks at what is open, not at
// what the path may name by then.
func (s *Store) checkKeyFile(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("look at the key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s", ErrKeyForm, file.Name())
	}
	owner, group, err := owners(info)
	if err != nil {
		return fmt.Errorf("look at the key file: %w", err)
	}
	// systemd hands a credential to a service by an access list, which shows as the right of root's own group.
	handedOver := owner == 0 && group == 0 && info.Mode().Perm() == 0o440
	if info.Mode().Perm()&0o077 != 0 && !handedOver {
		return fmt.Errorf("%w: %s", ErrKeyOpen, file.Name())
	}
	database, err := os.Stat(s.path)
	if err != nil {
		return fmt.Errorf("look at the database: %w", err)
	}
	holder, _, err := owners(database)
	if err != nil {
		return fmt.Errorf("look at the database: %w", err)
	}
	if !slices.Contains([]uint32{0, uint32(os.Geteuid()), holder}, owner) {
		return fmt.Errorf("%w: %s", ErrKeyOwner, file.Name())
	}
	return nil
}

func owners(info fs.FileInfo) (user, group uint32, err error) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, fmt.Errorf("%s: this system does not tell whose it is", info.Name())
	}
	return stat.Uid, stat.Gid, nil
}

// createKey never overwrites: of two processes that start at once, the second reads what the first wrote.
func (s *Store) createKey(file string) ([]byte, error) {
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
		return s.readKey(file)
	} else if err != nil {
		return nil, fmt.Errorf("make the key file: %w", err)
	}
	return key, syncDir(filepath.Dir(file))
}

// syncDir makes the name of a new file outlive a power loss: a key that is gone takes all secrets with it.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("make the key file: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("make the key file: %w", err)
	}
	return nil
}
