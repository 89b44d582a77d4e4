package executor

import (
	"strings"
	"time"

	"drover/store"
)

// furthest is how far ahead a time may lie that somebody types: beyond, it is a slip.
const furthest = 366 * 24 * time.Hour

// Until reads until when something holds, as people say it: 08:00, Mon 08:00, tomorrow, tomorrow 18:00, 2027-01-31,
// 2027-01-31 08:00, or a length of time from now on such as 8h. Clock times are those of a zone, and the next ones.
func Until(words []string, now time.Time, zone *time.Location) (store.Time, error) {
	at, ok := until(words, now.In(zone))
	switch {
	case !ok:
		return store.Time{}, usage("Say until when, such as `until 08:00`, `until Mon 08:00`, `until tomorrow 18:00`, `until 2027-01-31 08:00` or `until 8h`.")
	case !at.After(now):
		return store.Time{}, usage("That time is over: %s.", at.Format("Mon 2 Jan 2006 15:04 MST"))
	case at.Sub(now) > furthest:
		return store.Time{}, usage("That is more than a year away: %s.", at.Format("Mon 2 Jan 2006 15:04 MST"))
	}
	return store.Time{Time: at.UTC()}, nil
}

func until(words []string, now time.Time) (at time.Time, ok bool) {
	if len(words) == 0 || len(words) > 2 {
		return at, false
	}
	clock, timed := time.Time{}, false
	if hour, err := time.Parse("15:04", words[len(words)-1]); err == nil {
		clock, timed, words = hour, true, words[:len(words)-1]
	}
	switch {
	case len(words) == 0: // the next time that the clock shows it
		at = daysAhead(now, 0, clock)
		if !at.After(now) {
			at = daysAhead(now, 1, clock)
		}
		return at, true
	case len(words) > 1:
		return at, false
	}
	if span, err := store.ParseSpan(words[0]); err == nil {
		return now.Add(time.Duration(span)), !timed
	}
	if day, err := time.Parse(time.DateOnly, words[0]); err == nil {
		return time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), 0, 0, now.Location()), true
	}
	return onDay(strings.ToLower(words[0]), now, clock)
}

// onDay is the next day of a name, at a time.
func onDay(name string, now, clock time.Time) (time.Time, bool) {
	switch name {
	case "today":
		return daysAhead(now, 0, clock), true
	case "tomorrow":
		return daysAhead(now, 1, clock), true
	}
	for ahead := range 8 {
		at := daysAhead(now, ahead, clock)
		day := strings.ToLower(at.Weekday().String())
		if (name == day || name == day[:3]) && at.After(now) {
			return at, true
		}
	}
	return time.Time{}, false
}

// daysAhead is so many days from a day, at a time.
func daysAhead(day time.Time, ahead int, clock time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day()+ahead, clock.Hour(), clock.Minute(), 0, 0, day.Location())
}
