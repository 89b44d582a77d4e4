package action

import (
	"strings"
	"unicode"
)

// mark begins the lines that a script prints for Summarize and not for people.
const mark = "@@drover "

// section is a marked line and the plain lines after it.
type section struct {
	name  string // the first word after the mark
	rest  string // what follows it on the same line
	lines []string
}

// sections splits an output at its marks. Only what follows the last "@@drover result" line counts, so that nothing a
// script printed before, such as the output of a package's own scripts, can pass for its result.
func sections(text string) (before string, found []section) {
	i := strings.LastIndex("\n"+text, "\n"+mark+"result\n") // with the newline in front, i is where the mark begins
	if i < 0 {
		return text, nil
	}
	before, text = text[:i], text[i:]
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if rest, ok := strings.CutPrefix(line, mark); ok {
			name, rest, _ := strings.Cut(rest, " ")
			found = append(found, section{name: name, rest: rest})
			continue
		}
		if strings.TrimSpace(line) != "" {
			last := &found[len(found)-1]
			last.lines = append(last.lines, line)
		}
	}
	return before, found
}

// Prose is what of an output is for people: all of it but the marked lines, which Summarize has read.
func Prose(stdout string) string {
	before, _ := sections(stdout)
	return before
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
