package scheduler

import "time"

// A clock time is what a clock on the wall shows. It is kept as a time in UTC, where every one of them exists once.

// clockOf is what the clock shows at a moment, in the moment's own zone.
func clockOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// reached is the latest time that the clock has shown up to a moment. After it was put back, that is more than it shows.
func reached(t time.Time) time.Time {
	shown := clockOf(t)
	start, _ := t.ZoneBounds()
	if start.IsZero() {
		return shown
	}
	if before := beforeChange(start).Add(-time.Nanosecond); before.After(shown) {
		return before
	}
	return shown
}

// beforeChange is what the clock would show at a change of the zone's offset if there were none.
func beforeChange(change time.Time) time.Time {
	return clockOf(change.Add(-time.Nanosecond)).Add(time.Nanosecond)
}

// firstAt is the first moment at which the clock of a zone reaches a time: the first of two that show it, and where it
// is skipped the first moment afterwards.
func firstAt(clock time.Time, zone *time.Location) time.Time {
	t := time.Date(clock.Year(), clock.Month(), clock.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0, zone)
	start, end := t.ZoneBounds()
	switch shown := clockOf(t); {
	case shown.Before(clock): // skipped, and Date went by the offset of afterwards
		return end
	case shown.After(clock): // skipped, and Date went by the offset of before
		return start
	}
	if start.IsZero() {
		return t
	}
	if before := beforeChange(start); before.After(clock) { // it was shown already before the clock was put back
		return start.Add(clock.Sub(before))
	}
	return t
}
