package executor

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// DidYouMean is " Did you mean `update`?" for the candidate nearest to a mistyped word, or "" when none is near.
func DidYouMean(word string, candidates []string) string {
	limit := max(2, len(word)/3) // two letters swapped are a distance of two
	if len(word) <= 3 {
		limit = 1
	}
	best, bestScore := "", 2*limit+1
	for _, candidate := range candidates {
		distance := levenshtein.ComputeDistance(word, candidate)
		if len(word) >= 3 && strings.HasPrefix(candidate, word) {
			distance = 1
		}
		score := 2 * distance
		if word != "" && strings.HasPrefix(candidate, word[:1]) {
			score-- // of two that are as near, people got the first letter right
		}
		if distance <= limit && score < bestScore {
			best, bestScore = candidate, score
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean `%s`?", best)
}
