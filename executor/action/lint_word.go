package action

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// word is one word of a call, from a script or from the list form, as far as it is known before it runs.
type word struct {
	text    string // the fixed text; each expansion is a NUL
	tainted bool   // it holds a parameter
}

// name returns the command that the word calls, without its directory, or nothing when that is not fixed.
func (w word) name() string {
	if w.text == "" || strings.ContainsRune(w.text, 0) {
		return ""
	}
	return path.Base(w.text)
}

func (w word) option() bool { return strings.HasPrefix(w.text, "-") && len(w.text) > 1 }

// variable is the name in NAME=…, or nothing.
func (w word) variable() string {
	name, _, ok := strings.Cut(w.text, "=")
	if !ok || !syntax.ValidName(name) {
		return ""
	}
	return name
}

// assigns reports whether the word is NAME=… with a fixed name.
func (w word) assigns() bool { return w.variable() != "" }

func (l *linter) words(args []*syntax.Word) []word {
	words := make([]word, len(args))
	for i, arg := range args {
		var text strings.Builder
		fixedText(&text, arg.Parts)
		words[i] = word{text: text.String(), tainted: l.mentions(arg)}
	}
	return words
}

func fixedText(into *strings.Builder, parts []syntax.WordPart) {
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			into.WriteString(strings.ReplaceAll(part.Value, `\`, ""))
		case *syntax.SglQuoted:
			into.WriteString(part.Value)
		case *syntax.DblQuoted:
			fixedText(into, part.Parts)
		default:
			into.WriteByte(0)
		}
	}
}

// argvWords are the words of the list form.
func argvWords(argv []string) []word {
	words := make([]word, len(argv))
	for i, element := range argv {
		text := placeholder.ReplaceAllString(element, "\x00")
		words[i] = word{text: text, tainted: text != element}
	}
	return words
}

// argvProblem checks the list form: no code made of parameters, and exactly one simple command once it is quoted, so that
// neither A=b nor a keyword of the shell stands where the command should.
func argvProblem(argv []string) string {
	sample := make([]string, len(argv))
	for i, element := range argv {
		sample[i] = placeholder.ReplaceAllString(element, "x")
	}
	if text := callProblem(argvWords(argv)); text != "" {
		return text
	}
	file, err := parseScript(renderArgv(sample, nil))
	if err != nil || len(file.Stmts) != 1 {
		return "must be one command and its arguments"
	}
	call, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok || len(call.Assigns) > 0 || file.Stmts[0].Negated {
		return "must begin with a command, not with an assignment or a word of the shell's grammar"
	}
	return ""
}
