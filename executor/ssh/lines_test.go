package ssh

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// through sends text through the pipeline in these pieces.
func through(secrets []string, pieces ...string) string {
	var out strings.Builder
	l := lines{redactor: newRedactor(secrets), sink: func(text []byte) { out.Write(text) }}
	for _, p := range pieces {
		_, _ = l.Write([]byte(p))
	}
	l.Close()
	return out.String()
}

func TestRedact(t *testing.T) {
	secret := "s3cr3t+Pass/word?!"
	key := "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\nAAAAC3NzaC1lZDI1NTE5\n-----END OPENSSH PRIVATE KEY-----\n"
	for name, c := range map[string]struct{ in, want string }{
		"as it is":        {"pw " + secret + ".\n", "pw [redacted].\n"},
		"twice":           {secret + secret, "[redacted][redacted]"},
		"under colours":   {"s3cr3t\x1b[31m+Pass/word?!", "[redacted]"},
		"base64":          {base64.StdEncoding.EncodeToString([]byte(secret)) + "\n", "[redacted]\n"},
		"base64 URL":      {base64.URLEncoding.EncodeToString([]byte(secret)) + "\n", "[redacted]\n"},
		"in an address":   {"?pw=" + url.QueryEscape(secret) + "&x /" + url.PathEscape(secret) + "/\n", "?pw=[redacted]&x /[redacted]/\n"},
		"AWS":             {"id AKIAIOSFODNN7EXAMPLE end", "id [redacted] end"},
		"Slack":           {"xoxb-1234567890-abc xapp-1-A1-abcdef", "[redacted] [redacted]"},
		"assignment":      {"user=me password=hunter2 x=1\nPassWord=\"two words\";", "user=me password=[redacted] x=1\nPassWord=[redacted];"},
		"private key":     {"before\n" + key + "after\n", "before\n[redacted]\nafter\n"},
		"key, unfinished": {"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n", "[redacted]\n"},
		"several lines":   {"first-part x\nsecond-part\n", "[redacted] x\n[redacted]\n"},
		"not short ones":  {"abc\n", "abc\n"},
		"nothing":         {"a = b\n", "a = b\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := through([]string{secret, "abc", "first-part\nsecond-part", ""}, c.in)
			if strings.HasPrefix(name, "base64") {
				got = strings.NewReplacer("]=", "]", "]==", "]").Replace(got)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// What comes out depends on the bytes, not on the pieces in which they came.
func TestRedactAcrossEveryCut(t *testing.T) {
	const secret = "correct-horse-7"
	text := "a " + secret + "\r\nkey -----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n\x1b[1m" + secret + "\x1b[0m é password=x" + secret
	want := through([]string{secret}, text)
	if strings.Contains(want, secret) || strings.Contains(want, "AAAA") {
		t.Fatalf("got %q", want)
	}
	for i := range len(text) {
		if got := through([]string{secret}, text[:i], text[i:]); got != want {
			t.Fatalf("cut at %d: %q, want %q", i, got, want)
		}
	}
}

func TestRedactAnyPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[a-zA-Z0-9]{6,40}`).Draw(t, "secret")
		filler := rapid.StringMatching(`[ .,\n\r\x08é]{0,30}`)
		var text strings.Builder
		for range rapid.IntRange(1, 6).Draw(t, "parts") {
			text.WriteString(filler.Draw(t, "filler"))
			text.WriteString(secret)
			if rapid.IntRange(0, 9).Draw(t, "long") == 0 {
				text.WriteString(strings.Repeat("x.", rapid.IntRange(maxLine/2-40, maxLine/2+40).Draw(t, "run")))
			}
		}
		all := text.String()
		var pieces []string
		for rest := all; rest != ""; {
			n := rapid.IntRange(1, min(len(rest), 9000)).Draw(t, "piece")
			pieces = append(pieces, rest[:n])
			rest = rest[n:]
		}
		got := through([]string{secret}, pieces...)
		if strings.Contains(got, secret) {
			t.Fatalf("the secret got through")
		}
		if want := through([]string{secret}, all); got != want {
			t.Fatalf("the pieces change the result")
		}
	})
}

// A secret at any place around the cut of an endless line is found.
func TestRedactInAnEndlessLine(t *testing.T) {
	const secret = "correct-horse-7"
	for _, filler := range []string{"x", "é"} {
		for _, edge := range []int{maxLine - minOverlap, maxLine} {
			for at := edge - 24; at < edge+24; at++ {
				in := strings.Repeat(filler, at/len(filler)) + secret + strings.Repeat(filler, maxLine)
				if got, want := through([]string{secret}, in), strings.ReplaceAll(in, secret, redacted); got != want {
					t.Fatalf("at %d: %d bytes, want %d", at, len(got), len(want))
				}
			}
		}
	}
}

func TestCapped(t *testing.T) {
	var c capped
	total := 200_000
	for i := range total {
		c.add(fmt.Appendf(nil, "line %d é\n", i))
	}
	text, truncated := c.text()
	if !truncated || len(text) > headSize+tailSize+100 || cap(c.tail) > 4*tailSize {
		t.Fatalf("%v, %d bytes, tail of %d", truncated, len(text), cap(c.tail))
	}
	head, rest, ok := strings.Cut(text, "\n… ")
	count, tail, ok2 := strings.Cut(rest, " lines omitted …\n")
	if !ok || !ok2 {
		t.Fatal(text[headSize-100:][:300])
	}
	shown := strings.Count(head, "\n") + 1 + strings.Count(tail, "\n")
	var omitted int
	if _, err := fmt.Sscanf(strings.ReplaceAll(count, ",", ""), "%d", &omitted); err != nil || omitted+shown != total {
		t.Fatalf("%d shown and %s omitted, of %d", shown, count, total)
	}
	if !strings.HasPrefix(tail, "line ") || !strings.HasSuffix(tail, "line 199999 é\n") || !strings.HasPrefix(head, "line 0 é\n") {
		t.Fatalf("%.40q … %.40q", head, tail)
	}
}

func TestCappedKeepsAllThatFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c capped
		var want strings.Builder
		for range rapid.IntRange(0, 20).Draw(t, "adds") {
			text := strings.Repeat("é\n", rapid.IntRange(0, 5000).Draw(t, "n"))
			c.add([]byte(text))
			want.WriteString(text)
		}
		got, truncated := c.text()
		if want.Len() <= headSize+tailSize-4 && (truncated || got != want.String()) {
			t.Fatalf("truncated=%v, %d bytes of %d", truncated, len(got), want.Len())
		}
	})
}

func TestGate(t *testing.T) {
	const in = "motd\nlecture drover-prompt-N[sudo] drover-prompt-N\ndrover-start-N\nreal drover-prompt-N\n"
	for i := range len(in) {
		var out strings.Builder
		opened, asked := 0, 0
		g := gate{mark: []byte("drover-start-N\n"), prompt: []byte("drover-prompt-N"), out: &out, opened: func() { opened++ }, asked: func() { asked++ }}
		_, _ = g.Write([]byte(in[:i]))
		_, _ = g.Write([]byte(in[i:]))
		if out.String() != "real drover-prompt-N\n" || opened != 1 || asked != 2 {
			t.Fatalf("cut at %d: %q, opened %d, asked %d", i, out.String(), opened, asked)
		}
	}
}

func TestGateForgetsALongPreface(t *testing.T) {
	var out strings.Builder
	asked := 0
	g := gate{mark: []byte("drover-start-N\n"), prompt: []byte("drover-prompt-N"), out: &out, opened: func() {}, asked: func() { asked++ }}
	for range 1000 {
		_, _ = g.Write([]byte(strings.Repeat("noise ", 100)))
	}
	_, _ = g.Write([]byte("drover-prompt-N"))
	if len(g.preface) > maxPreface || asked != 1 {
		t.Fatalf("%d bytes, asked %d", len(g.preface), asked)
	}
	_, _ = g.Write([]byte("\ndrover-start-N\nx"))
	if out.String() != "x" {
		t.Fatal(out.String())
	}
}
