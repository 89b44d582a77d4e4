package slacksim

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// check looks at one JSON value, at a JSON pointer.
type check func(c *checker, at string, v any)

// field is a field of an object.
type field struct {
	required bool
	check    check
}

// shape is the fields that an object may have besides type.
type shape map[string]field

// kinds are the checks of objects by their type field.
type kinds map[string]check

// checker collects what is wrong with blocks.
type checker struct {
	problems []string
	blocks   kinds          // the blocks of this surface
	count    map[string]int // blocks by type
	focused  int            // elements with focus_on_load
}

func (k *blockKit) checker(where surface) *checker {
	return &checker{blocks: k.blocks[where], count: map[string]int{}}
}

func (c *checker) problem(at, format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...)+" [json-pointer:"+at+"]")
}

func need(check check) field { return field{required: true, check: check} }
func may(check check) field  { return field{check: check} }

// with joins shapes; the later ones win.
func with(shapes ...shape) shape {
	all := shape{}
	for _, s := range shapes {
		maps.Copy(all, s)
	}
	return all
}

// obj is an object with exactly these fields.
func obj(fields shape) check {
	return func(c *checker, at string, v any) {
		o, ok := v.(object)
		if !ok {
			c.problem(at, "must provide an object")
			return
		}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			value, there := o[name]
			if there {
				fields[name].check(c, at+"/"+name, value)
			} else if fields[name].required {
				c.problem(at, "missing required field: %s", name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(o)) {
			if _, known := fields[name]; !known && name != "type" {
				c.problem(at, "invalid additional property: %s", name)
			}
		}
	}
}

// oneShape is an object of one fixed type.
func oneShape(kind string, fields shape) check { return of(kinds{kind: obj(fields)}) }

// of is an object of one of several types.
func of(k kinds) check {
	return func(c *checker, at string, v any) { c.union(at, v, k) }
}

func (c *checker) union(at string, v any, k kinds) {
	o, ok := v.(object)
	if !ok {
		c.problem(at, "must provide an object")
		return
	}
	kind, ok := o["type"].(string)
	if !ok {
		c.problem(at, "missing required field: type")
		return
	}
	check, ok := k[kind]
	if !ok {
		c.problem(at+"/type", "unsupported type: %s", kind)
		return
	}
	check(c, at, v)
}

// also runs a further check after the first.
func also(first check, then check) check {
	return func(c *checker, at string, v any) {
		first(c, at, v)
		then(c, at, v)
	}
}

// list is an array with so many elements of a kind.
func list(least, most int, element check) check {
	return func(c *checker, at string, v any) {
		items, ok := v.([]any)
		switch {
		case !ok:
			c.problem(at, "must provide an array")
		case len(items) > most:
			c.problem(at, "no more than %d items allowed", most)
		case len(items) < least:
			c.problem(at, "no fewer than %d items allowed", least)
		}
		for i, item := range items {
			element(c, fmt.Sprintf("%s/%d", at, i), item)
		}
	}
}

func array(c *checker, at string, v any) {
	if _, ok := v.([]any); !ok {
		c.problem(at, "must provide an array")
	}
}

// str is a string with so many code points.
func str(least, most int) check {
	return func(c *checker, at string, v any) {
		text, ok := v.(string)
		n := utf8.RuneCountInString(text)
		switch {
		case !ok:
			c.problem(at, "must provide a string")
		case n > most:
			c.problem(at, "must be less than %d characters", most+1)
		case n < least:
			c.problem(at, "must be more than %d characters", least-1)
		}
	}
}

// enum is one of a few strings.
func enum(values ...string) check {
	return func(c *checker, at string, v any) {
		text, ok := v.(string)
		if !ok {
			c.problem(at, "must provide a string")
		} else if !slices.Contains(values, text) {
			c.problem(at, "must be a valid enum value: %s", strings.Join(values, ", "))
		}
	}
}

// integer is a whole number in a range.
func integer(least, most int) check {
	return func(c *checker, at string, v any) {
		n, ok := v.(float64)
		switch {
		case !ok || n != math.Trunc(n):
			c.problem(at, "must provide an integer")
		case n > float64(most):
			c.problem(at, "must be less than %d", most+1)
		case n < float64(least):
			c.problem(at, "must be more than %d", least-1)
		}
	}
}

func boolean(c *checker, at string, v any) {
	if _, ok := v.(bool); !ok {
		c.problem(at, "must provide a boolean")
	}
}

func numeric(c *checker, at string, v any) {
	if _, ok := v.(float64); !ok {
		c.problem(at, "must provide a number")
	}
}
