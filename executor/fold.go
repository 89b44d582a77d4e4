package executor

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var numbered = regexp.MustCompile(`^(.*?)(0|[1-9][0-9]{0,8})$`)

// FoldNames writes names short, with runs of numbers folded: `web[1-12] db1`. A name that would not read back the
// same, such as web01, stays as it is.
func FoldNames(list []string) string {
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, CompareNames)
	var out []string
	for i := 0; i < len(sorted); {
		length := runOf(sorted[i:])
		if length < 3 {
			out = append(out, quotable(sorted[i]))
			i++
			continue
		}
		first := numbered.FindStringSubmatch(sorted[i])
		out = append(out, fmt.Sprintf("%s[%s-%s]", first[1], first[2], strings.TrimPrefix(sorted[i+length-1], first[1])))
		i += length
	}
	return strings.Join(out, " ")
}

// runOf counts how many names from the first on have the same stem and numbers that follow on one another, up to what
// one range may stand for.
func runOf(sorted []string) int {
	first := numbered.FindStringSubmatch(sorted[0])
	if first == nil {
		return 1
	}
	start, _ := strconv.Atoi(first[2]) // at most nine digits
	limit := min(len(sorted), maxRange)
	for i := 1; i < limit; i++ {
		if sorted[i] != first[1]+strconv.Itoa(start+i) {
			return i
		}
	}
	return limit
}
