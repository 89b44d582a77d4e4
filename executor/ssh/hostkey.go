package ssh

import (
	"bytes"
	"net"
	"slices"

	"github.com/skeema/knownhosts"
	gossh "golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// pins are the keys that a server may show, most trusted first.
type pins []gossh.PublicKey

// parsePins passes over lines that cannot be parsed: a key type of the future must
// not lock drover out of a server that also has an older key.
func parsePins(lines []string) pins {
	var p pins
	for _, line := range lines {
		if key, _, _, _, err := gossh.ParseAuthorizedKey([]byte(line)); err == nil {
			p = append(p, key)
		}
	}
	return p
}

// check is a host key callback that speaks as the known_hosts one does, so that the
// knownhosts library can work with it.
func (p pins) check(_ string, _ net.Addr, key gossh.PublicKey) error {
	shown := key.Marshal()
	var want []xknownhosts.KnownKey
	for i, pin := range p {
		if bytes.Equal(pin.Marshal(), shown) {
			return nil
		}
		want = append(want, xknownhosts.KnownKey{Key: pin, Line: i})
	}
	return &xknownhosts.KeyError{Want: want}
}

// algorithms are the host key algorithms to ask for. x/crypto asks for ed25519 last
// and compares only the key that the server picked, so without this list a pinned
// key of another type looks like a changed one. SHA-1 signatures are left out.
func (p pins) algorithms() []string {
	algos := knownhosts.HostKeyAlgorithms(p.check, "pinned:22")
	return slices.DeleteFunc(algos, func(a string) bool {
		return a == gossh.KeyAlgoRSA || a == "ssh-dss"
	})
}
