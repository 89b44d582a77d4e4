package action

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// decoder reads an action out of a YAML tree. It works on the tree, not by reflection, so that every problem can name its
// line and its key and all of them are found at once.
type decoder struct {
	problems []Problem
	lines    map[string]int // key → line, for the checks that follow
	scripts  map[string]int // key → first line of the script's text
	proof    bool           // the action's proof reads the parameter Expect
	accepted bool           // the commands were looked at when the action was added
}

// field is one key that a mapping may have, and what reads its value.
type field struct {
	name string
	read func(key string, n ast.Node)
}

func (d *decoder) add(line int, key, format string, args ...any) {
	d.problems = append(d.problems, Problem{Line: line, Key: key, Text: fmt.Sprintf(format, args...)})
}

// at adds a problem at a key that was read before.
func (d *decoder) at(key, format string, args ...any) { d.add(d.lines[key], key, format, args...) }

// action reads the whole file.
func (d *decoder) action(n ast.Node) *Action {
	a := &Action{Role: RoleOperator, Changes: true, Timeout: 5 * time.Minute, Verify: VerifyNone, Result: ResultText}
	d.mapping("", n, []field{
		{"name", d.text(&a.Name)}, {"title", d.text(&a.Title)}, {"description", d.text(&a.Description)},
		{"role", d.text(&a.Role)}, {"approvals", d.count(&a.Approvals)}, {"changes", d.flag(&a.Changes)},
		{"sudo", d.flag(&a.Sudo)}, {"timeout", d.duration(&a.Timeout)}, {"silence", d.duration(&a.Silence)}, {"detach", d.flag(&a.Detach)},
		{"parameters", d.parameters(&a.Parameters)}, {"run", d.commands(&a.Run)}, {"preview", d.commands(&a.Preview)},
		{"verify", d.text(&a.Verify)}, {"result", d.text(&a.Result)},
	})
	return a
}

func (d *decoder) parameters(into *[]Parameter) func(string, ast.Node) {
	return func(key string, n ast.Node) {
		d.sequence(key, n, func(key string, n ast.Node) {
			p := Parameter{MaxLength: DefaultMaxLength}
			d.mapping(key, n, []field{
				{"name", d.text(&p.Name)}, {"type", d.text((*string)(&p.Type))}, {"help", d.text(&p.Help)},
				{"pattern", d.text(&p.Pattern)}, {"max_length", d.count(&p.MaxLength)}, {"values", d.texts(&p.Values)},
				{"min", d.bound(&p.Min)}, {"max", d.bound(&p.Max)}, {"default", d.optional(&p.Default)},
				{"setting", d.text(&p.Setting)}, {"leading_dash", d.flag(&p.LeadingDash)},
			})
			*into = append(*into, p)
		})
	}
}

func (d *decoder) commands(into *map[Platform]Command) func(string, ast.Node) {
	return func(key string, n ast.Node) {
		*into = map[Platform]Command{}
		var fields []field
		for _, platform := range Platforms() {
			fields = append(fields, field{string(platform), func(key string, n ast.Node) {
				(*into)[platform] = d.command(key, n)
			}})
		}
		d.mapping(key, n, fields)
	}
}

func (d *decoder) command(key string, n ast.Node) (c Command) {
	if _, list := n.(*ast.SequenceNode); list {
		d.texts(&c.Argv)(key, n)
		return c
	}
	if text, ok := scalar(n); ok {
		c.Script = text
		d.scripts[key] = line(n)
		if _, block := n.(*ast.LiteralNode); block {
			d.scripts[key]++ // the text begins on the line after the |
		}
		return c
	}
	d.add(line(n), key, "must be a list of words or a script (text after |)")
	return c
}

// mapping reads a mapping that has these keys and no others.
func (d *decoder) mapping(key string, n ast.Node, fields []field) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.add(line(n), key, "must be keys with values: %s", names(fields))
		return
	}
	for entries := m.MapRange(); entries.Next(); {
		d.entry(key, entries.KeyValue(), fields)
	}
}

func (d *decoder) entry(parent string, entry *ast.MappingValueNode, fields []field) {
	name, _ := scalar(entry.Key)
	key := name
	if parent != "" {
		key = parent + "." + name
	}
	for _, f := range fields {
		if f.name == name {
			d.lines[key] = line(entry.Key)
			f.read(key, entry.Value)
			return
		}
	}
	d.add(line(entry.Key), parent, "unknown key %q%s; allowed: %s", printable(name), hint(name, fields), names(fields))
}

func hint(name string, fields []field) string {
	var known []string
	for _, f := range fields {
		known = append(known, f.name)
	}
	if near := closest(name, known); near != "" {
		return ", did you mean " + near + "?"
	}
	return ""
}

func names(fields []field) string {
	var all []string
	for _, f := range fields {
		all = append(all, f.name)
	}
	return strings.Join(all, ", ")
}

func (d *decoder) sequence(key string, n ast.Node, read func(string, ast.Node)) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		d.add(line(n), key, "must be a list")
		return
	}
	for i, value := range s.Values {
		item := key + "[" + strconv.Itoa(i) + "]"
		d.lines[item] = line(value)
		read(item, value)
	}
}
