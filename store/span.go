package store

import (
	"database/sql/driver"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Span is a length of time as people write it: 90s, 10m, 1h30m, 7d.
type Span time.Duration

// day is 24 hours: what people mean when they lock a server for a day, whatever the clocks do that night.
const day = 24 * time.Hour

var spanDays = regexp.MustCompile(`^([0-9]{1,5})d`)

// ParseSpan reads a span. It is never negative.
func ParseSpan(text string) (Span, error) {
	var span time.Duration
	rest := text
	if parts := spanDays.FindStringSubmatch(text); parts != nil {
		days, err := strconv.Atoi(parts[1])
		if err != nil {
			return 0, fmt.Errorf("read %q: %w", text, err)
		}
		span, rest = time.Duration(days)*day, text[len(parts[0]):]
	}
	if rest != "" || text == "" {
		more, err := time.ParseDuration(rest)
		if err != nil || more < 0 || span+more < span {
			return 0, fmt.Errorf("%q is not a length of time such as 10m, 8h or 7d", text)
		}
		span += more
	}
	return Span(span), nil
}

// String leaves out what is nothing: 1h, not 1h0m0s.
func (s Span) String() string {
	d := time.Duration(s)
	if d < time.Minute {
		return d.String()
	}
	text := ""
	if days := d / day; days > 0 {
		text, d = fmt.Sprintf("%dd", days), d%day
	}
	rest := d.String()
	if strings.HasSuffix(rest, "m0s") {
		rest = strings.TrimSuffix(rest, "0s")
	}
	if strings.HasSuffix(rest, "h0m") {
		rest = strings.TrimSuffix(rest, "0m")
	}
	if d == 0 {
		rest = ""
	}
	return text + rest
}

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Value implements driver.Valuer: a span is stored as microseconds.
func (s Span) Value() (driver.Value, error) { return time.Duration(s).Microseconds(), nil }

// Scan implements sql.Scanner.
func (s *Span) Scan(src any) error {
	us, ok := src.(int64)
	if !ok {
		return fmt.Errorf("read a length of time: %T is not an integer", src)
	}
	*s = Span(time.Duration(us) * time.Microsecond)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSpan(string(text))
	return err
}
