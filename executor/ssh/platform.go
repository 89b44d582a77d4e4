package ssh

import (
	"bytes"
	"fmt"
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
