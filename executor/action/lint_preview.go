package action

import (
	"reflect"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// checkPreview looks for what has no place in a preview, which everybody may run who may look: root's rights, writing to
// a file, and the very command that it should announce. Like Lint it is there against mistakes, not against malice.
func (d *decoder) checkPreview(a *Action) {
	for _, platform := range Platforms() {
		command, ok := a.Preview[platform]
		if !ok {
			continue
		}
		key := "preview." + string(platform)
		if a.Changes && reflect.DeepEqual(command, a.Run[platform]) {
			d.at(key, "is what run does, and a preview changes nothing")
		}
		if platform != Linux || d.accepted {
			continue
		}
		if command.Script == "" {
			if name := raisesRights(argvWords(command.Argv)); name != "" {
				d.at(key, "%s", noRights(name))
			}
			continue
		}
		for _, p := range previewProblems(command.Script) {
			d.add(d.scripts[key]+max(p.Line, 1)-1, key, "%s", p.Text)
		}
	}
}

func noRights(name string) string {
	return name + " is not allowed: a preview runs without root's rights"
}

func previewProblems(script string) []Problem {
	file, err := parseScript(script)
	if err != nil {
		return nil // said already
	}
	l := &linter{tainted: map[string]bool{}}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CallExpr:
			if name := raisesRights(l.words(n.Args)); name != "" {
				l.add(n.Pos(), "%s", noRights(name))
			}
		case *syntax.Redirect:
			if writes(n.Op) && n.Word.Lit() != "/dev/null" {
				l.add(n.Pos(), "must not write to a file: a preview changes nothing")
			}
		}
		return true
	})
	return sorted(l.problems)
}

func writes(op syntax.RedirOperator) bool {
	switch op {
	case syntax.RdrOut, syntax.AppOut, syntax.RdrInOut, syntax.RdrClob:
		return true
	}
	return false
}

var rightsRaiser = regexp.MustCompile(`\b(sudo|sudoedit|doas|su|runuser|pkexec|run0)\b`)

// raisesRights returns the command by which a call gets the rights of another user, or nothing. It looks into the commands
// that run other ones, and into code given as text.
func raisesRights(words []word) string {
	if len(words) == 0 {
		return ""
	}
	name, args := words[0].name(), words[1:]
	if rightsRaiser.FindString(name) == name {
		return name
	}
	if w, ok := wrapperOf(name); ok && (name != "command" || !hasOption(args, "-v", "-V")) {
		return raisesRights(w.inner(args))
	}
	if _, ok := interpreterOf(name); ok || takesCode(name) || name == "find" {
		for _, arg := range args {
			if found := rightsRaiser.FindString(strings.ReplaceAll(arg.text, "\x00", " ")); found != "" {
				return found
			}
		}
	}
	return ""
}
