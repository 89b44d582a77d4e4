package scheduler_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"drover/executor"
	"drover/scheduler"
	"drover/store"
)

func calendar(t testing.TB, w store.Window) *scheduler.Calendar {
	t.Helper()
	c, err := scheduler.NewCalendar(w)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// openings are the first n after a moment, as the window's clock shows them.
func openings(c *scheduler.Calendar, after time.Time, n int) []string {
	var list []string
	for range n {
		after = c.Next(after)
		list = append(list, after.Format("2006-01-02 15:04 MST"))
	}
	return list
}

func TestTheClockIsPutForwardAndBack(t *testing.T) {
	for _, c := range []struct{ name, cron, nth, zone, after, want string }{
		{"a gap is reached at its end", "30 2 * * *", "", "America/New_York", "2027-03-12T12:00:00Z",
			"2027-03-13 02:30 EST, 2027-03-14 03:00 EDT, 2027-03-15 02:30 EDT"},
		{"a whole week is not lost to a gap", "0 2 * * 0", "", "Europe/Berlin", "2027-03-21T12:00:00Z",
			"2027-03-28 03:00 CEST, 2027-04-04 02:00 CEST"},
		{"two times in a gap are one run", "0,30 2 * * *", "", "Europe/Berlin", "2027-03-28T00:00:00Z",
			"2027-03-28 03:00 CEST, 2027-03-29 02:00 CEST, 2027-03-29 02:30 CEST"},
		{"the end of a gap that is a time itself is no second run", "0,30 2,3 * * *", "", "Europe/Berlin", "2027-03-28T00:00:00Z",
			"2027-03-28 03:00 CEST, 2027-03-28 03:30 CEST, 2027-03-29 02:00 CEST"},
		{"an overlap runs the first time only", "30 1 * * *", "", "America/New_York", "2026-10-31T12:00:00Z",
			"2026-11-01 01:30 EDT, 2026-11-02 01:30 EST"},
		{"what follows an overlap comes after it", "0 2 * * *", "", "Europe/Berlin", "2026-10-24T12:00:00Z",
			"2026-10-25 02:00 CEST, 2026-10-26 02:00 CET"},
		{"asked while the clock shows it again", "30 2 * * *", "", "Europe/Berlin", "2026-10-25T01:10:00Z",
			"2026-10-26 02:30 CET"},
		{"half an hour forward", "15 2 * * *", "", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
			"2026-10-04 02:30 +11, 2026-10-05 02:15 +11"},
		{"half an hour back", "45 1 * * *", "", "Australia/Lord_Howe", "2027-04-03T00:00:00Z",
			"2027-04-04 01:45 +11, 2027-04-05 01:45 +1030"},
		{"midnight does not come", "0 0 * * *", "", "America/Santiago", "2026-09-05T12:00:00Z",
			"2026-09-06 01:00 -03, 2026-09-07 00:00 -03"},
		{"a day does not come", "0 12 * * *", "", "Pacific/Apia", "2011-12-29T00:00:00Z",
			"2011-12-29 12:00 -10, 2011-12-31 00:00 +14, 2011-12-31 12:00 +14"},
		{"the last Sunday, put forward", "0 2 * * sun", "last", "Europe/Berlin", "2027-03-01T00:00:00Z",
			"2027-03-28 03:00 CEST, 2027-04-25 02:00 CEST, 2027-05-30 02:00 CEST"},
		{"the second Saturday", "0 3 * * 6", "2", "Europe/London", "2026-11-20T00:00:00Z",
			"2026-12-12 03:00 GMT, 2027-01-09 03:00 GMT"},
		{"the first and third Monday", "0 3 * * mon", "1,3", "UTC", "2026-11-01T00:00:00Z",
			"2026-11-02 03:00 UTC, 2026-11-16 03:00 UTC, 2026-12-07 03:00 UTC"},
		{"every hour is every real hour, forward", "0 * * * *", "", "Europe/Berlin", "2027-03-28T00:00:00Z",
			"2027-03-28 03:00 CEST, 2027-03-28 04:00 CEST"},
		{"every hour is every real hour, back", "0 * * * *", "", "Europe/Berlin", "2026-10-24T23:30:00Z",
			"2026-10-25 02:00 CEST, 2026-10-25 02:00 CET, 2026-10-25 03:00 CET"},
		{"a leap day over a century", "0 0 29 2 *", "", "UTC", "2096-03-01T00:00:00Z",
			"2104-02-29 00:00 UTC, 2108-02-29 00:00 UTC"},
	} {
		t.Run(c.name, func(t *testing.T) {
			after, err := time.Parse(time.RFC3339, c.after)
			if err != nil {
				t.Fatal(err)
			}
			got := openings(calendar(t, store.Window{Cron: c.cron, Nth: c.nth, Timezone: c.zone}), after, strings.Count(c.want, ",")+1)
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), c.want)
			}
		})
	}
}

