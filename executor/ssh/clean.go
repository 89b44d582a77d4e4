package ssh

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Clean makes a program's output fit for reading: valid UTF-8, without terminal
// codes, control characters or characters that turn the direction of text, and of
// a progress bar only what was left standing. Line breaks and tabs stay.
func Clean(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !plain(line) {
			lines[i] = cleanLine(line)
		}
	}
	return strings.Join(lines, "\n")
}

// cleanLine does it for a line that is not plain.
func cleanLine(line string) string {
	line = strings.ToValidUTF8(line, "\uFFFD")
	line = ansi.Strip(line)
	line = strings.TrimRight(line, "\r")
	if i := strings.LastIndexByte(line, '\r'); i >= 0 {
		line = line[i+1:]
	}
	return dropControls(line)
}

// plain says that a line is what nearly all lines are: nothing is to be done about it.
func plain[T string | []byte](line T) bool {
	for i := range len(line) {
		if c := line[i]; (c < ' ' && c != '\t') || c > '~' {
			return false
		}
	}
	return true
}

// plainLines says it of several lines at once.
func plainLines(block []byte) bool {
	for _, c := range block {
		if (c < ' ' && c != '\t' && c != '\n') || c > '~' {
			return false
		}
	}
	return true
}

// dropControls applies backspaces and drops what is not text.
func dropControls(line string) string {
	out := make([]byte, 0, len(line))
	for _, r := range line {
		switch {
		case r == '\b':
			_, size := utf8.DecodeLastRune(out)
			out = out[:len(out)-size]
		case r == '\t':
			out = append(out, '\t')
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return string(out)
}
