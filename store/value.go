package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
)

// Time is a moment, stored as microseconds since 1970 in UTC.
type Time struct{ time.Time }

func timeOf(t time.Time) Time { return Time{t.UTC().Truncate(time.Microsecond)} }

// Value implements driver.Valuer.
func (t Time) Value() (driver.Value, error) { return t.UnixMicro(), nil }

// Scan implements sql.Scanner.
func (t *Time) Scan(src any) error {
	us, ok := src.(int64)
	if !ok {
		return fmt.Errorf("read a time: %T is not an integer", src)
	}
	t.Time = time.UnixMicro(us).UTC()
	return nil
}

// Add is t plus d.
func (t Time) Add(d time.Duration) Time { return Time{t.Time.Add(d)} }

// Strings is a map of names to values, stored as a JSON object.
type Strings map[string]string

// Value implements driver.Valuer.
func (m Strings) Value() (driver.Value, error) {
	if m == nil {
		return "{}", nil
	}
	text, err := json.Marshal(m)
	return string(text), err
}

// Scan implements sql.Scanner.
func (m *Strings) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("read names and values: %T is not text", src)
	}
	return json.Unmarshal([]byte(text), m)
}
