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
	job         string // of a detached command
	attach      bool   // it was started before
	introduce   bool   // the server is asked which machine it is
}

// scriptBegins is the beginning of the script in a command line, which no quoted text can hold.
const scriptBegins = " 'PATH="

// unwrap recognises drover's wrapper in a command line. It does not parse the script, which takes longer than all the rest.
func unwrap(line string) (wrapped, bool) {
	from, to := strings.LastIndex(line, scriptBegins), strings.LastIndexByte(line, '\'')
	if from < 0 || from+len(scriptBegins) > to || !strings.HasPrefix(line, "exec /bin/sh -c ") {
		return wrapped{}, false
	}
	words, ok := literals(line[:from])
	rest := strings.Fields(line[to+1:])
	if !ok || len(words) != 7 || words[4] != "drover" || len(rest) != 2 && len(rest) != 3 {
		return wrapped{}, false
	}
	w := wrapped{nonce: words[5], text: decode(words[6]), sudo: rest[0] == "sudo", introduce: strings.Contains(line[from:to], "drover-host-")}
	if len(rest) == 3 {
		w.job, w.attach = rest[1], rest[2] == "attach"
	}
	return w, true
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
