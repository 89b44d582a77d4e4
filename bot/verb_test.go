package bot_test

import (
	"strings"
	"testing"

	"drover/store"
)

// help shows only what this person may do.
func TestHelp(t *testing.T) {
	o := openOffice(t)
	operator, viewer := o.slash("U0OPERATOR", ops, "help"), o.slash("U0VIEWER", ops, "")
	o.says(operator, "`poke [word=x] [mode=soft]` Pokes it", "`peek` Looks", "`update", "`cancel 42`", "tag:prod")
	o.says(viewer, "`peek` Looks", "`ping`", "`show 42`")
	for _, more := range []string{"`poke", "`update", "`cancel 42", "`reboot", "`schedule skip", "`freeze tag:prod"} {
		if strings.Contains(viewer, more) {
			t.Errorf("a viewer's help shows %s:\n%s", more, viewer)
		}
	}
	o.says(operator, "`reboot [expect=]` Restart", "needs 1 approval", "`schedule skip nightly`")
	o.says(viewer, "`schedule next nightly`", "`freeze` lists")
	admin := o.slash("U0ADMIN", ops, "help")
	o.says(admin, "`schedule add nightly", "`freeze tag:prod until Mon 08:00 because launch`")
	if strings.Contains(admin, "lines more") {
		t.Errorf("an admin's help does not fit:\n%s", admin)
	}
	if strings.Contains(operator, "lines more") {
		t.Errorf("the help does not fit:\n%s", operator)
	}
}

// An action that this version cannot read is not shown, and hides no other.
func TestHelpWithAnActionThatCannotBeRead(t *testing.T) {
	o := openOffice(t)
	o.must(o.store.AddAction(t.Context(), store.Drover, "broken", "name: broken\nsurprise: true"))
	for _, verb := range []string{"help", "actions"} {
		answer := o.slash("U0OPERATOR", ops, verb)
		o.says(answer, "`peek` Looks")
		if strings.Contains(answer, "broken") {
			t.Errorf("%s shows it:\n%s", verb, answer)
		}
	}
	o.says(o.log.text(), "cannot be read", "action broken")
}

func TestTheVerbsThatLook(t *testing.T) {
	o := openOffice(t)
	o.addServers([]string{"cache1"})
	o.says(o.slash("U0VIEWER", ops, "history"), "Nothing has been run yet")
	o.slash("U0OPERATOR", ops, "wreck web1 because *why* <not>")
	o.shows(ops, 1, store.Failed)
	for text, want := range map[string][]string{
		"list":         {"*3 servers*", "`web1` tag:web · debian 12", "`db1` tag:db", "`cache1` · host key not trusted yet"},
		"LIST":         {"*3 servers*"},
		"show web1":    {"*web1*", "`ops@127.0.0.1:", "tags: web", "debian 12 · kernel 6.1.0-37-amd64 · seen <!date", "host key `SHA256:web1`"},
		"show WEB1":    {"*web1*"},
		"show cache1":  {"Its host key is not trusted yet. An admin types `trust cache1`"},
		"show 1":       {":x: *#1 wreck web1* *failed*", "`web1`  failed: it broke", "<@U0OPERATOR>", "because *why* &lt;not&gt;"},
		"show #1":      {"*#1 wreck web1*"},
		"show":         {"Say what to show"},
		"show a b":     {"Say what to show"},
		"show 99":      {"There is no run #99"},
		"show wwb1":    {"No server is called wwb1", "Did you mean `web1`?"},
		"actions":      {"*Actions*", "`peek` Looks · viewer", "· operator"},
		"actions poke": {"`poke [word=x] [mode=soft]`", "revision 1 · role operator", "one of soft, hard", "```{name: poke"},
		"actions peak": {"There is no action called `peak`", "Did you mean `peek`?"},
		"history":      {"*The last runs*", ":x: #1 wreck web1 · <@U0OPERATOR>"},
		"run":          {"Say what to run and where"},
	} {
		o.says(o.slash("U0VIEWER", ops, text), want...)
	}
	if n := len(o.runs()); n != 1 {
		t.Errorf("looking made %d runs", n-1)
	}
}

