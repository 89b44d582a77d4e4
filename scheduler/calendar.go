package scheduler

import (
	"time"

	"github.com/robfig/cron/v3"

	"drover/store"
)

// Calendar says when a window opens. A time that the clock skips, as it does in spring, counts as reached at the first
// moment after it; one that the clock shows twice counts once, the first time. So a window opens once for each day that
// its fields name, and at a moment once, however many of its times the clock skips there. Only a calendar whose hour is
// `*` goes by what passes and not by what the clock shows: at every hour means every real hour.
type Calendar struct {
	fields    *cron.SpecSchedule
	everyHour bool
	nth       nth
	zone      *time.Location
	from      time.Time // zero: no limit
	until     time.Time // the window does not open at or after it; zero: no limit
}

// horizon is how far ahead a calendar is looked through. 29 February is a fifth Saturday once in 28 years, or 40 across
// a year like 2100.
const horizon = 41

// NewCalendar reads when a window opens. The error is a sentence for the person who wrote it: the fields make no sense,
// there is no such time zone, or it would never open.
func NewCalendar(w store.Window) (*Calendar, error) {
	fields, err := parseCron(w.Cron)
	if err != nil {
		return nil, err
	}
	c := &Calendar{fields: fields, everyHour: isEvery(fields.Hour)}
	if c.nth, err = parseNth(w.Nth, fields); err != nil {
		return nil, err
	}
	if c.zone, err = LoadZone(w.Timezone); err != nil {
		return nil, err
	}
	if w.ValidFrom != nil {
		c.from = w.ValidFrom.Time
	}
	if w.ValidUntil != nil {
		c.until = w.ValidUntil.Time
	}
	if c.nextClock(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, refuse("`%s` never comes: there is no such day.", w.Cron)
	}
	return c, nil
}

// Zone is the time zone of the window.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Next is the first opening after a moment, in the window's time zone. It returns the zero time when there is none.
func (c *Calendar) Next(after time.Time) time.Time {
	if after.Before(c.from) {
		after = c.from.Add(-time.Nanosecond)
	}
	look := c.nextByClock
	if c.everyHour {
		look = c.nextByHour
	}
	next := look(after)
	if next.IsZero() || !c.until.IsZero() && !next.Before(c.until) {
		return time.Time{}
	}
	return next
}

// nextByClock is the first moment at which the clock reaches a time of the calendar that it had not reached before.
func (c *Calendar) nextByClock(after time.Time) time.Time {
	clock := c.nextClock(reached(after.In(c.zone)))
	if clock.IsZero() {
		return time.Time{}
	}
	return firstAt(clock, c.zone)
}

// nextByHour is the first moment at which the clock shows a time of the calendar, whether or not it did so before.
func (c *Calendar) nextByHour(after time.Time) time.Time {
	from := after.In(c.zone)
	clock := clockOf(from)
	for {
		found := c.nextClock(clock)
		if found.IsZero() {
			return time.Time{}
		}
		next := from.Add(found.Sub(clockOf(from)))
		_, change := from.ZoneBounds()
		if change.IsZero() || next.Before(change) {
			return next
		}
		from, clock = change, clockOf(change).Add(-time.Nanosecond) // the change itself may be one
	}
}

// nextClock is the first time of the calendar after one, both as a clock on the wall shows them: without a zone.
func (c *Calendar) nextClock(after time.Time) time.Time {
	last := after.AddDate(horizon, 0, 0)
	for next := after; next.Before(last); {
		found := c.fields.Next(next)
		switch {
		case found.IsZero(): // it looks five years ahead
			next = next.AddDate(4, 0, 0)
		case c.nth.has(found):
			return found
		default:
			next = endOfDay(found)
		}
	}
	return time.Time{}
}

func endOfDay(clock time.Time) time.Time {
	return time.Date(clock.Year(), clock.Month(), clock.Day(), 23, 59, 59, 0, time.UTC)
}
