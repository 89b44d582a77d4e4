package scheduler

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"drover/executor"
	"drover/store"
)

// withDefaults is what a new schedule has unless its definition says otherwise.
func withDefaults(s store.Schedule) store.Schedule {
	s.Params, s.Options, s.Reboot, s.NotifyBefore, s.Missed = store.Strings{}, "{}", store.RebootNever, store.Span(time.Hour), store.MissedIfOpen
	return s
}

// Setting is one thing that can be said of a schedule, under one name in the terminal and in Slack.
type Setting struct {
	Name, Means string
	set         func(s *store.Schedule, value string) error // nil: it is a part of the request; see ask
}

// Settings are all there are, in the order of a list.
func Settings() []Setting {
	return []Setting{
		{"cron", "when it begins: minute, hour, day of the month, month, day of the week", setCron},
		{"nth", "which of a month's such days of the week: 1 to 5, last, or several such as 1,3", setNth},
		{"timezone", "the time zone of the window, such as Europe/Berlin", setTimezone},
		{"duration", "how long the window is open, such as 2h", setDuration},
		{"cutoff", "how long before its end nothing begins any more, such as 30m", setCutoff},
		{"valid-from", "from when on it runs: a date, or a date and a time", setValidFrom},
		{"valid-until", "until when it runs: a date, or a date and a time", setValidUntil},
		{"action", "what is run", nil},
		{"target", "on which servers: a name, web*, web[1-3], tag:prod, all, or !web2 to leave one out", nil},
		{"param", "a parameter of the action, as name=value", nil},
		{"canary", "how many servers go first; one that fails ends the run", nil},
		{"batch", "how many servers begin together, or which share of them", nil},
		{"max-failures", "how many servers, or which share of them, may fail before nothing new begins", nil},
		{"parallel", "how many servers are worked on at the same time", nil},
		{"timeout", "how long the action may take on a server", nil},
		{"reboot", "never, or if-required: reboot afterwards what needs it", setReboot},
		{"notify-before", "how long before it begins it is announced, such as 1h; 0s: not at all", setNotifyBefore},
		{"missed", "if drover was not running then: if-open runs it while the window is open, ask asks, skip only tells", setMissed},
		{"channel", "the id of the channel where it is told; by default DROVER_CHANNEL", setChannel},
	}
}

// Define is a schedule with some settings changed, as they were written: one value each, but for target and param. A
// schedule without a revision is a new one. What is no setting is a parameter of the action. The error is a sentence for the person who wrote them.
func (s *Scheduler) Define(base store.Schedule, written map[string][]string) (store.Schedule, error) {
	if base.Revision == 0 {
		base = withDefaults(base)
	}
	all := Settings()
	var known []string
	for _, setting := range all { // in their order: what is wrong first is said first
		known = append(known, setting.Name)
		values, given := written[setting.Name]
		if !given {
			continue
		}
		if setting.Name != "target" && setting.Name != "param" && len(values) != 1 {
			return base, refuse("`%s` is given twice.", setting.Name)
		}
		if setting.set == nil {
			continue
		}
		if err := setting.set(&base, values[0]); err != nil {
			return base, err
		}
	}
	written, err := withParams(written, known)
	if err != nil {
		return base, err
	}
	return ask(base, written)
}

// withParams takes what is no setting for a parameter of the action, unless it looks like a setting that is misspelt.
func withParams(written map[string][]string, known []string) (map[string][]string, error) {
	all := maps.Clone(written)
	for _, name := range slices.Sorted(maps.Keys(written)) {
		if slices.Contains(known, name) {
			continue
		}
		if hint := executor.DidYouMean(name, known); hint != "" {
			return nil, refuse("A schedule has no `%s`.%s A parameter of that name is written `param=%s=…`.", name, hint, name)
		}
		for _, value := range written[name] {
			all["param"] = append(slices.Clone(all["param"]), name+"="+value)
		}
	}
	return all, nil
}

// ask changes what a schedule asks for. It is read as any request is.
func ask(base store.Schedule, written map[string][]string) (store.Schedule, error) {
	before, err := executor.ScheduledRequest(base)
	if err != nil {
		return base, err
	}
	words := []string{before.Action}
	if given := written["action"]; given != nil {
		words[0] = given[0]
		if given[0] != before.Action {
			before.Params = nil
		}
	}
	if words[0] == "" {
		return base, refuse("Say what is run: `action`.")
	}
	words = append(words, or(written["target"], before.Selector)...)
	words = append(words, or(written["param"], assignments(before.Params))...)
	words = append(words, options(before.Options, written)...)
	request, err := executor.ParseRequest(words)
	if err != nil {
		return base, err
	}
	text, err := json.Marshal(request.Options)
	if err != nil {
		return base, fmt.Errorf("keep options: %w", err)
	}
	base.Action, base.Selector, base.Params, base.Options = request.Action, strings.Join(request.Selector, " "), request.Params, string(text)
	return base, nil
}

