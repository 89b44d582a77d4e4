package scheduler

import (
	"math/bits"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// field is one of the five fields of cron.
type field struct {
	name     string
	min, max int
	accepts  string
}

var cronFields = [5]field{
	{"minute", 0, 59, "0 to 59"},
	{"hour", 0, 23, "0 to 23"},
	{"day of the month", 1, 31, "1 to 31"},
	{"month", 1, 12, "1 to 12, or jan to dec"},
	{"day of the week", 0, 6, "0 to 6 from Sunday on, or sun to sat"},
}

var (
	cronText = regexp.MustCompile(`^[A-Za-z0-9*/,# -]{1,200}$`)
	cronStep = regexp.MustCompile(`/([0-9]+)`)
	// nthInCron is how other crons write the second Saturday, and the last one: 6#2, 6L.
	nthInCron = regexp.MustCompile(`#|[0-9]L`)
)

// parseCron reads the five fields of cron. The library is only asked what they mean: where it would panic, or take
// something for what nobody means by it, drover says so first.
func parseCron(text string) (*cron.SpecSchedule, error) {
	if strings.ContainsAny(text, "@=") {
		return nil, refuse("Write the time as the five fields of cron, such as `0 2 * * *`. The time zone is a setting of its own.")
	}
	if !cronText.MatchString(text) {
		return nil, refuse("The time is not five fields of cron, such as `0 2 * * *` for every night at 02:00.")
	}
	words := strings.Fields(text)
	if len(words) != len(cronFields) {
		return nil, refuse("`%s` has %d fields. The time has five: minute, hour, day of the month, month, day of the week, such as `0 2 * * *`.", text, len(words))
	}
	for i, word := range words {
		if err := cronFields[i].check(i, word); err != nil {
			return nil, err
		}
	}
	parsed, err := parseFields(words)
	if err != nil {
		return nil, refuse("`%s` is not a time: %s.", text, err)
	}
	if !isStar(parsed.Dom) && !isStar(parsed.Dow) {
		return nil, refuse("`%s` names days of the month and days of the week, and cron takes that for either. For the second Saturday write `0 3 * * sat` and nth 2.", text)
	}
	return parsed, nil
}

// check says what is wrong with one field.
func (f field) check(at int, word string) error {
	if nthInCron.MatchString(word) {
		return refuse("`%s` is not cron. For the second Saturday write `sat` as the day of the week and nth 2, for the last one nth last.", word)
	}
	alone := [5]string{"*", "*", "*", "*", "*"}
	alone[at] = word
	parsed, err := parseFields(alone[:])
	if err != nil || f.of(parsed, at) == 0 {
		hint := ""
		if at == 4 && strings.Contains(word, "7") {
			hint = " Sunday is 0."
		}
		return refuse("`%s` is no %s: that is %s.%s", word, f.name, f.accepts, hint)
	}
	for _, step := range cronStep.FindAllStringSubmatch(word, -1) {
		if n, err := strconv.Atoi(step[1]); err != nil || n > f.max-f.min {
			return refuse("`%s` steps out of its field: a %s is %s.", word, f.name, f.accepts)
		}
	}
	return nil
}

func (f field) of(parsed *cron.SpecSchedule, at int) uint64 {
	return [5]uint64{parsed.Minute, parsed.Hour, parsed.Dom, parsed.Month, parsed.Dow}[at]
}

func parseFields(words []string) (*cron.SpecSchedule, error) {
	parsed, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(strings.Join(words, " "))
	if err != nil {
		return nil, err
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, refuse("it is not five fields of cron")
	}
	spec.Location = time.UTC // a clock time is a time in UTC; see clock.go
	return spec, nil
}

// star is the bit with which the library marks a field that is `*`.
const star = 1 << 63

func isStar(values uint64) bool { return values&star != 0 }

// isEvery says whether a field of hours names all of them.
func isEvery(hours uint64) bool { return bits.OnesCount64(hours&^star) == 24 }
