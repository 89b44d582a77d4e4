package roster

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// KnownHosts is what can be used of a known_hosts file.
type KnownHosts struct {
	check  gossh.HostKeyCallback
	probe  gossh.PublicKey
	usable []int // the lines that hold a key
}

// Key is a host key of a known_hosts file.
type Key struct {
	Line          int
	Type          string
	AuthorizedKey string // "ssh-ed25519 AAAA…"
	Fingerprint   string // "SHA256:…"
}

// ReadKnownHosts reads the file line by line: one that cannot be read is left, and costs no other. Lines with a marker
// are left too: drover knows no certificate authorities, and a revoked key is not pinned.
func ReadKnownHosts(text []byte) (*KnownHosts, []Left, error) {
	all := lines(text)
	kept, left := sift(all, false)
	check, err := read(strings.Join(kept, "\n"))
	if err != nil { // the library gives up at the first bad line, so each is tried by itself
		kept, left = sift(all, true)
		if check, err = read(strings.Join(kept, "\n")); err != nil {
			return nil, nil, err
		}
	}
	k := KnownHosts{check: check}
	for i, line := range kept {
		if line != "" {
			k.usable = append(k.usable, i+1)
		}
	}
	// The library tells which keys it has for a host only when it is shown another one.
	k.probe, err = gossh.NewPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	return &k, left, err
}

// sift empties the lines that cannot be used and says why. Numbers of lines stay.
func sift(all []string, tryEach bool) (kept []string, left []Left) {
	kept = make([]string, len(all))
	revoked := revokedKeys(all)
	for i, line := range all {
		key, why := hostKey(line)
		if key != nil && revoked[string(key.Marshal())] {
			why = "its key is marked @revoked elsewhere in the file"
		}
		if key != nil && why == "" && tryEach {
			if _, err := read(line); err != nil {
				why = "its hosts cannot be read"
			}
		}
		switch {
		case why != "":
			left = append(left, Left{i + 1, why})
		case key != nil:
			kept[i] = line
		}
	}
	return kept, left
}

// hostKey is the key of a line, or why the line cannot be used. Neither means that the line says nothing.
func hostKey(line string) (gossh.PublicKey, string) {
	line = strings.TrimSpace(line)
	if line == "" || strings.HasPrefix(line, "#") {
		return nil, ""
	}
	marker, _, key, _, _, err := gossh.ParseKnownHosts([]byte(line))
	switch {
	case strings.HasPrefix(line, "@cert-authority"):
		return nil, "@cert-authority: drover does not trust host certificates, only keys"
	case strings.HasPrefix(line, "@revoked"):
		return nil, "@revoked: its key is not pinned"
	case err != nil:
		return nil, "it cannot be read: " + strings.TrimPrefix(err.Error(), "ssh: ")
	case marker != "":
		return nil, "the marker @" + clip(marker) + " is not known"
	}
	switch key.Type() {
	case gossh.KeyAlgoED25519, gossh.KeyAlgoECDSA256, gossh.KeyAlgoECDSA384, gossh.KeyAlgoECDSA521, gossh.KeyAlgoRSA:
		return key, ""
	}
	return nil, key.Type() + ": drover does not log in to servers by keys of this type"
}

// revokedKeys are the keys that the file says must not be used any more, whatever host they are listed for.
func revokedKeys(all []string) map[string]bool {
	revoked := map[string]bool{}
	for _, line := range all {
		marker, _, key, _, _, err := gossh.ParseKnownHosts([]byte(strings.TrimSpace(line)))
		if err == nil && marker == "revoked" {
			revoked[string(key.Marshal())] = true
		}
	}
	return revoked
}

// read hands text to the library, which reads files only.
func read(text string) (gossh.HostKeyCallback, error) {
	file, err := os.CreateTemp("", "drover-known-hosts-")
	if err != nil {
		return nil, fmt.Errorf("read known_hosts: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("read known_hosts: %w", err)
	}
	check, err := knownhosts.New(file.Name())
	if err != nil {
		return nil, fmt.Errorf("read known_hosts: %w", err)
	}
	return check, nil
}

// Keys are the keys of an address, hashed names and patterns included, each once.
func (k *KnownHosts) Keys(address string, port int) []Key {
	var keys []Key
	seen := map[string]bool{}
	for _, host := range []string{address, strings.ToLower(address)} { // names in the file are compared letter by letter
		err := k.check(net.JoinHostPort(host, strconv.Itoa(port)), &net.TCPAddr{}, k.probe)
		var other *knownhosts.KeyError
		if !errors.As(err, &other) {
			continue
		}
		for _, want := range other.Want {
			key := strings.TrimSpace(string(gossh.MarshalAuthorizedKey(want.Key)))
			if !seen[key] {
				seen[key] = true
				keys = append(keys, Key{want.Line, want.Key.Type(), key, gossh.FingerprintSHA256(want.Key)})
			}
		}
	}
	return keys
}

// Lines are the lines that hold a key, for telling which of them belong to no server.
func (k *KnownHosts) Lines() []int { return k.usable }
