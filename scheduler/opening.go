package scheduler

import (
	"fmt"
	"time"

	"drover/store"
)

// Openings are the next n openings of a window, or fewer when there are no more, each with what the clocks do to it.
func (s *Scheduler) Openings(w store.Window, n int) ([]store.Opening, error) {
	return openingsAfter(w, s.now(), n)
}

func openingsAfter(w store.Window, after time.Time, n int) ([]store.Opening, error) {
	calendar, err := NewCalendar(w)
	if err != nil {
		return nil, err
	}
	var list []store.Opening
	for at := calendar.Next(after); !at.IsZero() && len(list) < n; at = calendar.Next(at) {
		list = append(list, store.Opening{At: store.Time{Time: at.UTC()}, Note: calendar.note(at)})
	}
	return list, nil
}

// note says what the clocks do to an opening.
func (c *Calendar) note(at time.Time) string {
	if c.everyHour {
		return ""
	}
	shown := clockOf(at)
	if asked := c.nextClock(reached(at.Add(-time.Nanosecond))); asked.Before(shown) {
		return fmt.Sprintf("the clocks skip %s that day", asked.Format("15:04"))
	}
	if _, change := at.ZoneBounds(); !change.IsZero() && clockOf(change).Before(beforeChange(change)) && !shown.Before(clockOf(change)) && shown.Before(beforeChange(change)) {
		return fmt.Sprintf("the clocks show %s twice that day: this is the first time", shown.Format("15:04"))
	}
	return ""
}
