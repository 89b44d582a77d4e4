package store_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"drover/store"
)

func TestACredentialComesBackAsItWasKept(t *testing.T) {
	s := open(t)
	for name, kept := range map[string]store.Secrets{
		"key":     {Kind: store.CredentialKey, Login: []byte("-----BEGIN KEY-----\n\x00\xff"), Sudo: []byte("sudo word")},
		"no-sudo": {Kind: store.CredentialPassword, Login: []byte("pass word")},
		"empty":   {Kind: store.CredentialPassword, Login: []byte{}, Sudo: []byte{}},
	} {
		ok(t, s.AddCredential(t.Context(), alice, name, kept))
		c := get[store.Credential](t)(s.CredentialNamed(t.Context(), name))
		if c.Kind != kept.Kind || c.HasSudo != (kept.Sudo != nil) || c.ServerCount != 0 {
			t.Errorf("%s is listed as %+v", name, c)
		}
		got := get[store.Secrets](t)(s.Secrets(t.Context(), c.ID))
		if got.Kind != kept.Kind || !bytes.Equal(got.Login, kept.Login) || !bytes.Equal(got.Sudo, kept.Sudo) {
			t.Errorf("the secrets of %s come back changed", name)
		}
	}
	if n := len(get[[]store.Credential](t)(s.Credentials(t.Context()))); n != 3 {
		t.Errorf("%d credentials are listed, want 3", n)
	}
}

func TestACredentialsNameIsTakenOnce(t *testing.T) {
	s := open(t)
	ok(t, s.AddCredential(t.Context(), alice, "ops", secrets("first", "")))
	wantErr(t, s.AddCredential(t.Context(), alice, "ops", secrets("second", "")), store.ErrExists)
	c := get[store.Credential](t)(s.CredentialNamed(t.Context(), "ops"))
	if got := get[store.Secrets](t)(s.Secrets(t.Context(), c.ID)); string(got.Login) != "first" {
		t.Errorf("the refused credential replaced the login by %q", got.Login)
	}
}

func TestACredentialInUseIsNotRemoved(t *testing.T) {
	s := open(t)
	ok(t, s.AddCredential(t.Context(), alice, "ops", secrets("x", "")))
	c := get[store.Credential](t)(s.CredentialNamed(t.Context(), "ops"))
	web1 := server("web1")
	web1.CredentialID = &c.ID
	ok(t, s.AddServer(t.Context(), alice, web1))
	wantErr(t, s.RemoveCredential(t.Context(), alice, "ops"), store.ErrInUse)
	if c = get[store.Credential](t)(s.CredentialNamed(t.Context(), "ops")); c.ServerCount != 1 {
		t.Errorf("it counts %d servers, want 1", c.ServerCount)
	}
	ok(t, s.RemoveServer(t.Context(), alice, "web1"))
	ok(t, s.RemoveCredential(t.Context(), alice, "ops"))
	wantErr(t, s.RemoveCredential(t.Context(), alice, "ops"), store.ErrNotFound)
	_, err := s.Secrets(t.Context(), c.ID)
	wantErr(t, err, store.ErrNotFound)
	_, err = s.CredentialNamed(t.Context(), "ops")
	wantErr(t, err, store.ErrNotFound)
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	hidden := secrets("hunter2", "swordfish")
	var logged bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		slog.New(handler).Info("login", "secrets", hidden, "pointer", &hidden)
	}
	encoded, err := json.Marshal(map[string]any{"secrets": hidden})
	ok(t, err)
	texts := []string{logged.String(), string(encoded), fmt.Sprint(hidden, &hidden), fmt.Errorf("oops: %v", hidden).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%c", "%U"} {
		nested := struct{ S store.Secrets }{hidden}
		texts = append(texts, fmt.Sprintf(verb, hidden), fmt.Sprintf(verb, &hidden), fmt.Sprintf(verb, nested), fmt.Sprintf(verb, []store.Secrets{hidden}))
	}
	for _, text := range texts {
		for _, secret := range []any{"hunter2", "swordfish"} {
			for _, form := range []string{"%s", "%x", "%v"} {
				if strings.Contains(text, fmt.Sprintf(form, secret)) {
					t.Errorf("a secret is printed: %s", text)
				}
			}
			_, literal, _ := strings.Cut(fmt.Sprintf("%#v", []byte(secret.(string))), "{")
			if strings.Contains(text, literal) {
				t.Errorf("a secret is printed as Go: %s", text)
			}
			inJSON, _ := json.Marshal([]byte(secret.(string)))
			if strings.Contains(text, strings.Trim(string(inJSON), `"`)) || strings.Contains(text, strings.Trim(fmt.Sprint([]byte(secret.(string))), "[]")) {
				t.Errorf("a secret is printed as bytes: %s", text)
			}
		}
	}
}

