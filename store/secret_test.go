package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"drover/store"
)

func secrets(login, sudo string) store.Secrets {
	return store.Secrets{Kind: store.CredentialPassword, Login: []byte(login), Sudo: []byte(sudo)}
}

func TestSecretsAreInNoFile(t *testing.T) {
	s := open(t)
	plain := []string{"correct horse battery", "staple of the sudoers"}
	ok(t, s.AddCredential(t.Context(), alice, "ops", secrets(plain[0], plain[1])))
	search := func() {
		files, err := filepath.Glob(s.Path() + "*")
		ok(t, err)
		if len(files) < 2 {
			t.Fatalf("only %v to search", files)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			ok(t, err)
			for _, secret := range plain {
				if bytes.Contains(content, []byte(secret)) {
					t.Errorf("%s holds a secret in plain text", filepath.Base(file))
				}
			}
		}
	}
	search() // the WAL
	_, err := raw(t, s).Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	ok(t, err)
	search() // the database itself
}

func TestTheSameSecretIsSealedDifferentlyEachTime(t *testing.T) {
	s := open(t)
	for _, name := range []string{"a", "b"} {
		ok(t, s.AddCredential(t.Context(), alice, name, secrets("same", "same")))
	}
	var sealed [][]byte
	ok(t, raw(t, s).Select(&sealed, "SELECT login_secret FROM credentials UNION ALL SELECT sudo_secret FROM credentials"))
	seen := map[string]bool{}
	for _, text := range sealed {
		seen[string(text)] = true
	}
	if len(seen) != 4 {
		t.Errorf("4 sealings of one secret made %d texts", len(seen))
	}
}

func TestASealedSecretOpensOnlyWhereItWasSealed(t *testing.T) {
	for name, tamper := range map[string]string{
		"moved to another row":       "UPDATE credentials SET login_secret = (SELECT login_secret FROM credentials WHERE name = 'theirs') WHERE name = 'mine'",
		"moved to another field":     "UPDATE credentials SET login_secret = sudo_secret WHERE name = 'mine'",
		"moved to the sudo password": "UPDATE credentials SET sudo_secret = login_secret WHERE name = 'mine'",
		"under another id":           "UPDATE credentials SET id = 'other' WHERE name = 'mine'",
		"gone":                       "UPDATE credentials SET login_secret = NULL WHERE name = 'mine'",
	} {
		t.Run(name, func(t *testing.T) {
			s := withTwoCredentials(t)
			_, err := raw(t, s).Exec(tamper)
			ok(t, err)
			opensNot(t, s)
		})
	}
}

func TestASealedSecretThatWasChangedDoesNotOpen(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"version":  func(b []byte) []byte { b[0]++; return b },
		"nonce":    func(b []byte) []byte { b[1] ^= 1; return b },
		"text":     func(b []byte) []byte { b[30] ^= 1; return b },
		"tag":      func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"cut":      func(b []byte) []byte { return b[:len(b)-1] },
		"only few": func(b []byte) []byte { return b[:10] },
		"empty":    func([]byte) []byte { return []byte{} },
	} {
		t.Run(name, func(t *testing.T) {
			s := withTwoCredentials(t)
			db := raw(t, s)
			var sealed []byte
			ok(t, db.Get(&sealed, "SELECT login_secret FROM credentials WHERE name = 'mine'"))
			_, err := db.Exec("UPDATE credentials SET login_secret = ? WHERE name = 'mine'", change(sealed))
			ok(t, err)
			opensNot(t, s)
		})
	}
}

func withTwoCredentials(t *testing.T) *store.Store {
	t.Helper()
	s := open(t)
	ok(t, s.AddCredential(t.Context(), alice, "mine", secrets("my login", "my sudo")))
	ok(t, s.AddCredential(t.Context(), alice, "theirs", secrets("their login", "their sudo")))
	return s
}

func opensNot(t *testing.T, s *store.Store) {
	t.Helper()
	c := get[store.Credential](t)(s.CredentialNamed(t.Context(), "mine"))
	got, err := s.Secrets(t.Context(), c.ID)
	if err == nil {
		t.Fatalf("it opens: login %q, sudo %q", got.Login, got.Sudo)
	}
	if len(got.Login)+len(got.Sudo) > 0 {
		t.Error("a secret came with the error")
	}
}
