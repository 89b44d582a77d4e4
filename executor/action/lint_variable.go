package action

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// taint collects the variables that hold a parameter: the parameters, the positional arguments they came in, and what is
// assigned from them, until nothing is added. The output of a command is not followed: it is not the value any more.
func (l *linter) taint(file *syntax.File, params []string) {
	for _, name := range params {
		l.tainted[name] = true
	}
	if len(params) > 0 {
		for _, name := range []string{"@", "*", "1", "2", "3", "4", "5", "6", "7", "8", "9"} {
			l.tainted[name] = true
		}
	}
	for before := -1; before != len(l.tainted); {
		before = len(l.tainted)
		syntax.Walk(file, func(n syntax.Node) bool {
			l.assigned(n)
			return true
		})
	}
}

func (l *linter) assigned(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.Assign:
		if n.Name != nil && n.Value != nil && l.copies(n.Value) {
			l.tainted[n.Name.Value] = true
		}
	case *syntax.WordIter:
		fromArguments := !n.InPos.IsValid() && l.tainted["@"]
		for _, item := range n.Items {
			fromArguments = fromArguments || l.copies(item)
		}
		if fromArguments {
			l.tainted[n.Name.Value] = true
		}
	case *syntax.CallExpr:
		l.declared(n)
	}
}

// declared follows export name="$value" and its relatives, which are plain calls in POSIX.
func (l *linter) declared(n *syntax.CallExpr) {
	if len(n.Args) == 0 || !declares(n.Args[0].Lit()) {
		return
	}
	for i, w := range l.words(n.Args) {
		if name, _, ok := strings.Cut(w.text, "="); ok && w.tainted && l.copies(n.Args[i]) {
			l.tainted[name] = true
		}
	}
}

// copies reports whether a word holds a parameter's value itself, not just the output of a command that saw it.
func (l *linter) copies(word *syntax.Word) bool {
	found := false
	syntax.Walk(word, func(n syntax.Node) bool {
		if e, ok := n.(*syntax.ParamExp); ok && l.isParameter(e) {
			found = true
		}
		_, command := n.(*syntax.CmdSubst)
		return !command
	})
	return found
}

// mentions reports whether anything below the node expands a parameter.
func (l *linter) mentions(n syntax.Node) bool {
	found := false
	syntax.Walk(n, func(n syntax.Node) bool {
		if e, ok := n.(*syntax.ParamExp); ok && l.isParameter(e) {
			found = true
		}
		return !found
	})
	return found
}

func (l *linter) isParameter(e *syntax.ParamExp) bool {
	if e.Param == nil {
		return false
	}
	name := e.Param.Value
	return l.tainted[name] || (l.tainted["@"] && len(name) > 1 && strings.Trim(name, "0123456789") == "")
}

// expansion refuses a parameter that the shell would split, glob or evaluate.
func (l *linter) expansion(e *syntax.ParamExp, above []syntax.Node) {
	if !l.isParameter(e) {
		return
	}
	switch context(above) {
	case inArithmetic:
		l.add(e.Pos(), "the parameter %s is inside arithmetic, which evaluates what it holds", e.Param.Value)
	case unquoted:
		l.add(e.Pos(), `the parameter %s is not quoted: write "$%s"`, e.Param.Value, e.Param.Value)
	}
}

// arithmetic refuses the bare name of a parameter in $((…)), which the shell expands as well.
func (l *linter) arithmetic(a *syntax.ArithmExp) {
	syntax.Walk(a, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.ParamExp, *syntax.CmdSubst:
			return false // visited in their own right
		case *syntax.Lit:
			if l.tainted[n.Value] && !strings.ContainsAny(n.Value, "@*123456789") {
				l.add(n.Pos(), "the parameter %s is inside arithmetic, which evaluates what it holds", n.Value)
			}
		}
		return true
	})
}

// assignments refuses a parameter in a variable that decides what runs, before a command or on its own.
func (l *linter) assignments(call *syntax.CallExpr) {
	for _, a := range call.Assigns {
		if a.Name == nil || a.Value == nil {
			continue
		}
		if text := variableProblem(word{text: a.Name.Value + "=", tainted: l.mentions(a.Value)}); text != "" {
			l.add(a.Pos(), "%s", text)
		}
	}
}

// variableProblem says what is wrong with NAME=…, or nothing. Whoever fills these variables chooses what runs: PATH finds
// commands, LD_PRELOAD brings code into them, a shell reads the file that ENV names, and IFS cuts words anew.
func variableProblem(w word) string {
	name := w.variable()
	if w.tainted && (slices.Contains(deciding, name) || strings.HasPrefix(name, "LD_")) {
		return "a parameter is in " + name + ", which decides what commands run"
	}
	return ""
}

// deciding are the variables by which shells, interpreters and common programs are told what to run.
var deciding = []string{
	"PATH", "ENV", "BASH_ENV", "IFS", "PS4", "PROMPT_COMMAND", "SHELLOPTS", "PERL5OPT", "PERL5LIB", "PYTHONPATH", "PYTHONSTARTUP", "RUBYOPT", "RUBYLIB",
	"NODE_OPTIONS", "NODE_PATH", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "EDITOR", "VISUAL", "PAGER", "LESSOPEN",
}

type quoting int

const (
	unquoted quoting = iota
	quoted
	inArithmetic
)

// context says what surrounds an expansion. A command substitution inside double quotes begins unquoted again; the body
// of a here-document is neither split nor globbed.
func context(above []syntax.Node) quoting {
	for i := len(above) - 1; i >= 0; i-- {
		switch n := above[i].(type) {
		case *syntax.ArithmExp:
			return inArithmetic
		case *syntax.DblQuoted:
			if !arithmeticAround(above[:i]) {
				return quoted
			}
			return inArithmetic
		case *syntax.CmdSubst:
			return unquoted
		case *syntax.Redirect:
			if i+1 < len(above) && above[i+1] == syntax.Node(n.Hdoc) {
				return quoted
			}
		}
	}
	return unquoted
}

// arithmeticAround reports whether quotes stand inside $((…)), where they do not protect.
func arithmeticAround(above []syntax.Node) bool {
	for i := len(above) - 1; i >= 0; i-- {
		switch above[i].(type) {
		case *syntax.ArithmExp:
			return true
		case *syntax.CmdSubst:
			return false
		}
	}
	return false
}

// scriptVariables returns the names that a script expands; ok is false when it cannot be parsed.
func scriptVariables(script string) (names []string, ok bool) {
	file, err := parseScript(script)
	if err != nil {
		return nil, false
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		if e, expands := n.(*syntax.ParamExp); expands && e.Param != nil {
			names = append(names, e.Param.Value)
		}
		return true
	})
	return names, true
}
