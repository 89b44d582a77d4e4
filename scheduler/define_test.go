package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/executor"
	"drover/scheduler"
	"drover/store"
)

// written reads settings as people type them: cron=…; target=… can come several times.
func written(words ...string) map[string][]string {
	settings := map[string][]string{}
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		settings[name] = append(settings[name], value)
	}
	return settings
}

// definer defines without looking at any row.
var definer = &scheduler.Scheduler{}

func define(t *testing.T, base store.Schedule, words ...string) store.Schedule {
	t.Helper()
	schedule, err := definer.Define(base, written(words...))
	if err != nil {
		t.Fatal(err)
	}
	return schedule
}

func TestDefine(t *testing.T) {
	base := define(t, store.Schedule{}, "cron= 0  2 * * sat ", "nth=last", "timezone=Europe/Berlin", "duration=2h", "cutoff=30m", "valid-from=2027-03-28 02:30",
		"valid-until=2028-01-01", "action=tidy", "target=tag:prod", "target=!db1", "param=how=hard", "canary=1", "batch=25%", "max-failures=1", "notify-before=8h",
		"missed=ask", "reboot=if-required", "channel=#C012ABCDEF")
	want := store.Schedule{
		Window: store.Window{
			Cron: "0 2 * * sat", Nth: "last", Timezone: "Europe/Berlin", Duration: store.Span(2 * time.Hour), Cutoff: store.Span(30 * time.Minute),
			ValidFrom:  &store.Time{Time: time.Date(2027, 3, 28, 1, 0, 0, 0, time.UTC)}, // a time that the clocks skip
			ValidUntil: &store.Time{Time: time.Date(2027, 12, 31, 23, 0, 0, 0, time.UTC)},
		},
		Action: "tidy", Selector: "tag:prod !db1", Params: store.Strings{"how": "hard"}, Options: `{"canary":1,"batch":"25%","max_failures":"1"}`,
		NotifyBefore: store.Span(8 * time.Hour), Missed: store.MissedAsk, Reboot: store.RebootIfRequired, Channel: "C012ABCDEF",
	}
	if diff := cmp.Diff(want, base); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
	// An edit changes what it names, and nothing else.
	base.Revision, want.Revision = 1, 1
	want.Selector, want.Options, want.ValidFrom, want.Channel = "web1", `{"canary":1,"max_failures":"2"}`, nil, ""
	edited := define(t, base, "target=web1", "max-failures=2", "batch=", "valid-from=", "channel=")
	if diff := cmp.Diff(want, edited); diff != "" {
		t.Fatalf("after an edit (-want +got)\n%s", diff)
	}
	if other := define(t, base, "action=look"); len(other.Params) != 0 || other.Action != "look" {
		t.Errorf("another action keeps the parameters of the old one: %+v", other)
	}
}

func TestWhatCannotBeDefined(t *testing.T) {
	for word, says := range map[string]string{
		"cron=TZ=UTC 0 2 * * *":  "a setting of its own",
		"cron=0 2 * *":           "has 4 fields",
		"timezone=Europe/Bonn":   "not a time zone",
		"timezone=":              "not a time zone",
		"duration=never":         "length of time",
		"duration=8d":            "from 1m to 7d",
		"duration=-1h":           "length of time",
		"cutoff=x":               "length of time",
		"notify-before=30d":      "length of time",
		"valid-from=tomorrow":    "a date such as",
		"valid-until=31.01.2027": "a date such as",
		"missed=perhaps":         "if-open, ask or skip",
		"reboot=always":          "never or if-required",
		"channel=ops":            "a channel's id",
		"batch=many":             "a share of them",
		"canary=0":               "a number of servers",
		"timeout=1ns":            "between 1s and 24h",
		"param=HOW=hard":         "",
		"param=no name=x":        "no parameter's name",
		"crom=0 2 * * *":         "Did you mean `cron`?",
	} {
		_, err := definer.Define(store.Schedule{}, written("action=tidy", "timezone=UTC", word))
		if strings.HasPrefix(word, "timezone") {
			_, err = definer.Define(store.Schedule{}, written("action=tidy", word))
		}
		if says == "" {
			if err != nil {
				t.Errorf("%s: %v", word, err)
			}
			continue
		}
		if r := refused(t, err); !strings.Contains(r.Text, says) {
			t.Errorf("%s: %q, want a sentence with %q", word, r.Text, says)
		}
	}
	_, err := definer.Define(store.Schedule{}, written("cron=0 2 * * *", "cron=0 3 * * *", "action=tidy"))
	if r := refused(t, err); !strings.Contains(r.Text, "given twice") {
		t.Errorf("two times: %v", r)
	}
	_, err = definer.Define(store.Schedule{}, written("cron=0 2 * * *", "action=tidy", "valid-until=2028-01-01"))
	if r := refused(t, err); !strings.Contains(r.Text, "Say `timezone`") {
		t.Errorf("a date by no clock: %v", r)
	}
	_, err = definer.Define(store.Schedule{}, written("cron=0 2 * * *"))
	if r := refused(t, err); !strings.Contains(r.Text, "Say what is run") {
		t.Errorf("no action: %v", r)
	}
}

