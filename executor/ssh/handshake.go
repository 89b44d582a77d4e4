package ssh

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/skeema/knownhosts"
	gossh "golang.org/x/crypto/ssh"
)

// handshake is one attempt to agree on keys and log in.
type handshake struct {
	nc      *greeting
	address string
	config  gossh.ClientConfig
	limit   time.Duration
	release func() // ends what the login may wait for beside the server

	trusted bool // the host key was accepted
	banner  strings.Builder
}

// maxBanner is how much of a server's banner is kept.
const maxBanner = 2 << 10

// run ends at the limit or with the context by closing the connection: x/crypto's own
// time limit covers the TCP connection only, and deadlines do not work through a jump host.
func (h *handshake) run(ctx context.Context) (*gossh.Client, error) {
	within, cancel := context.WithTimeout(ctx, h.limit)
	defer cancel()
	stop := context.AfterFunc(within, func() {
		h.nc.Close()
		h.release()
	})
	check := h.config.HostKeyCallback
	h.config.HostKeyCallback = func(host string, remote net.Addr, key gossh.PublicKey) error {
		err := check(host, remote, key)
		h.trusted = err == nil
		return err
	}
	h.config.BannerCallback = func(text string) error {
		if room := maxBanner - h.banner.Len(); room > 0 {
			h.banner.WriteString(text[:min(len(text), room)])
		}
		return nil
	}
	conn, chans, reqs, err := gossh.NewClientConn(h.nc, h.address, &h.config)
	if err == nil && stop() {
		return gossh.NewClient(conn, chans, reqs), nil
	}
	h.nc.Close()
	switch {
	case over(ctx):
		return nil, ended(ctx)
	case err == nil, within.Err() != nil:
		return nil, h.tooLate()
	}
	return nil, h.classify(err)
}

func (h *handshake) tooLate() *Error {
	e := &Error{Kind: NoHandshake, Banner: h.said(), Err: context.DeadlineExceeded}
	if h.trusted {
		e.Kind = LoginSilent
	}
	return e
}

// classify recognises what x/crypto reports. It has no type for a refused login, only
// the text "unable to authenticate".
func (h *handshake) classify(err error) *Error {
	e := &Error{Kind: NoHandshake, Banner: h.said(), Err: err}
	var algorithms *gossh.AlgorithmNegotiationError
	switch {
	case knownhosts.IsHostKeyChanged(err):
		e.Kind = HostKeyChanged
	case knownhosts.IsHostUnknown(err):
		e.Kind = HostKeyUnknown
	case errors.As(err, &algorithms):
		e.Kind = negotiationKind(algorithms)
	case !h.trusted && turnedAway(e.Banner):
		e.Kind = Throttled
	case !h.trusted:
	case strings.Contains(err.Error(), "unable to authenticate"),
		errors.Is(err, errVisiblePrompt), errors.Is(err, errAskedTwice), strings.Contains(err.Error(), "authentication failures"):
		e.Kind = LoginRefused
	default:
		e.Kind = LoginClosed
	}
	return e
}

// negotiationKind: a server that has host keys, but none of a pinned type, has changed
// its keys, unless it offers a pinned RSA key with SHA-1 signatures only.
func negotiationKind(e *gossh.AlgorithmNegotiationError) Kind {
	if e.What != "host key" {
		return AlgorithmMismatch
	}
	wantsRSA := slices.Contains(e.SupportedAlgorithms, gossh.KeyAlgoRSASHA256)
	if wantsRSA && slices.Contains(e.RequestedAlgorithms, gossh.KeyAlgoRSA) {
		return AlgorithmMismatch
	}
	return HostKeyChanged
}

func turnedAway(said string) bool {
	return strings.Contains(said, "Not allowed at this time") || strings.Contains(said, "Exceeded MaxStartups")
}

// said is the server's banner, or the plain line that it sent instead of a handshake.
func (h *handshake) said() string {
	if text := h.banner.String(); text != "" {
		return strings.TrimSpace(Clean(text))
	}
	first := h.nc.text()
	if h.trusted || strings.HasPrefix(first, "SSH-") {
		return ""
	}
	first, _, _ = strings.Cut(first, "\nSSH-")
	return strings.TrimSpace(Clean(first))
}

// secure are the algorithms without known weaknesses.
func secure() gossh.Config {
	a := gossh.SupportedAlgorithms()
	return gossh.Config{KeyExchanges: a.KeyExchanges, Ciphers: a.Ciphers, MACs: a.MACs}
}
