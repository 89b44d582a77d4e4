package action

import (
	"fmt"
	"slices"
	"strings"
)

// wrapper is a command that runs another one: its options of which the next word is the value, and how many words of its
// own come before the other command.
type wrapper struct {
	short    string // letters
	long     string // names, with spaces between
	operands int
}

func wrapperOf(name string) (wrapper, bool) {
	switch name {
	case "sudo", "doas":
		return wrapper{short: "ugphCrtTUDR", long: "user group prompt host close-from role type command-timeout other-user chdir chroot"}, true
	case "env":
		return wrapper{short: "uCS", long: "unset chdir split-string"}, true
	case "xargs":
		return wrapper{short: "InPLdaEs", long: "max-args max-procs max-chars delimiter arg-file process-slot-var"}, true
	case "nice":
		return wrapper{short: "n", long: "adjustment"}, true
	case "ionice":
		return wrapper{short: "cn", long: "class classdata"}, true
	case "stdbuf":
		return wrapper{short: "ioe", long: "input output error"}, true
	case "systemd-run":
		return wrapper{short: "upHME", long: "unit property host machine description slice uid gid nice working-directory setenv service-type " +
			"on-active on-boot on-startup on-unit-active on-unit-inactive on-calendar timer-property path-property socket-property"}, true
	case "timeout":
		return wrapper{short: "ks", long: "kill-after signal", operands: 1}, true
	case "flock":
		return wrapper{short: "wE", long: "wait timeout conflict-exit-code", operands: 1}, true
	case "chroot":
		return wrapper{long: "userspec groups", operands: 1}, true
	case "chrt":
		return wrapper{short: "TPD", long: "sched-runtime sched-period sched-deadline", operands: 1}, true
	case "taskset":
		return wrapper{operands: 1}, true
	case "nsenter":
		return wrapper{short: "tSG", long: "target setuid setgid"}, true
	case "unshare":
		return wrapper{short: "SGRw", long: "setuid setgid root wd map-user map-group propagation setgroups"}, true
	case "time":
		return wrapper{short: "fo", long: "format output"}, true
	case "exec":
		return wrapper{short: "a"}, true
	case "nohup", "setsid", "command", "builtin", "busybox":
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
			if name == "flock" && flockCode(arg) && anyTainted(args[i+1:]) {
				return "a parameter is in the code that flock runs"
			}
		case arg.assigns() && setsVariables(name):
			if text := variableProblem(arg); text != "" {
				return text
			}
		case operands > 0:
			operands--
		default:
			return callProblem(args[i:])
		}
	}
	return ""
}

func flockCode(option word) bool { return option.text == "-c" || option.text == "--command" }

func setsVariables(name string) bool { return name == "env" || name == "sudo" || name == "doas" }

// takesValue reports whether the option's value is the next word: a long one that wants one and has no =, or the last
// letter of short ones.
func (w wrapper) takesValue(option word) bool {
	if long, ok := strings.CutPrefix(option.text, "--"); ok {
		return slices.Contains(strings.Fields(w.long), long)
	}
	letters := option.text[1:]
	return w.short != "" && strings.IndexAny(letters, w.short) == len(letters)-1
}

// inner returns the command that a wrapper runs.
func (w wrapper) inner(args []word) []word {
	operands := w.operands
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg.option():
			if w.takesValue(arg) {
				i++
			}
		case arg.assigns():
		case operands > 0:
			operands--
		default:
			return args[i:]
		}
	}
	return nil
}
