package scheduler

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// last stands for the last such day of the week in a month.
const last = -1

// nth tells which of a month's Saturdays, say, count: the first to fifth, or the last. Empty: all of them.
type nth []int

func parseNth(text string, fields *cron.SpecSchedule) (nth, error) {
	if text == "" {
		return nil, nil
	}
	var n nth
	for word := range strings.SplitSeq(text, ",") {
		if word == "last" {
			n = append(n, last)
			continue
		}
		which, err := strconv.Atoi(word)
		if err != nil || which < 1 || which > 5 {
			return nil, refuse("nth is 1 to 5 or last, or several of them such as 1,3.")
		}
		n = append(n, which)
	}
	if isStar(fields.Dow) {
		return nil, refuse("nth %s of what? Name a day of the week as the fifth field of cron, such as `0 3 * * sat`.", text)
	}
	return n, nil
}

// has says whether a day is one of those that count.
func (n nth) has(day time.Time) bool {
	if len(n) == 0 || slices.Contains(n, (day.Day()-1)/7+1) {
		return true
	}
	return slices.Contains(n, last) && day.AddDate(0, 0, 7).Month() != day.Month()
}