func TestNoSecretIsAudited(t *testing.T) {
	s := open(t)
	ok(t, s.AddCredential(t.Context(), alice, "ops", secrets("hunter2", "swordfish")))
	var payloads []string
	ok(t, raw(t, s).Select(&payloads, "SELECT payload FROM audit"))
	if text := strings.Join(payloads, "\n"); len(payloads) != 1 || strings.Contains(text, "hunter2") || strings.Contains(text, "swordfish") {
		t.Errorf("audited: %s", text)
	}
}

func TestAnEditReplacesWhatItNames(t *testing.T) {
	s := open(t)
	ok(t, s.AddCredential(t.Context(), alice, "ops", secrets("old login", "old sudo")))
	id := get[store.Credential](t)(s.CredentialNamed(t.Context(), "ops")).ID
	db := raw(t, s)
	sealed := func() (login, sudo string) {
		ok(t, db.QueryRow("SELECT hex(login_secret), coalesce(hex(sudo_secret), '') FROM credentials").Scan(&login, &sudo))
		return login, sudo
	}
	is := func(kind, login, sudo string) {
		t.Helper()
		got := get[store.Secrets](t)(s.Secrets(t.Context(), id))
		if got.Kind != kind || string(got.Login) != login || string(got.Sudo) != sudo {
			t.Errorf("it is a %s with the login %q and the sudo password %q", got.Kind, got.Login, got.Sudo)
		}
	}
	firstLogin, firstSudo := sealed()
	ok(t, s.EditCredential(t.Context(), alice, "ops", store.CredentialEdit{}))
	is(store.CredentialPassword, "old login", "old sudo")
	ok(t, s.EditCredential(t.Context(), alice, "ops", store.CredentialEdit{Sudo: []byte("new sudo")}))
	is(store.CredentialPassword, "old login", "new sudo")
	if login, sudo := sealed(); login != firstLogin || sudo == firstSudo {
		t.Error("the login was sealed anew, or the sudo password was not")
	}
	ok(t, s.EditCredential(t.Context(), alice, "ops", store.CredentialEdit{Login: &store.Secrets{Kind: store.CredentialKey, Login: []byte("a key")}}))
	is(store.CredentialKey, "a key", "new sudo")
	ok(t, s.EditCredential(t.Context(), alice, "ops", store.CredentialEdit{DropSudo: true}))
	is(store.CredentialKey, "a key", "")
	if c := get[store.Credential](t)(s.CredentialNamed(t.Context(), "ops")); c.ID != id || c.HasSudo {
		t.Errorf("it is listed as %+v", c)
	}
	wantErr(t, s.EditCredential(t.Context(), alice, "other", store.CredentialEdit{DropSudo: true}), store.ErrNotFound)
	var told []string
	ok(t, db.Select(&told, "SELECT payload FROM audit WHERE event = 'credential.edited' ORDER BY seq"))
	if want := []string{`{"sudo_password":true}`, `{"kind":"key"}`, `{"sudo_password":false}`}; !slices.Equal(told, want) {
		t.Errorf("audited: %q", told)
	}
}

func TestTheSecretsToHideAreThoseOfAllCredentials(t *testing.T) {
	s := open(t)
	ok(t, s.AddCredential(t.Context(), alice, "agent", store.Secrets{Kind: store.CredentialAgent}))
	ok(t, s.AddCredential(t.Context(), alice, "both", secrets("b login", "c sudo")))
	ok(t, s.AddCredential(t.Context(), alice, "key", store.Secrets{Kind: store.CredentialKey, Login: []byte("a key")}))
	ok(t, s.AddCredential(t.Context(), alice, "broken", secrets("x", "y")))
	_, err := raw(t, s).Exec("UPDATE credentials SET login_secret = x'00', sudo_secret = NULL WHERE name = 'broken'")
	ok(t, err)
	if got := get[[]string](t)(s.HiddenSecrets(t.Context())); !slices.Equal(got, []string{"a key", "b login", "c sudo"}) {
		t.Errorf("they are %q", got)
	}
}
