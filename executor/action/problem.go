package action

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with an action file or a script.
type Problem struct {
	Line int    // from 1, in what was read: the file for Parse, the script for Lint; 0 when it is about the whole
	Key  string // the YAML key, such as parameters[0].pattern; empty from Lint
	Text string // what is wrong and what is allowed
}

// String returns "line 3: role: must be viewer or operator".
func (p Problem) String() string {
	text := p.Text
	if p.Key != "" {
		text = p.Key + ": " + text
	}
	if p.Line > 0 {
		text = fmt.Sprintf("line %d: %s", p.Line, text)
	}
	return text
}

// ParseError is everything that is wrong with an action file, in the order of its lines.
type ParseError struct{ Problems []Problem }

// Error returns one line for each problem.
func (e *ParseError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the problems by line, each once.
func sorted(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return slices.Compact(problems)
}