func TestAWindowIsValidFromAndUntil(t *testing.T) {
	day := func(d int) *store.Time { return &store.Time{Time: time.Date(2026, 12, d, 2, 0, 0, 0, time.UTC)} }
	c := calendar(t, store.Window{Cron: "0 2 * * *", Timezone: "UTC", ValidFrom: day(5), ValidUntil: day(7)})
	first := c.Next(day(1).Time)
	second := c.Next(first)
	if !first.Equal(day(5).Time) || !second.Equal(day(6).Time) || !c.Next(second).IsZero() {
		t.Errorf("it opens %s, %s and %s", first, second, c.Next(second))
	}
}

func TestWhatIsNoWindow(t *testing.T) {
	for _, c := range []struct{ cron, nth, zone, says string }{
		{"", "", "UTC", "not five fields"},
		{"TZ=UTC", "", "UTC", "a setting of its own"},
		{"TZ=0 0 2 * * *", "", "UTC", "a setting of its own"},
		{"CRON_TZ=Europe/Berlin 0 2 * * *", "", "UTC", "a setting of its own"},
		{"@daily", "", "UTC", "five fields of cron"},
		{"@every 10ms", "", "UTC", "five fields of cron"},
		{"0 2 * *", "", "UTC", "has 4 fields"},
		{"0 0 2 * * *", "", "UTC", "has 6 fields"},
		{"0 2 * * * `rm`", "", "UTC", "not five fields"},
		{"0 2 * * 7", "", "UTC", "Sunday is 0"},
		{"60 2 * * *", "", "UTC", "`60` is no minute"},
		{"0 24 * * *", "", "UTC", "`24` is no hour"},
		{"0 2 0 * *", "", "UTC", "`0` is no day of the month"},
		{"0 2 * foo *", "", "UTC", "`foo` is no month"},
		{", 2 * * *", "", "UTC", "`,` is no minute"},
		{"5-1 2 * * *", "", "UTC", "is no minute"},
		{"*/90 2 * * *", "", "UTC", "steps out of its field"},
		{"*/0 2 * * *", "", "UTC", "is no minute"},
		{"*/99999999999999999999 2 * * *", "", "UTC", "is no minute"},
		{"0 3 8-14 * 6", "", "UTC", "for either"},
		{"0 2 * * 0#2", "", "UTC", "nth 2"},
		{"0 2 * * 5L", "", "UTC", "nth last"},
		{"0 2 L * *", "", "UTC", "is no day of the month"},
		{"0 0 30 2 *", "", "UTC", "never comes"},
		{"0 2 * * *", "2", "UTC", "nth 2 of what?"},
		{"0 2 * * sat", "6", "UTC", "nth is 1 to 5 or last"},
		{"0 2 * * sat", "second", "UTC", "nth is 1 to 5 or last"},
		{"0 2 * * *", "", "", "not a time zone"},
		{"0 2 * * *", "", "Local", "not a time zone"},
		{"0 2 * * *", "", "EST", "not a time zone"},
		{"0 2 * * *", "", "../etc/passwd", "not a time zone"},
		{"0 2 * * *", "", "europe/berlin", "Did you mean `Europe/Berlin`?"},
		{"0 2 * * *", "", "america/new_york", "Did you mean `America/New_York`?"},
		{"0 2 * * *", "", "Europe/Bonn", "not a time zone"},
	} {
		_, err := scheduler.NewCalendar(store.Window{Cron: c.cron, Nth: c.nth, Timezone: c.zone})
		var refusal *executor.Refusal
		if !errors.As(err, &refusal) || !strings.Contains(refusal.Text, c.says) {
			t.Errorf("%q %q in %q: got %v, want a sentence with %q", c.cron, c.nth, c.zone, err, c.says)
		}
	}
}

