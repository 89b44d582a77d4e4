package scheduler

import (
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // drover knows every zone, wherever it runs
	"unicode"
)

// zoneName is an area and a city. A name without an area is an abbreviation (EST knows no summer time), or Go's Local.
var zoneName = regexp.MustCompile(`^[A-Za-z]+(/[A-Za-z0-9_+-]+){1,2}$`)

// LoadZone returns a time zone by its IANA name. The error is a sentence for the person who wrote it.
func LoadZone(name string) (*time.Location, error) {
	if strings.EqualFold(name, "UTC") {
		return time.UTC, nil
	}
	if !zoneName.MatchString(name) {
		return nil, refuse("That is not a time zone. Write an area and a city, such as `Europe/Berlin`, or `UTC`.")
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		return zone, nil
	}
	if better := capitalised(name); better != name {
		if _, err := time.LoadLocation(better); err == nil {
			return nil, refuse("`%s` is not a time zone. Did you mean `%s`?", name, better)
		}
	}
	return nil, refuse("`%s` is not a time zone. Write an area and a city, such as `Europe/Berlin`, or `UTC`.", name)
}

// capitalised writes a zone's name as most are written: Europe/Berlin, America/New_York.
func capitalised(name string) string {
	letters := []rune(strings.ToLower(name))
	for i, r := range letters {
		if i == 0 || !unicode.IsLetter(letters[i-1]) {
			letters[i] = unicode.ToUpper(r)
		}
	}
	return string(letters)
}
