package action

import (
	"fmt"
	"strings"
)

// interpreter is a command that runs a program given as text: after which options, and whether its first operand is the
// program (awk), the command string (sh -c) or a file.
type interpreter struct {
	code       string // letters of options whose value is code or a file of code
	valued     string // letters of options whose value is data
	codeIsNext bool   // the code is the first operand after the options, not the option's own value: sh -c -e CODE
}

func interpreterOf(name string) (interpreter, bool) {
	switch name {
	case "sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish", "csh", "tcsh":
		return interpreter{valued: "oO", codeIsNext: true}, true
	case "awk", "gawk", "mawk", "nawk":
		return interpreter{code: "efi", valued: "vF"}, true
	case "sed":
		return interpreter{code: "ef", valued: "l"}, true
	case "perl":
		return interpreter{code: "eEMmI"}, true
	case "ruby", "lua", "node":
		return interpreter{code: "eprl"}, true
	case "php":
		return interpreter{code: "rf"}, true
	case "tclsh", "osascript":
		return interpreter{code: "e"}, true
	}
	if strings.HasPrefix(name, "python") {
		return interpreter{code: "cm", valued: "WX"}, true
	}
	return interpreter{}, false
}

// problem refuses a parameter in the program, wherever it stands. What follows the program is data: $1 of sh -c, the
// files of sed.
func (in interpreter) problem(name string, args []word) string {
	refused := fmt.Sprintf("a parameter is in the code that %s runs", name)
	given := false // the program came with an option
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg.text == "--" {
			continue
		}
		if !arg.option() {
			if !given && arg.tainted {
				return refused
			}
			return ""
		}
		next := i+1 < len(args) && args[i+1].tainted
		switch last := arg.text[len(arg.text)-1:]; {
		case strings.HasPrefix(arg.text, "--"):
			if arg.tainted || (next && strings.Contains("--expression --file --eval --source --init-command", arg.text)) { //nolint:gocritic // abbreviations count too
				return refused
			}
		case len(arg.text) > 2 && strings.Contains(in.valued, arg.text[1:2]):
			// -vname=value: data
		case arg.tainted:
			return refused
		case strings.Contains(in.code, last):
			if next {
				return refused
			}
			given, i = !in.codeIsNext, i+1
		case strings.Contains(in.valued, last):
			i++
		}
	}
	return ""
}

// givesProgram reports whether the options that come first hold one that is followed by the program: the c of sh -ec.
func (in interpreter) givesProgram(args []word) bool {
	code := in.code
	if in.codeIsNext {
		code = "c"
	}
	for i := 0; i < len(args) && args[i].option(); i++ {
		if strings.HasPrefix(args[i].text, "--") {
			continue
		}
		if strings.ContainsAny(args[i].text[1:], code) {
			return true
		}
		if strings.Contains(in.valued, args[i].text[len(args[i].text)-1:]) {
			i++
		}
	}
	return false
}

// readsCode reports whether the command, called like this, runs what comes in on standard input, or splits it into words
// as xargs does without -0.
func readsCode(words []word) bool {
	if len(words) == 0 {
		return false
	}
	name, args := words[0].name(), words[1:]
	if name == "ssh" || name == "su" || name == "at" || name == "batch" || name == "parallel" || name == "crontab" {
		return true
	}
	if name == "xargs" {
		return !hasOption(args, "-0", "--null")
	}
	if in, ok := interpreterOf(name); ok {
		return (in.codeIsNext || name != "sed") && !hasProgram(in, args) && !strings.HasSuffix(name, "awk")
	}
	if w, ok := wrapperOf(name); ok {
		return readsCode(w.inner(args))
	}
	return false
}

func hasOption(args []word, names ...string) bool {
	for _, arg := range args {
		for _, name := range names {
			if arg.text == name {
				return true
			}
		}
	}
	return false
}

// hasProgram reports whether an interpreter is told its program on the command line.
func hasProgram(in interpreter, args []word) bool {
	if hasOption(args, "-s", "-") {
		return false
	}
	for i, arg := range args {
		if !arg.option() && (i == 0 || !strings.ContainsAny(args[i-1].text, in.valued) || !args[i-1].option()) {
			return true
		}
	}
	return false
}