func TestWhatIsNotKept(t *testing.T) {
	good := []string{"cron=0 2 * * *", "timezone=UTC", "duration=2h", "action=tidy", "target=web1"}
	for name, c := range map[string]struct {
		actor  store.Actor
		called string
		words  []string
		kind   executor.RefusalKind
		says   string
	}{
		"a good one":             {root, "nightly", nil, 0, ""},
		"a name":                 {root, "Nightly", nil, executor.Usage, "no name for a schedule"},
		"without a cron":         {root, "nightly", []string{"cron"}, executor.Usage, "Say `cron`"},
		"without a zone":         {root, "nightly", []string{"timezone"}, executor.Usage, "Say `timezone`"},
		"without a duration":     {root, "nightly", []string{"duration"}, executor.Usage, "how long the window is open"},
		"without a target":       {root, "nightly", []string{"target"}, executor.Usage, "on which servers"},
		"all cutoff":             {root, "nightly", []string{"cutoff=2h"}, executor.Usage, "nothing could begin"},
		"over":                   {root, "nightly", []string{"valid-until=1999-01-01"}, executor.Usage, "not open any more"},
		"nth of nothing":         {root, "nightly", []string{"nth=2"}, executor.Usage, "of what?"},
		"an action":              {root, "nightly", []string{"action=tidyy"}, executor.Usage, "Did you mean `tidy`?"},
		"a server":               {root, "nightly", []string{"target=web7"}, executor.Usage, "No server is called web7"},
		"a value":                {root, "nightly", []string{"param=how=rough"}, executor.Usage, "how"},
		"no reboot":              {root, "nightly", []string{"reboot=if-required"}, executor.Usage, "no action called `reboot`"},
		"an operator":            {owner, "nightly", nil, executor.Policy, "it needs the role admin"},
		"an admin of others":     {"T1/UADMIN", "nightly", nil, executor.Policy, "You may not change schedules"},
		"an admin without right": {"T1/UDENIED", "nightly", nil, executor.Policy, "You may not run `tidy` on web1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.person("UADMIN", store.Admin, "web")
			w.person("UDENIED", store.Admin, "")
			w.must(w.store.Grant(t.Context(), root, store.Binding{Subject: "T1/UDENIED", Role: store.Operator, ActionGlob: "tidy", Tag: "prod", Effect: store.Deny}))
			settings := written(good...)
			for _, word := range c.words {
				setting, value, given := strings.Cut(word, "=")
				delete(settings, setting)
				if given {
					settings[setting] = []string{value}
				}
			}
			schedule, err := definer.Define(store.Schedule{}, settings)
			w.must(err)
			schedule.Name = c.called
			s := scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
			_, err = s.Add(t.Context(), c.actor, schedule)
			if c.says == "" {
				w.must(err)
				_, err = s.Add(t.Context(), c.actor, schedule)
				c.says = "There is a schedule `nightly` already"
			}
			if r := refused(t, err); r.Kind != c.kind || !strings.Contains(r.Text, c.says) {
				t.Errorf("%+v, want a sentence with %q", r, c.says)
			}
		})
	}
}

func TestOpenings(t *testing.T) {
	for _, c := range []struct{ cron, zone, after, want string }{
		{"0 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28 01:00 the clocks skip 02:00 that day, 2027-03-29 00:00"},
		{"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25 00:30 the clocks show 02:30 twice that day: this is the first time, 2026-10-26 01:30"},
		{"0 3 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25 02:00, 2026-10-26 02:00"},
		{"0 3 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28 01:00, 2027-03-29 01:00"},
		{"0 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25 00:00 the clocks show 02:00 twice that day: this is the first time, 2026-10-26 01:00"},
		{"30 * * * *", "Europe/Berlin", "2027-03-28T00:00:00Z", "2027-03-28 00:30, 2027-03-28 01:30"},
	} {
		after, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		openings, err := scheduler.OpeningsAfter(store.Window{Cron: c.cron, Timezone: c.zone}, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range openings {
			got = append(got, strings.TrimSpace(o.At.Format("2006-01-02 15:04 ")+o.Note))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s in %s:\ngot  %s\nwant %s", c.cron, c.zone, strings.Join(got, ", "), c.want)
		}
	}
}