func TestTheVerbsThatAct(t *testing.T) {
	o := openOffice(t)
	if answer := o.slash("U0OPERATOR", ops, "run hold web1"); answer != "" {
		t.Fatalf("run answers %q", answer)
	}
	o.begun(1)
	o.says(o.slash("U0OPERATOR", ops, "retry 1"), "#1 is not over yet")
	o.says(o.slash("U0VIEWER", ops, "cancel 1"), "You may not cancel #1")
	o.says(o.slash("U0OPERATOR", ops, "cancel"), "Say which run by its number")
	o.says(o.slash("U0OPERATOR", ops, "cancel 7"), "There is no run #7")
	o.says(o.slash("U0OPERATOR", ops, "cancel #1"), "#1 is being cancelled")
	o.shows(ops, 1, store.Cancelled)
	close(o.release)
	o.says(o.slash("U0VIEWER", ops, "retry 1"), "it needs the role operator")
	if answer := o.slash("U0OPERATOR", ops, "retry 1"); answer != "" {
		t.Fatalf("retry answers %q", answer)
	}
	o.shows(ops, 2, store.Succeeded)
	o.says(o.slash("U0OPERATOR", ops, "retry 2"), "succeeded on every server")
}

// What was mistyped is named, in private, with what was probably meant; nothing is run.
func TestMistypedRequests(t *testing.T) {
	o := openOffice(t)
	for text, want := range map[string][]string{
		"upddate web1":                   {"There is no action called `upddate`", "Did you mean `update`?"},
		"frobnicate web1":                {"There is no action called `frobnicate`", "`actions` shows what there is"},
		"restart web1":                   {"`reboot`", "`restart-service`"},
		"preview":                        {"Say what to preview"},
		"preview upddate all":            {"There is no action called `upddate`", "Did you mean `update`?"},
		"preview poke":                   {"Say on which servers"},
		"preview poke web1 preview=true": {"preview is not known to poke"},
		"preview poke web1 canary=1":     {"leaves no server that could wait for it"},
		"enable web1":                    {"`enable` is not part of this version"},
		"poke wwb1":                      {"No server is called wwb1", "Did you mean `web1`?"},
		"poke":                           {"Say on which servers"},
		"poke !web1":                     {"Say on which servers"},
		"poke tag:wep":                   {"No server has the tag `wep`", "Did you mean `tag:web`?"},
		"poke web1 wrod=x":               {"wrod", "did you mean word?"},
		"poke web1 mode=sfot":            {"mode", "must be one of soft, hard"},
		"poke web1 word=a;b":             {"word"},
		"poke web1 word=x word=y":        {"`word` is given twice"},
		"poke web1 batch=none":           {"`batch=none` is not a number of servers or a share of them"},
		"poke web1 max_failures=1":       {"written `max-failures`"},
		"poke web1 canary=1":             {"leaves no server that could wait for it"},
		"poke web1 timeout=soon":         {"`timeout=soon` is not a time"},
		`poke web1 word="x`:              {"A quote is opened and not closed"},
		"poke `web1`<!channel>":          {"No server is called 'web1'@channel"},
		"poke web1 because":              nil,
		"<!channel> web1":                {"There is no action called `@channel`"},
		"poke\u202e web1 word=\x1b":      {"word"},
	} {
		answer := o.slash("U0OPERATOR", ops, text)
		o.says(answer, want...)
		if strings.Contains(answer, "<!") || want == nil && answer != "" {
			t.Errorf("%q is answered %q", text, answer)
		}
	}
	if runs := o.runs(); len(runs) != 1 || runs[0].Reason != "" {
		t.Errorf("the runs are %+v, want the one without a reason", runs)
	}
}
