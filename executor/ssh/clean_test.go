package ssh_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"drover/executor/ssh"
)

func TestClean(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain":           {"a\tb\nc\n", "a\tb\nc\n"},
		"colours":         {"\x1b[1;31mred\x1b[0m and \x1b[38;5;12mblue\x1b[m\n", "red and blue\n"},
		"cursor":          {"\x1b[2K\x1b[1Gline\x1b[?25h", "line"},
		"title":           {"\x1b]0;title\x07text\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "textlink"},
		"charset":         {"\x1b(B\x1b)0text", "text"},
		"DCS":             {"a\x1bPq#0\x1b\\b", "ab"},
		"CRLF":            {"a\r\nb\r\r\n", "a\nb\n"},
		"progress bar":    {" 1%\r 50%\r100%\ndone\n", "100%\ndone\n"},
		"bar then CR":     {"50%\r100%\r\n", "100%\n"},
		"backspace":       {"abc\b\bX", "aX"},
		"man page bold":   {"N\bNA\bA", "NA"},
		"backspace first": {"\b\bx", "x"},
		"over a rune":     {"é\bx", "x"},
		"controls":        {"a\x00b\x07c\x7fd\x0be", "abcde"},
		"C1":              {"a\u0085b\u009dc", "abc"},
		"invalid UTF-8":   {"a\xffb\xc3", "a\uFFFDb\uFFFD"},
		"text direction":  {"abc\u202Etxt.exe\u2066", "abctxt.exe"},
		"other scripts":   {"žluťoučký 日本語 👍\n", "žluťoučký 日本語 👍\n"},
		"unfinished":      {"text\x1b[31", "text"},
		"unfinished line": {"a\x1b]0;title\nb", "a\nb"},
		"apt's list":      {"Reading package lists... 0%\r\rReading package lists... Done\r\n", "Reading package lists... Done\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ssh.Clean(c.in); got != c.want {
				t.Fatalf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", "a\r\nb", "\x1b[31mx\x1b[0m", "\x1b]0;t\x07", "x\b\b", "\xff\xc3", "\u009b31m", "\x1b\x1b[", "1\r2\r3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out := ssh.Clean(in)
		if !utf8.ValidString(out) {
			t.Fatalf("%q: not UTF-8: %q", in, out)
		}
		if i := strings.IndexFunc(out, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }); i >= 0 {
			t.Fatalf("%q: control character at %d: %q", in, i, out)
		}
		if strings.Count(out, "\n") != strings.Count(in, "\n") {
			t.Fatalf("%q: lines were lost: %q", in, out)
		}
		if again := ssh.Clean(out); again != out {
			t.Fatalf("%q: %q becomes %q", in, out, again)
		}
	})
}
