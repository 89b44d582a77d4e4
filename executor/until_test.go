package executor_test

import (
	"strings"
	"testing"
	"time"

	"drover/executor"
)

func TestUntil(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	now := time.Date(2026, 11, 25, 21, 30, 0, 0, berlin) // a Wednesday
	for words, want := range map[string]string{
		"08:00":            "2026-11-26 08:00",
		"22:00":            "2026-11-25 22:00",
		"21:30":            "2026-11-26 21:30",
		"Mon 08:00":        "2026-11-30 08:00",
		"monday":           "2026-11-30 00:00",
		"Wed 22:00":        "2026-11-25 22:00",
		"wed 08:00":        "2026-12-02 08:00",
		"tomorrow":         "2026-11-26 00:00",
		"Tomorrow 18:00":   "2026-11-26 18:00",
		"today 23:59":      "2026-11-25 23:59",
		"2026-12-24":       "2026-12-24 00:00",
		"2026-12-24 18:00": "2026-12-24 18:00",
		"2027-06-01 08:00": "2027-06-01 08:00", // by then the clocks are put forward
		"8h":               "2026-11-26 05:30",
		"2d":               "2026-11-27 21:30",

		"":                 "Say until when",
		"later":            "Say until when",
		"8h 08:00":         "Say until when",
		"Mon 8":            "Say until when",
		"Mon 25:00":        "Say until when",
		"the next Mon":     "Say until when",
		"today":            "over",
		"today 08:00":      "over",
		"2026-11-25 21:30": "over",
		"2026-02-30":       "Say until when",
		"2036-12-24":       "more than a year",
	} {
		got, err := executor.Until(strings.Fields(words), now, berlin)
		said := got.In(berlin).Format("2006-01-02 15:04")
		if err != nil {
			said = refused(t, err).Text
		}
		if !strings.Contains(said, want) {
			t.Errorf("until %q: %s, want %s", words, said, want)
		}
	}
}
