package action

import (
	"regexp"
	"strings"
)

// placeholder is {{name}} in an element of the list form. Other braces are plain text, so that
// `docker ps --format {{.Names}}` stays possible.
var placeholder = regexp.MustCompile(`\{\{([a-z][a-z0-9_]{0,30})\}\}`)

// almostPlaceholder finds what was meant as a placeholder but is not spelled as one.
var almostPlaceholder = regexp.MustCompile(`\{\{\s+([a-z][a-z0-9_]*)\s*\}\}|\{\{([a-z][a-z0-9_]*)\s+\}\}`)

// placeholders returns the names in one element, in order, with repeats.
func placeholders(element string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(element, -1) {
		names = append(names, m[1])
	}
	return names
}

// fill puts the values into one element. One pass: a value that looks like a placeholder stays as it is.
func fill(element string, values Values) string {
	return placeholder.ReplaceAllStringFunc(element, func(m string) string {
		return values[strings.Trim(m, "{}")]
	})
}

// holds reports whether the command mentions a placeholder in any element.
func holds(argv []string) bool {
	for _, element := range argv {
		if placeholder.MatchString(element) {
			return true
		}
	}
	return false
}
