package action

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml/ast"
)

// scalar returns a single value as it is spelled in the file: `default: 1.10` stays 1.10 and `[true]` is the word true.
// A value that is left out (`default:`) is not one.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func line(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}

func (d *decoder) text(into *string) func(string, ast.Node) {
	return func(key string, n ast.Node) {
		value, ok := scalar(n)
		if !ok {
			d.add(line(n), key, "must be text")
			return
		}
		*into = value
	}
}

func (d *decoder) optional(into **string) func(string, ast.Node) {
	return func(key string, n ast.Node) {
		var value string
		d.text(&value)(key, n)
		*into = &value
	}
}

func (d *decoder) texts(into *[]string) func(string, ast.Node) {
	return func(key string, n ast.Node) {
		d.sequence(key, n, func(key string, n ast.Node) {
			var value string
			d.text(&value)(key, n)
			*into = append(*into, value)
		})
	}
}

func (d *decoder) flag(into *bool) func(string, ast.Node) {
	return func(key string, n ast.Node) {
		value, ok := n.(*ast.BoolNode)
		if !ok {
			d.add(line(n), key, "must be true or false")
			return
		}
		*into = value.Value
	}
}

func (d *decoder) count(into *int) func(string, ast.Node) {
	return func(key string, n ast.Node) {
		text, _ := scalar(n)
		value, err := strconv.Atoi(text)
		if err != nil {
			d.add(line(n), key, "must be a whole number")
			return
		}
		*into = value
	}
}

func (d *decoder) bound(into **int64) func(string, ast.Node) {
	return func(key string, n ast.Node) {
		text, _ := scalar(n)
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			d.add(line(n), key, "must be a whole number")
			return
		}
		*into = &value
	}
}

func (d *decoder) duration(into *time.Duration) func(string, ast.Node) {
	return func(key string, n ast.Node) {
		text, _ := scalar(n)
		value, err := time.ParseDuration(text)
		if err != nil {
			d.add(line(n), key, "must be a duration such as 90s, 10m or 1h")
			return
		}
		*into = value
	}
}

// printable makes a word that was refused safe to repeat in an error: short, on one line, without control characters.
func printable(word string) string {
	word = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, word)
	if runes := []rune(word); len(runes) > 64 {
		word = string(runes[:64]) + "…"
	}
	return word
}
