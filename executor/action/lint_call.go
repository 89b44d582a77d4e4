package action

import (
	"fmt"
	"slices"
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
	case name == "xargs" && replaces(args):
		return "xargs -I puts what it reads into code: hand it over as an argument of the shell"
	}
	if i, ok := interpreterOf(name); ok {
		return i.problem(name, args)
	}
	if w, ok := wrapperOf(name); ok {
		if text := w.problem(name, args); text != "" {
			return text
		}
	}
	return innerCodeProblem(name, args)
}

// innerCodeProblem looks for a shell that is told its program among the arguments of any command, for many run other
// commands. The names of other interpreters are ordinary words (kubectl get node): they count where a command is known to
// run another one.
func innerCodeProblem(name string, args []word) string {
	for i, w := range args {
		in, ok := interpreterOf(w.name())
		if !ok || !in.givesProgram(args[i+1:]) || !in.codeIsNext && !carries(name, args[:i]) {
			continue
		}
		if text := in.problem(w.name(), args[i+1:]); text != "" {
			return text
		}
	}
	return ""
}

// replaces says whether xargs puts what it reads into the text of an interpreter's program.
func replaces(args []word) bool {
	into := false
	for _, w := range args {
		switch {
		case strings.HasPrefix(w.text, "--"):
			into = into || strings.HasPrefix(w.text, "--replace")
		case w.option():
			into = into || strings.ContainsAny(w.text[1:], "Ii")
		default:
			if _, ok := interpreterOf(w.name()); ok {
				return into
			}
		}
	}
	return false
}

// carries says whether a command runs what follows these arguments in a container or another namespace.
func carries(name string, before []word) bool {
	switch name {
	case "docker", "podman", "nerdctl", "crictl", "kubectl", "oc", "lxc", "incus", "ip", "docker-compose":
		return slices.ContainsFunc(before, func(w word) bool { return w.name() == "exec" || w.name() == "run" })
	}
	return false
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
		if text := variableProblem(w); text != "" {
			return text
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
