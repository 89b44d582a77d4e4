package action

import (
	"fmt"
	"strings"
)

// callProblem says what is wrong with one call, or nothing. It knows the commands that take code as an argument or run
// another command; for all others a quoted parameter is data.
func callProblem(words []word) string {
	if len(words) == 0 {
		return ""
	}
	if words[0].tainted {
		return "a parameter is in command position"
	}
	name, args := words[0].name(), words[1:]
	switch {
	case name == "eval" || name == "." || name == "source":
		return name + " is not allowed: it runs text as code"
	case name == "[[":
		return "[[ is not POSIX: write [ … ]"
	case takesCode(name) && anyTainted(args):
		return fmt.Sprintf("a parameter is given to %s, which runs its arguments as code", name)
	case declares(name):
		return declareProblem(name, args)
	case name == "command" && hasOption(args, "-v", "-V"):
		return "" // only looks the command up
	case name == "find":
		return findProblem(args)
	}
	if i, ok := interpreterOf(name); ok {
		return i.problem(name, args)
	}
	if w, ok := wrapperOf(name); ok {
		return w.problem(name, args)
	}
	return ""
}

func anyTainted(words []word) bool {
	for _, w := range words {
		if w.tainted {
			return true
		}
	}
	return false
}

// takesCode names the commands of which every argument may be evaluated. The last row is there for bash as /bin/sh, which
// evaluates a[$(…)] where the name of a variable is expected.
func takesCode(name string) bool {
	switch name {
	case "trap", "alias", "ssh", "su", "runuser", "watch", "script", "parallel", "at", "batch", "expect",
		"let", "unset", "read", "getopts":
		return true
	}
	return false
}

func declares(name string) bool {
	switch name {
	case "export", "readonly", "local", "declare", "typeset":
		return true
	}
	return false
}

func declareProblem(name string, args []word) string {
	for _, w := range args {
		if w.tainted && !w.assigns() {
			return fmt.Sprintf("a parameter is given to %s as the name of a variable", name)
		}
	}
	return ""
}

// findProblem follows find … -exec command.
func findProblem(args []word) string {
	for i, w := range args {
		switch w.text {
		case "-exec", "-execdir", "-ok", "-okdir":
			if text := callProblem(args[i+1:]); text != "" {
				return text
			}
		}
	}
	return ""
}

// wrapper is a command that runs another one: its options that take a value, and how many words of its own come before
// the other command.
type wrapper struct {
	valued   string
	operands int
}

func wrapperOf(name string) (wrapper, bool) {
	switch name {
	case "sudo", "doas":
		return wrapper{valued: "ugphCrtTUDR"}, true
	case "env":
		return wrapper{valued: "uCS"}, true
	case "xargs":
		return wrapper{valued: "InPLdaEs"}, true
	case "nice":
		return wrapper{valued: "n"}, true
	case "ionice":
		return wrapper{valued: "cn"}, true
	case "stdbuf":
		return wrapper{valued: "ioe"}, true
	case "systemd-run":
		return wrapper{valued: "upHM"}, true
	case "timeout":
		return wrapper{valued: "ks", operands: 1}, true
	case "chroot", "flock", "taskset", "chrt":
		return wrapper{operands: 1}, true
	case "nohup", "setsid", "exec", "command", "builtin", "busybox", "nsenter", "unshare", "time":
		return wrapper{}, true
	}
	return wrapper{}, false
}

// problem finds the inner command and checks it. Before it, a parameter may only be the value of NAME=… or an operand:
// in an option it could name the command (env -S).
func (w wrapper) problem(name string, args []word) string {
	operands := w.operands
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg.text == "--":
		case arg.option():
			if arg.tainted || (w.takesValue(arg) && i+1 < len(args) && args[i+1].tainted) {
				return fmt.Sprintf("a parameter is in the options of %s", name)
			}
			if w.takesValue(arg) {
				i++
			}
			if name == "flock" && arg.text == "-c" && anyTainted(args[i+1:]) {
				return "a parameter is in the code that flock runs"
			}
		case arg.assigns() && (name == "env" || name == "sudo" || name == "doas"):
		case operands > 0:
			operands--
		default:
			return callProblem(args[i:])
		}
	}
	return ""
}

// takesValue reports whether the option's value is the next word: the last letter of a short option that wants one.
func (w wrapper) takesValue(option word) bool {
	if strings.HasPrefix(option.text, "--") || w.valued == "" {
		return false
	}
	return len(option.text) == 2 && strings.Contains(w.valued, option.text[1:])
}
