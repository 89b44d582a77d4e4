package executor_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"drover/executor"
	"drover/store"
)

const admin2 = store.Actor("T1/UADMIN2")

// manage gives or takes a binding as somebody: "give U1 operator tag:web", or "take U1 operator".
func (w *world) manage(who store.Actor, line string) error {
	w.Helper()
	words := strings.Fields(line)
	subject, err := w.engine.Subject(w.Context(), words[1])
	if err != nil {
		return err
	}
	if words[0] == "give" {
		b, err := w.engine.ParseBinding(words[2:])
		if err != nil {
			return err
		}
		b.Subject = subject
		return w.engine.Grant(w.Context(), who, b)
	}
	r, err := w.engine.ParseRevocation(words[2:])
	if err != nil {
		return err
	}
	r.Subject = subject
	_, err = w.engine.Revoke(w.Context(), who, r)
	return err
}

func TestWhoMaySayWhoMayDoWhat(t *testing.T) {
	for name, c := range map[string]struct {
		bindings string // of whoever asks
		why      string
	}{
		"admin":                     {"allow admin *", ""},
		"operator":                  {"allow operator *", "it needs the role admin"},
		"admin of some servers":     {"allow admin * web", "it needs the role admin"},
		"admin of some actions":     {"allow admin restart-*", "it needs the role admin"},
		"admin of u*":               {"allow admin u*", "it needs the role admin"},
		"admin of use?":             {"allow admin use?", "it needs the role admin"},
		"admin for users":           {"allow admin user", ""},
		"denied u*":                 {"allow admin *; deny admin u*", "a deny binding for `u*` forbids it"},
		"admin until yesterday":     {"allow admin * until yesterday", "it needs the role admin"},
		"denied":                    {"allow admin *; deny admin *", "a deny binding forbids it"},
		"denied what an operator":   {"allow admin *; deny operator *", "a deny binding forbids it"},
		"denied on some servers":    {"allow admin *; deny admin * web", ""},
		"approver":                  {"allow approver *; allow breakglass *", "it needs the role admin"},
		"member of an admin group":  {"group allow admin *; in known", ""},
		"member of a group unknown": {"group allow admin *; in unknown", "it needs the role admin"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for part := range strings.SplitSeq(c.bindings, ";") {
				w.arrange(nobody, "group:S1", strings.TrimSpace(part))
			}
			for _, line := range []string{"give UVIEWER operator tag:web", "take UVIEWER operator tag:web"} {
				before := len(w.audit("user/T1/UVIEWER"))
				err := w.manage(nobody, line)
				if c.why == "" {
					must(t, err)
				} else if r := refused(t, err); r.Kind != executor.Policy || !strings.Contains(r.Text, c.why) {
					t.Errorf("%s: %q does not say %q", line, r.Text, c.why)
				}
				entries := w.audit("user/T1/UVIEWER")[before:]
				want := map[bool]string{true: "request.refused", false: "user.granted"}[c.why != ""]
				if strings.HasPrefix(line, "take") && c.why == "" {
					want = "user.revoked"
				}
				if len(entries) != 1 || entries[0].Event != want || entries[0].Actor != nobody {
					t.Errorf("%s is audited as %+v, want one %s", line, entries, want)
				}
			}
		})
	}
}

func TestWhatABindingCanSay(t *testing.T) {
	w := newWorld(t)
	end := w.store.Now().Add(8 * time.Hour)
	for line, want := range map[string]store.Binding{
		"viewer":                            {Role: store.Viewer, ActionGlob: "*"},
		"operator tag:web":                  {Role: store.Operator, ActionGlob: "*", Tag: "web"},
		"operator tag=web action=restart-*": {Role: store.Operator, ActionGlob: "restart-*", Tag: "web"},
		"approver deny":                     {Role: store.Approver, ActionGlob: "*", Effect: store.Deny},
		"breakglass for=8h tag:web":         {Role: store.Breakglass, ActionGlob: "*", Tag: "web", Until: &end},
		"operator deny action=reboot until=" + day(end, 1): {Role: store.Operator, ActionGlob: "reboot", Effect: store.Deny, Until: midnight(end, 2)},
	} {
		got, err := w.engine.ParseBinding(strings.Fields(line))
		must(t, err)
		if want.Effect == "" {
			want.Effect = store.Allow
		}
		if got.Until != nil && want.Until != nil && got.Until.Sub(want.Until.Time).Abs() < time.Minute {
			got.Until = want.Until
		}
		equal(t, want, got)
	}
	for line, says := range map[string]string{
		"":                                 "Say which role",
		"oprator":                          "Did you mean `operator`?",
		"operator web":                     "`web` says nothing here",
		"operator tag:We_b!":               "cannot be a tag",
		"operator tag:":                    "cannot be a tag",
		"operator action=[a-":              "not a pattern",
		"operator action=":                 "not a pattern",
		"operator until=2001-01-01":        "over already",
		"operator until=soon":              "no day",
		"operator for=-8h":                 "not a length of time",
		"operator for=0s":                  "not a length of time",
		"operator allow":                   "says nothing here",
		"operator deny=false":              "says nothing here",
		"operator until=2026-02-30":        "no day",
		"operator tag:web;shutdown action": "cannot be a tag",
	} {
		_, err := w.engine.ParseBinding(strings.Fields(line))
		if r := refused(t, err); !strings.Contains(r.Text, says) {
			t.Errorf("%q: %q does not say %q", line, r.Text, says)
		}
	}
}

