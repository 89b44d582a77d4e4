package action

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// neverFetched is the age of package lists that are not there.
const neverFetched = time.Duration(math.MaxInt64)

// readAge reads a number of seconds, or never. A clock that was set back makes no lists of the future.
func readAge(word string) time.Duration {
	if word == "never" {
		return neverFetched
	}
	seconds, err := strconv.ParseInt(word, 10, 32)
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// stale says in the summary that a preview goes by old package lists. Those of the last hour are as good as new.
func (p *packages) stale() string {
	switch {
	case p.listsAge == neverFetched:
		return " · the package lists were never fetched"
	case p.listsAge >= time.Hour:
		return fmt.Sprintf(" · lists of %s ago", days(p.listsAge))
	}
	return ""
}

// basis says in the details which package lists a preview goes by.
func (p *packages) basis() string {
	switch p.listsAge {
	case 0:
		return ""
	case neverFetched:
		return "\nThe package lists were never fetched: an update does that first."
	}
	return fmt.Sprintf("\nThe package lists are of %s ago: an update fetches new ones first.", days(p.listsAge))
}