func FuzzNoTextMakesTheParserPanic(f *testing.F) {
	for _, text := range []string{"TZ=", "TZ=0", "CRON_TZ=", "0 2 * * *", "*/5 1-3 1,2 jan-mar *", "@every 1s", "0 0 29 2 *"} {
		f.Add(text, "last", "Europe/Berlin")
	}
	f.Fuzz(func(t *testing.T, text, which, zone string) {
		c, err := scheduler.NewCalendar(store.Window{Cron: text, Nth: which, Timezone: zone})
		if err != nil {
			return
		}
		after := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for range 3 {
			next := c.Next(after)
			if next.IsZero() {
				return
			}
			if !next.After(after) {
				t.Fatalf("%q in %s: %s comes after %s", text, zone, next, after)
			}
			after = next
		}
	})
}

// fields is a time of the calendar as sets of numbers, and the cron text that stands for them.
type fields struct {
	minute, hour, dom, month, dow []int
	text                          string
}

// drawField draws a set of numbers from low to high, and a way to write it.
func drawField(t *rapid.T, name string, low, high int) ([]int, string) {
	one := rapid.IntRange(low, high)
	a, b := one.Draw(t, name), one.Draw(t, name+" to")
	a, b = min(a, b), max(a, b)
	step := rapid.IntRange(2, 7).Draw(t, name+" step")
	var set []int
	switch rapid.IntRange(0, 4).Draw(t, name+" form") {
	case 0:
		return []int{a}, fmt.Sprint(a)
	case 1:
		return []int{a, b}, fmt.Sprintf("%d,%d", a, b)
	case 2:
		for n := a; n <= b; n++ {
			set = append(set, n)
		}
		return set, fmt.Sprintf("%d-%d", a, b)
	case 3:
		if step > high-low {
			step = 2
		}
		for n := low; n <= high; n += step {
			set = append(set, n)
		}
		return set, fmt.Sprintf("%d-%d/%d", low, high, step)
	}
	for n := low; n <= high; n++ {
		set = append(set, n)
	}
	return set, "*"
}

func drawFields(t *rapid.T) fields {
	f := fields{dom: numbers(1, 31), month: numbers(1, 12), dow: numbers(0, 6)}
	words := []string{"", "", "*", "*", "*"}
	f.minute, words[0] = drawField(t, "minute", 0, 59)
	f.hour, words[1] = drawField(t, "hour", 0, rapid.SampledFrom([]int{3, 23}).Draw(t, "latest hour")) // changes come in the first hours
	if words[1] == "*" {
		f.hour = numbers(0, 23)
	}
	switch rapid.IntRange(0, 3).Draw(t, "days") {
	case 0:
		f.dom, words[2] = drawField(t, "day", 1, 31)
	case 1:
		f.dow, words[4] = drawField(t, "day of the week", 0, 6)
	}
	f.text = strings.Join(words, " ")
	return f
}

func numbers(low, high int) []int {
	var list []int
	for n := low; n <= high; n++ {
		list = append(list, n)
	}
	return list
}

func (f fields) has(clock time.Time) bool {
	return slices.Contains(f.minute, clock.Minute()) && slices.Contains(f.hour, clock.Hour()) && slices.Contains(f.dom, clock.Day()) &&
		slices.Contains(f.month, int(clock.Month())) && slices.Contains(f.dow, int(clock.Weekday()))
}

// oracle is the plain definition: it watches a clock on the wall minute by minute, and notes each moment at which the
// clock reaches a time that it has not reached before, or, for every hour, at which it shows one.
func (f fields) oracle(zone *time.Location, from, until time.Time) []time.Time {
	var list []time.Time
	highest := wall(from.Add(-26*time.Hour), zone)
	for at := from.Add(-48 * time.Hour); at.Before(until); at = at.Add(time.Minute) {
		shown := wall(at, zone)
		due := false
		if len(f.hour) == 24 {
			due = f.has(shown)
		} else {
			for clock := highest.Add(time.Minute); !clock.After(shown); clock = clock.Add(time.Minute) {
				due = due || f.has(clock)
			}
		}
		if shown.After(highest) {
			highest = shown
		}
		if due && at.After(from) {
			list = append(list, at)
		}
	}
	return list
}

func wall(at time.Time, zone *time.Location) time.Time {
	_, offset := at.In(zone).Zone()
	return at.UTC().Add(time.Duration(offset) * time.Second)
}