func or(written, before []string) []string {
	if written != nil {
		return written
	}
	return before
}

func assignments(params map[string]string) []string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		words = append(words, name+"="+params[name])
	}
	return words
}

// options are those of a request, with those that are written now in their place. An empty value takes one away.
func options(before executor.Options, written map[string][]string) []string {
	var words []string
	for _, word := range strings.Fields(before.String()) {
		name, _, _ := strings.Cut(word, "=")
		if _, given := written[name]; !given {
			words = append(words, word)
		}
	}
	for _, setting := range Settings() {
		values, given := written[setting.Name]
		if given && setting.set == nil && !slices.Contains([]string{"action", "target", "param"}, setting.Name) && values[0] != "" {
			words = append(words, setting.Name+"="+values[0])
		}
	}
	return words
}

func setCron(s *store.Schedule, value string) error {
	_, err := parseCron(value)
	s.Cron = strings.Join(strings.Fields(value), " ")
	return err
}

func setNth(s *store.Schedule, value string) error {
	s.Nth = value // what it means hangs on the day of the week
	return nil
}

func setTimezone(s *store.Schedule, value string) error {
	zone, err := LoadZone(value)
	if err == nil {
		s.Timezone = zone.String()
	}
	return err
}

func setDuration(s *store.Schedule, value string) (err error) {
	s.Duration, err = span("duration", value, time.Minute, 7*24*time.Hour)
	return err
}

func setCutoff(s *store.Schedule, value string) (err error) {
	s.Cutoff, err = span("cutoff", value, 0, 7*24*time.Hour)
	return err
}

func setNotifyBefore(s *store.Schedule, value string) (err error) {
	s.NotifyBefore, err = span("notify-before", value, 0, 7*24*time.Hour)
	return err
}

func span(name, value string, least, most time.Duration) (store.Span, error) {
	d, err := store.ParseSpan(value)
	if err != nil || time.Duration(d) < least || time.Duration(d) > most {
		return 0, refuse("`%s` is a length of time from %s to %s, such as 30m or 2h.", name, store.Span(least), store.Span(most))
	}
	return d, nil
}

func setValidFrom(s *store.Schedule, value string) (err error) {
	s.ValidFrom, err = day("valid-from", value, s.Timezone)
	return err
}

func setValidUntil(s *store.Schedule, value string) (err error) {
	s.ValidUntil, err = day("valid-until", value, s.Timezone)
	return err
}

// day reads a date, or a date and a time, by the clock of the window. Empty: none.
func day(name, value, timezone string) (*store.Time, error) {
	if value == "" {
		return nil, nil
	}
	if timezone == "" {
		return nil, refuse("Say `timezone` of the schedule: `%s` is read by its clock.", name)
	}
	zone, err := LoadZone(timezone)
	if err != nil {
		return nil, err
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", "2006-01-02T15:04"} {
		if clock, err := time.Parse(layout, value); err == nil {
			return &store.Time{Time: firstAt(clock, zone).UTC()}, nil
		}
	}
	return nil, refuse("`%s` is a date such as 2027-01-31, or a date and a time such as 2027-01-31 22:00.", name)
}

func setReboot(s *store.Schedule, value string) error {
	s.Reboot = store.Reboot(value)
	if s.Reboot != store.RebootNever && s.Reboot != store.RebootIfRequired {
		return refuse("`reboot` is never or if-required.")
	}
	return nil
}

func setMissed(s *store.Schedule, value string) error {
	s.Missed = store.MissedPolicy(value)
	if !slices.Contains([]store.MissedPolicy{store.MissedIfOpen, store.MissedAsk, store.MissedSkip}, s.Missed) {
		return refuse("`missed` is if-open, ask or skip.")
	}
	return nil
}

var channelID = regexp.MustCompile(`^[CG][A-Z0-9]+$`)

func setChannel(s *store.Schedule, value string) error {
	s.Channel = strings.TrimPrefix(value, "#")
	if s.Channel != "" && !channelID.MatchString(s.Channel) {
		return refuse("`channel` is a channel's id, such as C012ABCDEF (in Slack: the channel's name, at the end of About).")
	}
	return nil
}
