package sshtest

import (
	"regexp"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

var octal = regexp.MustCompile(`\\0[0-7]{3}`)

// wrapped is what drover's wrapper carries.
type wrapped struct {
	nonce, text string
	sudo        bool
}

// unwrap recognises drover's wrapper in a command line.
func unwrap(line string) (wrapped, bool) {
	words, ok := literals(line)
	if !ok || len(words) != 9 || words[0] != "exec" || words[1] != "/bin/sh" || words[2] != "-c" || words[4] != "drover" {
		return wrapped{}, false
	}
	return wrapped{nonce: words[5], text: decode(words[6]), sudo: words[8] == "sudo"}, true
}

// decode undoes the escapes that printf %b knows as \0NNN; the wrapper uses no others.
func decode(text string) string {
	return octal.ReplaceAllStringFunc(text, func(escape string) string {
		n, err := strconv.ParseUint(escape[2:], 8, 8)
		if err != nil {
			return escape
		}
		return string([]byte{byte(n)})
	})
}

// literals splits a command line of one simple command without expansions.
func literals(line string) ([]string, bool) {
	file, err := syntax.NewParser().Parse(strings.NewReader(line), "")
	if err != nil || len(file.Stmts) != 1 {
		return nil, false
	}
	call, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok {
		return nil, false
	}
	words := make([]string, 0, len(call.Args))
	for _, arg := range call.Args {
		word, err := expand.Literal(&expand.Config{}, arg) // its own: without one the library shares and writes a global
		if err != nil {
			return nil, false
		}
		words = append(words, word)
	}
	return words, true
}