var zones = []string{
	"Europe/Berlin", "Europe/Dublin", "America/New_York", "America/St_Johns", "America/Santiago", "America/Sao_Paulo", "Australia/Lord_Howe",
	"Africa/Casablanca", "Africa/Cairo", "Asia/Tehran", "Asia/Kathmandu", "Asia/Gaza", "Pacific/Apia", "Pacific/Chatham", "Antarctica/Troll", "UTC",
}

// Around every change of the clocks, a calendar says the same as somebody who watches a clock on the wall.
func TestACalendarAgreesWithAClockOnTheWall(t *testing.T) {
	for _, name := range zones {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) { agrees(t, name) }))
	}
}

func agrees(t *rapid.T, name string) {
	zone, err := scheduler.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(rapid.IntRange(2004, 2037).Draw(t, "year"), 1, 1, 0, 0, 0, 0, time.UTC)
	from = from.AddDate(0, 0, rapid.IntRange(0, 364).Draw(t, "day"))
	if _, change := from.In(zone).ZoneBounds(); !change.IsZero() {
		before := rapid.OneOf(rapid.IntRange(-120, 120), rapid.IntRange(0, 2*24*60)).Draw(t, "minutes before the change")
		from = change.UTC().Add(-time.Duration(before) * time.Minute).Truncate(time.Minute)
	}
	f := drawFields(t)
	c, err := scheduler.NewCalendar(store.Window{Cron: f.text, Timezone: name})
	if err != nil {
		t.Skip("it never comes")
	}
	until := from.AddDate(0, 0, 4)
	at := from
	for _, want := range f.oracle(zone, from, until) {
		if at = c.Next(at); !at.Equal(want) {
			t.Fatalf("%q in %s: got %s, want %s", f.text, zone, at, want.In(zone))
		}
	}
	if at = c.Next(at); !at.IsZero() && at.Before(until) {
		t.Fatalf("%q in %s: %s is none", f.text, zone, at)
	}
}

// Once for each day, whatever the clocks do: only a day that a country skips has none of its own.
func TestADailyTimeComesOnceADay(t *testing.T) {
	for _, name := range zones {
		zone, err := scheduler.LoadZone(name)
		if err != nil {
			t.Fatal(err)
		}
		for minute := 0; minute < 24*60; minute += 105 {
			c := calendar(t, store.Window{Cron: fmt.Sprintf("%d %d * * *", minute%60, minute/60), Timezone: name})
			at := time.Date(2010, 1, 1, 0, 0, 0, 0, zone).Add(-time.Minute)
			for day := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2022; day = day.AddDate(0, 0, 1) {
				at = c.Next(at)
				skipped := name == "Pacific/Apia" && day.Format(time.DateOnly) == "2011-12-30"
				if !skipped && at.Format(time.DateOnly) != day.Format(time.DateOnly) {
					t.Fatalf("%s %02d:%02d: on %s it comes at %s", name, minute/60, minute%60, day.Format(time.DateOnly), at)
				}
				if skipped && minute == 0 { // and so at the first moment of the next day, which is a time of its own
					day = day.AddDate(0, 0, 1)
				}
			}
		}
	}
}

// Whatever nth days are asked for, they are those that a calendar on the wall shows.
func TestNthDaysOfTheWeek(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weekday := rapid.IntRange(0, 6).Draw(t, "weekday")
		which := rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "last", "1,3", "2,last"}).Draw(t, "nth")
		c, err := scheduler.NewCalendar(store.Window{Cron: fmt.Sprintf("0 12 * * %d", weekday), Nth: which, Timezone: "UTC"})
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for month := time.January; month <= 24; month++ {
			var days []int
			for day := time.Date(2026, month, 1, 12, 0, 0, 0, time.UTC); day.Month() == time.Date(2026, month, 1, 0, 0, 0, 0, time.UTC).Month(); day = day.AddDate(0, 0, 1) {
				if int(day.Weekday()) == weekday {
					days = append(days, day.Day())
				}
			}
			for i, day := range days {
				chosen := strings.Contains(which, fmt.Sprint(i+1)) || strings.Contains(which, "last") && i == len(days)-1
				if !chosen {
					continue
				}
				want := time.Date(2026, month, day, 12, 0, 0, 0, time.UTC)
				if at = c.Next(at); !at.Equal(want) {
					t.Fatalf("nth %s of day %d: got %s, want %s", which, weekday, at, want)
				}
			}
		}
	})
}
