package ssh

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

const (
	redacted = "[redacted]"
	keyMark  = "PRIVATE KEY-----" // what keyBegin and keyEnd end with
	// minSecret is the shortest value that is taken out of an output.
	minSecret = 4
)

var (
	// The values that look like secrets wherever they come from.
	tokens = regexp.MustCompile(`AKIA[0-9A-Z]{16}|xox[abeprs]-[0-9A-Za-z-]{8,}|xapp-[0-9A-Za-z-]{8,}`)
	// The last group is the value.
	assigned = regexp.MustCompile(`(?i)(?:password|passwd|passphrase)=("[^"]*"|'[^']*'|[^\s&;,]+)`)
	keyBegin = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----`)
	keyEnd   = regexp.MustCompile(`-----END [A-Z0-9 ]*PRIVATE KEY-----`)
)

// redactor takes secrets out of text. It does its best: a command that prints a
// secret in another disguise (reversed, one letter per line) gets it through.
type redactor struct {
	secrets [][]byte // longest first
	longest int
}

// redactors keeps one for each login: making it takes longer than what most commands print.
type redactors struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]*redactor
}

// of is the one for a login's secrets and these.
func (r *redactors) of(login Login, more []string) *redactor {
	secrets := slices.Concat([]string{login.Password, login.SudoPassword, string(login.PrivateKey)}, login.Hidden, more)
	sum := sha256.Sum256([]byte(strings.Join(secrets, "\x00")))
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.known[sum]; known != nil {
		return known
	}
	if r.known == nil || len(r.known) >= maxKeys {
		r.known = make(map[[sha256.Size]byte]*redactor)
	}
	made := newRedactor(secrets)
	r.known[sum] = made
	return made
}

// newRedactor knows each secret as it is, as in an address, and in base64. A secret of several lines is
// taken out line by line.
func newRedactor(secrets []string) *redactor {
	r := &redactor{}
	for _, secret := range secrets {
		for _, form := range forms(secret) {
			known := slices.ContainsFunc(r.secrets, func(s []byte) bool { return string(s) == form })
			if len(form) >= minSecret && !known {
				r.secrets = append(r.secrets, []byte(form))
				r.longest = max(r.longest, len(form))
			}
		}
	}
	slices.SortFunc(r.secrets, func(a, b []byte) int { return cmp.Compare(len(b), len(a)) })
	return r
}

// forms lists how a secret may show. Base64 is taken without the last partial group,
// because that changes with whatever follows the secret.
func forms(secret string) []string {
	var out []string
	for line := range strings.Lines(secret) {
		out = append(out, Clean(strings.TrimRight(line, "\r\n")))
	}
	out = append(out, url.QueryEscape(secret), url.PathEscape(secret))
	if whole := len(secret) / 3 * 3; whole >= 2*minSecret-2 {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			out = append(out, enc.EncodeToString([]byte(secret)), enc.EncodeToString([]byte(secret[:whole])))
		}
	}
	return out
}

// span is a part of a line that must not be shown.
type span struct{ from, to int }

// spans lists the secrets in a line from left to right, overlaps joined.
func (r *redactor) spans(line []byte) []span {
	var found []span
	for _, secret := range r.secrets {
		for at := 0; ; {
			i := bytes.Index(line[at:], secret)
			if i < 0 {
				break
			}
			found = append(found, span{at + i, at + i + len(secret)})
			at += i + 1
		}
	}
	// The plain searches spare nearly all lines the expressions, which cost a hundred times more.
	if mayHoldToken(line) {
		for _, m := range tokens.FindAllIndex(line, -1) {
			found = append(found, span{m[0], m[1]})
		}
	}
	if mayAssign(line) {
		for _, m := range assigned.FindAllSubmatchIndex(line, -1) {
			found = append(found, span{m[2], m[3]})
		}
	}
	return join(found)
}

// suspects says whether a text may hold a secret. It is never wrong with no.
func (r *redactor) suspects(text []byte) bool {
	return mayHoldToken(text) || mayAssign(text) || slices.ContainsFunc(r.secrets, func(s []byte) bool { return bytes.Contains(text, s) })
}

func mayHoldToken(text []byte) bool {
	return bytes.Contains(text, []byte("AKIA")) || bytes.Contains(text, []byte("xox")) || bytes.Contains(text, []byte("xapp-"))
}

// mayAssign looks before each equals sign for what the words that assigned knows end with.
func mayAssign(text []byte) bool {
	for rest := text; ; {
		i := bytes.IndexByte(rest, '=')
		if i < 0 {
			return false
		}
		for _, end := range []string{"word", "asswd", "phrase"} {
			if i >= len(end) && strings.EqualFold(string(rest[i-len(end):i]), end) {
				return true
			}
		}
		rest = rest[i+1:]
	}
}

func join(found []span) []span {
	slices.SortFunc(found, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	out := found[:0]
	for _, s := range found {
		if n := len(out); n > 0 && s.from < out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// line returns a text without its secrets.
func (r *redactor) line(text string) string {
	var out strings.Builder
	from := 0
	for _, s := range r.spans([]byte(text)) {
		out.WriteString(text[from:s.from])
		out.WriteString(redacted)
		from = s.to
	}
	out.WriteString(text[from:])
	return out.String()
}