func day(t store.Time, later int) string {
	return t.Local().AddDate(0, 0, later).Format(time.DateOnly)
}

func midnight(t store.Time, later int) *store.Time {
	d := t.Local().AddDate(0, 0, later)
	return &store.Time{Time: time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, time.Local).UTC()}
}

// Identity is an id. What looks like a name is refused, however it is spelled.
func TestWhomABindingIsAbout(t *testing.T) {
	w := newWorld(t)
	for word, want := range map[string]store.Actor{
		"U0ANN": "T1/U0ANN", "@U0ANN": "T1/U0ANN", "W0ANN": "T1/W0ANN", "T1/U0ANN": "T1/U0ANN", "group:S0OPS": "group:S0OPS",
	} {
		got, err := w.engine.Subject(t.Context(), word)
		must(t, err)
		if got != want {
			t.Errorf("%q is %s, want %s", word, got, want)
		}
	}
	for _, word := range []string{"ann", "@ann", "u0ann", "@", "", "group:ops", "group:", "group:U1", "@@U1", "U0ANN|ann", "local:root", "U0ANN ", "<@U0ANN>", "S0OPS"} {
		if _, err := w.engine.Subject(t.Context(), word); err == nil {
			t.Errorf("%q is taken for somebody", word)
		} else if r := refused(t, err); !strings.Contains(r.Text, "Copy member ID") {
			t.Errorf("%q: %q", word, r.Text)
		}
	}
}

func TestNobodyIsGivenWhatWouldCountForNothing(t *testing.T) {
	w := newWorld(t)
	for who, user := range map[store.Actor]store.User{
		"T1/UGUEST": {Guest: true}, "T1/UBOT": {Bot: true}, "T1/UGONE": {Deactivated: true}, "T1/USTRANGER": {Stranger: true},
	} {
		w.meet(who, user)
		_, id, _ := who.Slack()
		if r := refused(t, w.manage(admin, "give "+id+" viewer")); !strings.Contains(r.Text, "whatever they are given") {
			t.Errorf("%s: %q", who, r.Text)
		}
		must(t, w.manage(admin, "give "+id+" viewer deny")) // should they become a member one day
	}
	for _, id := range []string{"T2/U0ANN", "E1/U0ANN"} {
		if r := refused(t, w.manage(admin, "give "+id+" viewer deny")); !strings.Contains(r.Text, "belongs to the Slack team T1") {
			t.Errorf("%s: %q", id, r.Text)
		}
	}
}

func TestTheLastAdminStays(t *testing.T) {
	const last = "without an admin"
	for name, c := range map[string]struct {
		before []string // by the terminal, which may do all
		line   string
		says   string
	}{
		"the only one":                       {nil, "take UADMIN admin", last},
		"one of two":                         {[]string{"give UADMIN2 admin"}, "take UADMIN admin", ""},
		"the only one beside one of a tag":   {[]string{"give UADMIN2 admin tag:web"}, "take UADMIN admin", last},
		"the only one beside one who ends":   {[]string{"give UADMIN2 admin for=8h"}, "take UADMIN admin", last},
		"the only one beside a denied one":   {[]string{"give UADMIN2 admin", "give UADMIN2 admin deny"}, "take UADMIN admin", last},
		"the only one beside an empty group": {[]string{"give group:S1 admin"}, "take UADMIN admin", last},
		"the other one":                      {[]string{"give UADMIN2 admin"}, "take UADMIN2 admin", ""},
		"by a deny":                          {nil, "give UADMIN admin deny", last},
		"by a deny of all that changes":      {nil, "give UADMIN operator deny", last},
		"by a deny until tomorrow":           {nil, "give UADMIN admin deny for=24h", last},
		"by a deny on some servers":          {nil, "give UADMIN admin deny tag:web", ""},
		"by an end":                          {nil, "give UADMIN admin for=8h", last},
		"an operator":                        {nil, "take UOPS operator", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.meet(admin2, store.User{})
			for _, line := range c.before {
				must(t, w.manage(root, line))
			}
			err := w.manage(admin, c.line)
			if c.says == "" {
				must(t, err)
			} else if r := refused(t, err); !strings.Contains(r.Text, c.says) {
				t.Errorf("%q does not say %q", r.Text, c.says)
			}
			admins, err := executor.Admins(t.Context(), w.store)
			must(t, err)
			if len(admins) == 0 {
				t.Error("nobody is admin")
			}
			if c.says != "" {
				must(t, w.manage(root, "take UADMIN admin")) // the terminal can make another
			}
		})
	}
}

