package ssh

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// words are how devices without a shell answer to the first word of drover's scripts, which begins the command line.
// Nothing of it has run then.
var words = map[string][]string{
	"RouterOS": {"bad command name", "expected end of command", "expected command name"},
	"IOS":      {"% Invalid input", "Line has invalid autocommand", "% Unknown command"},
	"Windows":  {"is not recognized as an internal or external command", "is not recognized as the name of a cmdlet", "is not recognized as a name of a cmdlet"},
}

// wrongPlatform is the error of a server that is not what it is registered as, or nil. Call it when a command has ended
// before its start, and its output too.
func (s *session) wrongPlatform() *Error {
	if s.cmd.Raw {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes.Contains(s.err.gate.preface, []byte(hostTag+s.nonce)) {
		system := readIntroduction(s.err.gate.preface, s.nonce).facts.System
		if system == "Linux" {
			return nil
		}
		return &Error{Kind: WrongPlatform, Answers: system}
	}
	for system, said := range words {
		for _, text := range said {
			if bytes.Contains(s.out.gate.preface, []byte(text)) || bytes.Contains(s.err.gate.preface, []byte(text)) {
				return &Error{Kind: WrongPlatform, Answers: system, Err: fmt.Errorf("it said %q", text)}
			}
		}
	}
	return nil
}

// noSuchCommand is how login shells say that they know no command of a name.
var noSuchCommand = regexp.MustCompile(`(?i)not found|no such file or directory|unknown command`)

// shellInstead is the error of what is registered as a device without a shell and answered as a shell does: it does not
// know the first word of a device's command line. It is nil otherwise.
func shellInstead(cmd Command, res Result) *Error {
	parts := func(text string) []string {
		return strings.FieldsFunc(text, func(r rune) bool { return r == ':' || unicode.IsSpace(r) })
	}
	sent := parts(cmd.Text)
	if !cmd.Raw || res.ExitCode != 127 || len(sent) == 0 {
		return nil
	}
	for line := range strings.Lines(res.Stderr) {
		_, said, _ := strings.Cut(line, ":") // after the shell's own name
		if slices.Contains(parts(said), sent[0]) && noSuchCommand.MatchString(said) {
			return &Error{Kind: WrongPlatform, Answers: "Linux", Err: fmt.Errorf("it said %q", strings.TrimSpace(line))}
		}
	}
	return nil
}
