package action

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Lint looks for the ways in which a POSIX script can turn the value of a parameter into words, options or code, and for
// what hides them. It is there against an administrator's mistakes, not against malice: who may add an action may run
// anything.
//
// Refused are syntax errors, a {{name}} in the text, an expansion outside double quotes, a parameter in arithmetic (the
// shell evaluates what it holds), in command position, in the code given to sh -c, ssh, su, awk and their like, in PATH and
// other variables that decide what runs, in a here-document or pipe that a shell reads, as well as eval, source and backquotes altogether. A variable that was set from
// a parameter counts as that parameter, and so do $1, $@ and $*.
func Lint(script string, params []string) []Problem {
	l := &linter{tainted: map[string]bool{}}
	l.pasted(script)
	file, err := parseScript(script)
	if err != nil {
		l.problems = append(l.problems, syntaxProblem(err))
		return sorted(l.problems)
	}
	l.taint(file, params)
	l.walk(file)
	return sorted(l.problems)
}

type linter struct {
	tainted  map[string]bool // names of variables that hold what a person typed
	problems []Problem
}

func (l *linter) add(pos syntax.Pos, format string, args ...any) {
	l.problems = append(l.problems, Problem{Line: int(pos.Line()), Text: fmt.Sprintf(format, args...)})
}

func parseScript(script string) (*syntax.File, error) {
	return syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), "")
}

func syntaxProblem(err error) Problem {
	if e, ok := errors.AsType[syntax.ParseError](err); ok {
		return Problem{Line: int(e.Pos.Line()), Text: "is not a POSIX script: " + e.Text}
	}
	if e, ok := errors.AsType[syntax.LangError](err); ok {
		return Problem{Line: int(e.Pos.Line()), Text: "is not a POSIX script: " + e.Feature + " is a feature of other shells"}
	}
	return Problem{Text: "is not a POSIX script: " + err.Error()}
}

// pasted refuses a placeholder in the text. It would stay unfilled, and filling it would run $(…) inside double quotes.
func (l *linter) pasted(script string) {
	for i, text := range strings.Split(script, "\n") {
		m := slices.Concat(placeholder.FindAllString(text, -1), almostPlaceholder.FindAllString(text, -1))
		if len(m) > 0 {
			name := strings.Trim(m[0], "{} \t")
			l.problems = append(l.problems, Problem{
				Line: i + 1, Text: fmt.Sprintf(`%s is not filled in inside a script: write "$%s"`, m[0], name),
			})
		}
	}
}

// walk visits the tree with the path to each node.
func (l *linter) walk(file *syntax.File) {
	var above []syntax.Node
	syntax.Walk(file, func(n syntax.Node) bool {
		if n == nil {
			above = above[:len(above)-1]
			return true
		}
		l.visit(n, above)
		above = append(above, n)
		return true
	})
}

func (l *linter) visit(n syntax.Node, above []syntax.Node) {
	switch n := n.(type) {
	case *syntax.ParamExp:
		l.expansion(n, above)
	case *syntax.ArithmExp:
		l.arithmetic(n)
	case *syntax.CmdSubst:
		if n.Backquotes {
			l.add(n.Pos(), "backquotes are not allowed: write $(…)")
		}
	case *syntax.CallExpr:
		l.assignments(n)
		if text := callProblem(l.words(n.Args)); text != "" {
			l.add(n.Pos(), "%s", text)
		}
	case *syntax.Stmt:
		l.hereDocument(n)
	case *syntax.BinaryCmd:
		l.pipe(n)
	}
}