// Two admins who take the role from one another at the same moment: one stays.
func TestTwoAdminsWhoRemoveOneAnother(t *testing.T) {
	w := newWorld(t)
	w.meet(admin2, store.User{})
	for range 1000 {
		w.grant(admin, "allow admin *")
		w.grant(admin2, "allow admin *")
		var racers sync.WaitGroup
		for who, line := range map[store.Actor]string{admin: "take UADMIN2 admin", admin2: "take UADMIN admin"} {
			racers.Go(func() { _ = w.manage(who, line) })
		}
		racers.Wait()
		admins, err := executor.Admins(t.Context(), w.store)
		must(t, err)
		if len(admins) != 1 {
			t.Fatalf("%d admins are left", len(admins))
		}
	}
}

func TestNobodyLiftsADenyFromThemselves(t *testing.T) {
	w := newWorld(t)
	w.meet(admin2, store.User{})
	w.grant(admin2, "allow admin *")
	w.gather("group:S1", admin, true, store.GroupKnown)
	for _, line := range []string{"give UADMIN operator deny tag:prod", "give group:S1 operator deny tag:test"} {
		must(t, w.manage(root, line))
	}
	for _, line := range []string{
		"take UADMIN operator", "take UADMIN operator deny", "take group:S1 operator", "give UADMIN operator deny tag:prod for=1s", "give group:S1 operator deny tag:test for=1s",
	} {
		if r := refused(t, w.manage(admin, line)); !strings.Contains(r.Text, "Nobody lifts a deny") {
			t.Errorf("%s: %q", line, r.Text)
		}
	}
	must(t, w.manage(admin, "give UADMIN operator deny tag:edge")) // more is no matter
	for _, line := range []string{"give UADMIN operator deny tag:prod for=1h", "take UADMIN operator deny"} {
		must(t, w.manage(admin2, line))
	}
}

func TestAdminsAreWhoCanComeAsOne(t *testing.T) {
	for name, c := range map[string]struct {
		bindings string
		who      string // what Slack says of them
		want     bool
	}{
		"member":            {"allow admin *", "member", true},
		"not met yet":       {"allow admin *", "unknown", true},
		"guest":             {"allow admin *", "guest", false},
		"deactivated":       {"allow admin *", "deactivated", false},
		"bot":               {"allow admin *", "bot", false},
		"other team":        {"allow admin *", "other team", false},
		"until tomorrow":    {"allow admin * until tomorrow", "member", true},
		"until yesterday":   {"allow admin * until yesterday", "member", false},
		"operator":          {"allow operator *", "member", false},
		"of a tag":          {"allow admin * web", "member", false},
		"denied":            {"allow admin *; deny admin *", "member", false},
		"in a group":        {"group allow admin *; in known", "member", true},
		"guest in a group":  {"group allow admin *; in known", "guest", false},
		"in a lost group":   {"group allow admin *; in gone", "member", false},
		"in no known group": {"group allow admin *; in unknown", "member", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.revoke(admin, store.Admin)
			who := w.person(c.who, 1)
			for part := range strings.SplitSeq(c.bindings, ";") {
				w.arrange(who, "group:S1", strings.TrimSpace(part))
			}
			w.meet("T1/UOTHER", store.User{Guest: true}) // who is in every group of these tests
			admins, err := executor.Admins(t.Context(), w.store)
			must(t, err)
			if got := len(admins) == 1 && admins[0] == who; got != c.want || len(admins) > 1 {
				t.Errorf("the admins are %v", admins)
			}
		})
	}
}
