package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"pgregory.net/rapid"

	"drover/executor"
)

func TestATerminalIsNotCommanded(t *testing.T) {
	for text, want := range map[string]string{
		"web1\tok\n":                    "web1\tok\n",
		"\x1b[2J\x1b]0;title\x07":       `\u001b[2J\u001b]0;title\u0007`,
		"a\r\nb\r\n":                    "a\r\nb\r\n",
		"100%\rdone\b":                  `100%\u000ddone\u0008`,
		"\u009b31m \u202eab\u200b":      `\u009b31m \u202eab\u200b`,
		"\xff\x9b1m":                    "\ufffd\ufffd1m",
		"שלום 👩\u200d🚒 ✅ \U000e0041":    "שלום 👩\u200d🚒 ✅ " + `\udb40\udc41`,
		"{\"note\": \"a\u009b\u202e\"}": `{"note": "a\u009b\u202e"}`,
	} {
		if got := plainly(t, text, 1<<10); got != want {
			t.Errorf("%q is printed as %q, want %q", text, got, want)
		}
	}
}

// plainly writes text in pieces of so many bytes.
func plainly(t interface{ Fatal(...any) }, text string, piece int) string {
	var out bytes.Buffer
	w := &plainWriter{to: &out}
	for rest := []byte(text); len(rest) > 0; {
		n := min(piece, len(rest))
		if wrote, err := w.Write(rest[:n]); err != nil || wrote != n {
			t.Fatal("wrote", wrote, err)
		}
		rest = rest[n:]
	}
	return out.String()
}

// Whatever is printed, and in whatever pieces, nothing of it is a command, and JSON means what it meant.
func TestWhatIsPrintedIsPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + "\n"
		got := plainly(t, text, rapid.IntRange(1, 5).Draw(t, "piece"))
		if i := strings.IndexFunc(strings.ReplaceAll(got, "\r\n", ""), executor.Unseen); i >= 0 || !utf8.ValidString(got) || got != plainly(t, text, 1<<20) {
			t.Fatalf("%q is printed as %q", text, got)
		}
		encoded, err := json.Marshal(map[string]string{"a": text})
		if err != nil {
			t.Fatal(err)
		}
		var back map[string]string
		if err := json.Unmarshal([]byte(plainly(t, string(encoded), 3)), &back); err != nil || back["a"] != strings.ToValidUTF8(text, "\ufffd") {
			t.Fatalf("%q comes back as %q (%v)", text, back["a"], err)
		}
	})
}

func TestAnErrorOfTheOutputIsTold(t *testing.T) {
	w := &plainWriter{to: failing{}}
	if n, err := w.Write([]byte("x")); n != 0 || err == nil {
		t.Errorf("%d, %v", n, err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, iotest.ErrTimeout }
