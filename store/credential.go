package store

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
)

// How a credential logs in.
const (
	CredentialKey         = "key"
	CredentialPassword    = "password"
	CredentialAgent       = "agent"       // the ssh-agent of drover's own process
	CredentialCertificate = "certificate" // a key with a certificate
)

// Credential is how drover logs in to servers. Its secrets are write-only: they leave the store only through
// Secrets, for a connection.
type Credential struct {
	ID          string `db:"id"           json:"id"`
	Name        string `db:"name"         json:"name"`
	Kind        string `db:"kind"         json:"kind"`
	HasSudo     bool   `db:"has_sudo"     json:"sudo_password"`
	ServerCount int    `db:"server_count" json:"servers"`
	CreatedAt   Time   `db:"created_at"   json:"created_at"`
}

// Secrets are what a credential hides.
type Secrets struct {
	Kind  string
	Login []byte // the private key (PEM) or the password; empty for an agent
	// Certificate belongs to the private key of a CredentialCertificate. It is no secret.
	Certificate []byte
	Sudo        []byte // the sudo password; nil: none
}

// Format keeps secrets out of every print, whatever the verb.
func (Secrets) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[secrets]") }

// LogValue keeps secrets out of logs.
func (Secrets) LogValue() slog.Value { return slog.StringValue("[secrets]") }

// MarshalText keeps secrets out of JSON.
func (Secrets) MarshalText() ([]byte, error) { return []byte("[secrets]"), nil }

// AddCredential keeps a credential, sealed. It returns ErrExists when the name is taken.
func (s *Store) AddCredential(ctx context.Context, actor Actor, name string, secrets Secrets) error {
	id, err := newID()
	if err != nil {
		return err
	}
	login, err := s.keys.seal(secrets.Login, sealPlace(id, "login"))
	if err != nil {
		return err
	}
	var sudo []byte
	if secrets.Sudo != nil {
		if sudo, err = s.keys.seal(secrets.Sudo, sealPlace(id, "sudo")); err != nil {
			return err
		}
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		added, err := t.change(ctx, `INSERT INTO credentials (id, name, kind, login_secret, sudo_secret, certificate, created_at)
			VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING`, id, name, secrets.Kind, login, sudo, string(secrets.Certificate), t.now)
		if err != nil {
			return fmt.Errorf("add credential %s: %w", name, err)
		}
		if !added {
			return ErrExists
		}
		return t.audit(ctx, actor, "credential.added", "credential/"+name, detail{"kind": secrets.Kind, "sudo_password": sudo != nil})
	})
}

// CredentialEdit says what of a credential is replaced. The rest stays as it is.
type CredentialEdit struct {
	Login    *Secrets // how it logs in: kind, login secret and certificate; nil: as before
	Sudo     []byte   // the sudo password; nil: as before
	DropSudo bool     // it has no sudo password any more
}

// EditCredential replaces secrets of a credential. Its servers use the new ones from their next connection on.
func (s *Store) EditCredential(ctx context.Context, actor Actor, name string, edit CredentialEdit) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		var id string
		if err := t.GetContext(ctx, &id, "SELECT id FROM credentials WHERE name = ?", name); err != nil {
			return found(err)
		}
		changed := detail{}
		if edit.Login != nil {
			changed["kind"] = edit.Login.Kind
			if err := t.replaceLogin(ctx, id, *edit.Login); err != nil {
				return fmt.Errorf("edit credential %s: %w", name, err)
			}
		}
		if edit.Sudo != nil || edit.DropSudo {
			changed["sudo_password"] = edit.Sudo != nil
			if err := t.replaceSudo(ctx, id, edit.Sudo); err != nil {
				return fmt.Errorf("edit credential %s: %w", name, err)
			}
		}
		if len(changed) == 0 {
			return nil
		}
		return t.audit(ctx, actor, "credential.edited", "credential/"+name, changed)
	})
}

func (t *tx) replaceLogin(ctx context.Context, id string, login Secrets) error {
	sealed, err := t.keys.seal(login.Login, sealPlace(id, "login"))
	if err != nil {
		return err
	}
	_, err = t.change(ctx, "UPDATE credentials SET kind = ?, login_secret = ?, certificate = ? WHERE id = ?", login.Kind, sealed, string(login.Certificate), id)
	return err
}

// replaceSudo keeps another sudo password; nil: none.
func (t *tx) replaceSudo(ctx context.Context, id string, sudo []byte) (err error) {
	var sealed []byte
	if sudo != nil {
		if sealed, err = t.keys.seal(sudo, sealPlace(id, "sudo")); err != nil {
			return err
		}
	}
	_, err = t.change(ctx, "UPDATE credentials SET sudo_secret = ? WHERE id = ?", sealed, id)
	return err
}

