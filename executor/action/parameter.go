package action

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Type says what a parameter accepts.
type Type string

// The types of a parameter.
const (
	String Type = "string" // Pattern, MaxLength
	Enum   Type = "enum"   // one of Values
	Int    Type = "int"    // Min..Max, a decimal number of 64 bits
	Bool   Type = "bool"   // true or false
)

// DefaultMaxLength is how many characters a string may have when its parameter does not say.
const DefaultMaxLength = 256

// Parameter is one named, typed value that a person may give to an action.
type Parameter struct {
	Name        string
	Type        Type
	Help        string
	Pattern     string   // RE2, matches the whole value; empty: any text
	MaxLength   int      // characters, not bytes
	Values      []string // of an enum
	Min, Max    *int64   // of an int; nil: no bound
	Default     *string  // in canonical form; nil: the parameter is required
	Setting     string   // the team's setting whose value, if it has one, comes before the default; often empty
	LeadingDash bool     // the value may begin with '-', so it may look like an option to the command
}

// fault is why one value is refused, and the value that may have been meant.
type fault struct{ problem, suggestion string }

// canonical returns the one spelling of a value, or why the parameter does not take it.
func (p Parameter) canonical(raw string) (string, *fault) {
	if f := unsafe(raw); f != nil {
		return "", f
	}
	value, f := p.typed(raw)
	if f != nil {
		return "", f
	}
	if strings.HasPrefix(value, "-") && !p.LeadingDash {
		return "", &fault{problem: "must not begin with '-'"}
	}
	return value, nil
}

// unsafe refuses what no parameter of any type ever holds. Control characters include NUL, which ends an argument, and
// newline, which ends a command on devices; U+2028 and U+2029 are newlines to some readers of a card.
func unsafe(raw string) *fault {
	if !utf8.ValidString(raw) {
		return &fault{problem: "must be valid UTF-8"}
	}
	for _, r := range raw {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return &fault{problem: fmt.Sprintf("must not hold the control character %U", r)}
		}
	}
	return nil
}

func (p Parameter) typed(raw string) (string, *fault) {
	switch p.Type {
	case Enum:
		return p.enum(raw)
	case Int:
		return p.integer(raw)
	case Bool:
		return boolean(raw)
	case String:
		return p.text(raw)
	}
	return "", &fault{problem: fmt.Sprintf("has the unknown type %q", p.Type)}
}

func (p Parameter) enum(raw string) (string, *fault) {
	if slices.Contains(p.Values, raw) {
		return raw, nil
	}
	return "", &fault{
		problem:    "must be one of " + strings.Join(p.Values, ", "),
		suggestion: closest(raw, p.Values),
	}
}

func (p Parameter) integer(raw string) (string, *fault) {
	n, err := strconv.ParseInt(raw, 10, 64)
	if err != nil || (p.Min != nil && n < *p.Min) || (p.Max != nil && n > *p.Max) {
		return "", &fault{problem: "must be a whole number" + p.bounds()}
	}
	return strconv.FormatInt(n, 10), nil
}

func (p Parameter) bounds() string {
	switch {
	case p.Min != nil && p.Max != nil:
		return fmt.Sprintf(" from %d to %d", *p.Min, *p.Max)
	case p.Min != nil:
		return fmt.Sprintf(", at least %d", *p.Min)
	case p.Max != nil:
		return fmt.Sprintf(", at most %d", *p.Max)
	}
	return ""
}

func boolean(raw string) (string, *fault) {
	switch strings.ToLower(raw) {
	case "true", "yes", "on", "1":
		return "true", nil
	case "false", "no", "off", "0":
		return "false", nil
	}
	return "", &fault{problem: "must be true or false"}
}

func (p Parameter) text(raw string) (string, *fault) {
	limit := p.MaxLength
	if limit <= 0 {
		limit = DefaultMaxLength
	}
	if n := utf8.RuneCountInString(raw); n > limit {
		return "", &fault{problem: fmt.Sprintf("must have at most %d characters, not %d", limit, n)}
	}
	if p.Pattern == "" {
		return p.freeText(raw)
	}
	whole, err := wholeMatch(p.Pattern)
	if err != nil {
		return "", &fault{problem: "has a pattern that cannot be read"}
	}
	if !whole.MatchString(raw) {
		return "", &fault{problem: "must match `" + p.Pattern + "`"} // in code: its * would make bold text in Slack
	}
	return raw, nil
}

// freeText takes an empty value only where the action says so by its default: `rm -r "/srv/$name"` with an empty name
// is the accident that this prevents. A pattern decides for itself.
func (p Parameter) freeText(raw string) (string, *fault) {
	if raw == "" && (p.Default == nil || *p.Default != "") {
		return "", &fault{problem: "must not be empty"}
	}
	return raw, nil
}

// wholeMatch compiles a pattern so that it matches the whole value and nothing less. It is compiled alone first:
// `a)|(b` only looks right inside the brackets.
func wholeMatch(pattern string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(`\A(?:` + pattern + `)\z`)
}
