package store

import "fmt"

// Window says when the runs of a schedule may begin.
type Window struct {
	Cron       string `db:"cron"        json:"cron"`     // five fields: minute, hour, day of the month, month, day of the week
	Nth        string `db:"nth"         json:"nth"`      // which of a month's such days of the week: 1 to 5, last; "": all
	Timezone   string `db:"timezone"    json:"timezone"` // IANA
	Duration   Span   `db:"duration"    json:"duration"` // from its opening to its end
	Cutoff     Span   `db:"cutoff"      json:"cutoff"`   // how long before its end nothing begins any more
	ValidFrom  *Time  `db:"valid_from"  json:"valid_from"`
	ValidUntil *Time  `db:"valid_until" json:"valid_until"` // it does not open at or after it
}

// Opening is one time at which a window opens.
type Opening struct {
	At   Time   `json:"at"`
	Note string `json:"note,omitempty"` // what the clocks do to it; "": nothing
}

// Length says how long the window is open, and until when something may begin.
func (w Window) Length() string {
	if w.Cutoff == 0 {
		return fmt.Sprintf("open %s", w.Duration)
	}
	return fmt.Sprintf("open %s, and nothing begins in the last %s", w.Duration, w.Cutoff)
}
