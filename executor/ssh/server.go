package ssh

import (
	"fmt"
	"log/slog"
	"net"
	"strconv"
)

// Server is where to run a command, and as whom. Printing or logging a Server
// shows its name only.
type Server struct {
	Name    string // for messages only
	Address string // host name or IP address
	Port    int    // 0 means 22
	User    string
	// HostKeys are the pinned host keys in authorized_keys form
	// ("ssh-ed25519 AAAA…"), most trusted first: algorithms are asked for in this
	// order. Lines of a key type that is not known here are passed over. Without a
	// usable one nothing is sent at all (HostKeyUnknown).
	HostKeys []string
	Login    Login
	// Jump is the server through which this one is reached, with pins and a login of its
	// own; it may have a jump host itself. nil: none.
	Jump *Server
}

// Login is what a server accepts from drover. Printing, logging or marshalling a
// Login shows nothing of it.
type Login struct {
	// PrivateKey is a key without a passphrase, in PEM form. It is offered before
	// the password. A Client parses each distinct key once and keeps it: parsing
	// it per server costs ten times the whole handshake.
	PrivateKey []byte
	// Certificate is an OpenSSH user certificate of PrivateKey, as ssh-keygen -s writes
	// it. It is offered before the key itself.
	Certificate []byte
	// AgentSocket is the socket of an ssh-agent whose keys are offered after PrivateKey,
	// at most five in all. "" means none.
	AgentSocket string
	// Password is sent at most once per login, by the password method or, where
	// the server does not offer that, by keyboard-interactive.
	Password string
	// SudoPassword answers sudo's prompt. It is never guessed from Password.
	SudoPassword string
	// Hidden are further secrets that no output may show, such as those of other logins.
	Hidden []string
}

// String returns the server's name.
func (s Server) String() string { return s.label() }

// Format prints the server's name whatever the verb, so that %+v cannot show a secret.
func (s Server) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.label()) }

// LogValue logs the server's name.
func (s Server) LogValue() slog.Value { return slog.StringValue(s.label()) }

// MarshalText returns the server's name.
func (s Server) MarshalText() ([]byte, error) { return []byte(s.label()), nil }

// String hides the login.
func (Login) String() string { return redacted }

// Format hides the login whatever the verb.
func (Login) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue hides the login.
func (Login) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the login.
func (Login) MarshalText() ([]byte, error) { return []byte(redacted), nil }

func (s Server) label() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Address
}

func (s Server) hostPort() string { return hostPort(s.Address, s.Port) }

func hostPort(address string, port int) string {
	if port == 0 {
		port = 22
	}
	return net.JoinHostPort(address, strconv.Itoa(port))
}
