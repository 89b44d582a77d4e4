package action

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// MaxFile is the largest action file, in bytes. A script is one argument of a command, of which Linux takes 128 KiB.
const MaxFile = 64 << 10

// Parse reads one action file and checks everything that can be checked before a run: the keys, the names, the types, the
// defaults, the placeholders and, with Lint, the scripts.
//
// What is wrong with the file comes back as one *ParseError with all problems in it.
func Parse(source []byte) (*Action, error) {
	return (&decoder{lines: map[string]int{}, scripts: map[string]int{}}).parse(source)
}

// Read reads an action that was accepted once. It differs from Parse in that it does not look again for values that could
// become code: what a later drover thinks of a script must not take an action off the whitelist that is in use.
func Read(source []byte) (*Action, error) {
	return (&decoder{lines: map[string]int{}, scripts: map[string]int{}, accepted: true}).parse(source)
}

func (d *decoder) parse(source []byte) (*Action, error) {
	root := d.tree(source)
	if root == nil {
		return nil, &ParseError{Problems: sorted(d.problems)}
	}
	a := d.action(root)
	if len(d.problems) == 0 { // a value of the wrong kind would only cause follow-on complaints
		d.check(a)
	}
	if len(d.problems) > 0 {
		return nil, &ParseError{Problems: sorted(d.problems)}
	}
	if a.Title == "" {
		a.Title = a.Name
	}
	canonicalDefaults(a)
	return a, nil
}

// tree parses the YAML into one plain document, or leaves a problem and returns nil.
func (d *decoder) tree(source []byte) ast.Node {
	if len(source) > MaxFile {
		d.add(0, "", "the file has %d bytes; at most %d are allowed", len(source), MaxFile)
		return nil
	}
	file, err := parseYAML(source)
	if err != nil {
		d.syntax(err)
		return nil
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		d.add(0, "", "the file must hold exactly one action")
		return nil
	}
	ast.Walk(plain{d}, file.Docs[0].Body)
	if len(d.problems) > 0 {
		return nil
	}
	return file.Docs[0].Body
}

// parseYAML turns a panic of the parser into an error: action files come from people, and the parser has panicked on
// malformed input before.
func parseYAML(source []byte) (file *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("read YAML: %v", r)
		}
	}()
	return parser.ParseBytes(source, 0)
}

func (d *decoder) syntax(err error) {
	var positioned yaml.Error
	if errors.As(err, &positioned) && positioned.GetToken() != nil {
		d.add(positioned.GetToken().Position.Line, "", "%s", positioned.GetMessage())
		return
	}
	d.add(0, "", "the file is not YAML: %v", err)
}

// plain refuses anchors, aliases, tags and merges: an action file is short and says what it says, and an alias can make a
// small file huge.
type plain struct{ d *decoder }

// Visit is called by ast.Walk.
func (p plain) Visit(n ast.Node) ast.Visitor {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		p.d.add(line(n), "", "anchors, aliases, tags and merge keys are not allowed")
		return nil
	}
	return p
}

// canonicalDefaults spells the defaults the way Bind would, so that a card and a plan show the same word.
func canonicalDefaults(a *Action) {
	for i, p := range a.Parameters {
		if p.Default == nil {
			continue
		}
		if value, f := p.canonical(*p.Default); f == nil {
			a.Parameters[i].Default = &value
		}
	}
}
