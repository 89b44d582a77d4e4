package ssh

import (
	"fmt"
	"regexp"
	"strings"
)

// How the shells that /bin/sh may be say that they could not run a program: "drover: 1: lsof: not found", "drover: line 1:
// lsof: command not found", "drover: eval: line 0: lsof: not found". The group is the program.
var (
	notFound      = regexp.MustCompile(`(?m)^(?:E: )?\S+: (?:(?:eval|exec|(?:line )?\d+): )*(\S+): (?:command not found|inaccessible or not found|not found|No such file or directory)$`)
	notExecutable = regexp.MustCompile(`(?m)^(?:E: )?\S+: (?:(?:eval|exec|(?:line )?\d+): )*(\S+): (?:can't execute: )?(?:Permission denied|Exec format error|Is a directory)$`)
)

// signalWords are how shells tell of a program that a signal has ended, by the signal's number.
var signalWords = map[int]string{
	4: "Illegal instruction", 6: "Aborted", 7: "Bus error", 8: "Floating point exception", 9: "Killed", 11: "Segmentation fault", 15: "Terminated",
}

// reason says what an exit status means when it is not the command's own. The shell's words must be there too: any program
// may end with the same number.
func reason(cmd Command, res Result) *Error {
	if e := shellInstead(cmd, res); e != nil {
		return e
	}
	program := func(words *regexp.Regexp) string {
		found := words.FindAllStringSubmatch(res.Stderr, -1)
		if len(found) == 0 {
			return ""
		}
		return found[len(found)-1][1]
	}
	switch {
	case res.ExitCode == 127 && program(notFound) != "":
		return &Error{Kind: CommandNotFound, Began: true, Program: program(notFound)}
	case res.ExitCode == 126 && program(notExecutable) != "":
		return &Error{Kind: NotExecutable, Began: true, Program: program(notExecutable)}
	}
	if word := signalWords[res.ExitCode-128]; word != "" && strings.Contains(res.Stderr, word) {
		return &Error{Kind: KilledBySignal, Began: true, Err: fmt.Errorf("exit status %d: %s", res.ExitCode, word)}
	}
	return nil
}
