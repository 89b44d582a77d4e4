package executor

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxApprovals is how many people an action or a tag can ask for.
const maxApprovals = 10

var errByTag = fmt.Errorf("it is tags, each with a number of approvals from 1 to %d, such as prod=2 db=1", maxApprovals)

// byTag takes the value of approvals-by-tag, and spells it in one way.
func byTag(value string) (string, error) {
	tags, err := parseByTag(value)
	if err != nil {
		return value, err
	}
	if len(tags) == 0 {
		return value, errByTag
	}
	var words []string
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		words = append(words, fmt.Sprintf("%s=%d", tag, tags[tag]))
	}
	return strings.Join(words, " "), nil
}

// parseByTag reads how many approvals the servers with a tag need. Empty: none has such a tag.
func parseByTag(value string) (map[string]int, error) {
	tags := map[string]int{}
	for _, word := range strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' }) {
		tag, number, _ := strings.Cut(strings.TrimPrefix(word, "tag:"), "=")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > maxApprovals || !NamePattern.MatchString(tag) || tags[tag] > 0 {
			return nil, errByTag
		}
		tags[tag] = n
	}
	return tags, nil
}