// sealPlace ties a sealed secret to its row and field.
func sealPlace(id, field string) string { return "credential/" + id + "/" + field }

const selectCredential = `SELECT id, name, kind, sudo_secret IS NOT NULL AS has_sudo, created_at,
	(SELECT count(*) FROM servers WHERE credential_id = credentials.id) AS server_count FROM credentials`

// Credentials lists all, without their secrets.
func (s *Store) Credentials(ctx context.Context) ([]Credential, error) {
	list := []Credential{}
	if err := s.read.SelectContext(ctx, &list, selectCredential+" ORDER BY name"); err != nil {
		return nil, fmt.Errorf("list credentials: %w", err)
	}
	return list, nil
}

// CredentialNamed returns one credential without its secrets, or ErrNotFound.
func (s *Store) CredentialNamed(ctx context.Context, name string) (Credential, error) {
	var c Credential
	if err := s.read.GetContext(ctx, &c, selectCredential+" WHERE name = ?", name); err != nil {
		return c, fmt.Errorf("credential %s: %w", name, found(err))
	}
	return c, nil
}

// Secrets opens a credential's secrets, for a connection that is about to be made.
func (s *Store) Secrets(ctx context.Context, id string) (Secrets, error) {
	var row struct {
		Kind  string `db:"kind"`
		Login []byte `db:"login_secret"`
		Sudo  []byte `db:"sudo_secret"`
		Cert  string `db:"certificate"`
	}
	err := s.read.GetContext(ctx, &row, "SELECT kind, login_secret, sudo_secret, certificate FROM credentials WHERE id = ?", id)
	if err != nil {
		return Secrets{}, fmt.Errorf("read a credential: %w", found(err))
	}
	secrets := Secrets{Kind: row.Kind, Certificate: []byte(row.Cert)}
	if secrets.Login, err = s.keys.open(row.Login, sealPlace(id, "login")); err != nil {
		return Secrets{}, err
	}
	if row.Sudo != nil {
		if secrets.Sudo, err = s.keys.open(row.Sudo, sealPlace(id, "sudo")); err != nil {
			return Secrets{}, err
		}
	}
	return secrets, nil
}

// HiddenSecrets are the secrets of all credentials, for whoever takes them out of what servers print. One that does not
// open is left out: nothing logs in with it.
func (s *Store) HiddenSecrets(ctx context.Context) ([]string, error) {
	var rows []struct {
		ID    string `db:"id"`
		Login []byte `db:"login_secret"`
		Sudo  []byte `db:"sudo_secret"`
	}
	if err := s.read.SelectContext(ctx, &rows, "SELECT id, login_secret, sudo_secret FROM credentials ORDER BY id"); err != nil {
		return nil, fmt.Errorf("read the credentials: %w", err)
	}
	var list []string
	for _, row := range rows {
		for field, sealed := range map[string][]byte{"login": row.Login, "sudo": row.Sudo} {
			if secret, err := s.keys.open(sealed, sealPlace(row.ID, field)); err == nil && len(secret) > 0 {
				list = append(list, string(secret))
			}
		}
	}
	slices.Sort(list)
	return list, nil
}

// RemoveCredential forgets a credential. It returns ErrInUse while a server logs in with it.
func (s *Store) RemoveCredential(ctx context.Context, actor Actor, name string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		removed, err := t.change(ctx, `DELETE FROM credentials WHERE name = ?
			AND NOT EXISTS (SELECT 1 FROM servers WHERE credential_id = credentials.id)`, name)
		if err != nil {
			return fmt.Errorf("remove credential %s: %w", name, err)
		}
		if !removed {
			return t.whyNot(ctx, "credentials", name)
		}
		return t.audit(ctx, actor, "credential.removed", "credential/"+name, nil)
	})
}

// whyNot tells, after a conditional change of a named row did nothing, whether the row is missing or in use.
func (t *tx) whyNot(ctx context.Context, table, name string) error {
	if err := t.exists(ctx, table, name); err != nil {
		return err
	}
	return ErrInUse
}

// exists returns ErrNotFound when there is no row of that name.
func (t *tx) exists(ctx context.Context, table, name string) error {
	var n int
	if err := t.GetContext(ctx, &n, "SELECT count(*) FROM "+table+" WHERE name = ?", name); err != nil {
		return fmt.Errorf("look for %s in %s: %w", name, table, err)
	}
	if n == 0 {
		return ErrNotFound
	}
	return nil
}
