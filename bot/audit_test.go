package bot_test

import (
	"strings"
	"testing"

	"drover/store"
)

func TestTheAuditLogInSlack(t *testing.T) {
	o := openOffice(t)
	o.slash("U0OPERATOR", ops, "wreck web1 because *why* <not>")
	o.shows(ops, 1, store.Failed)
	o.slash("U0OUTSIDER", ops, "wreck web1")
	for text, want := range map[string][]string{
		"audit":             {"*The last entries of the audit log*", "• <!date", "<@U0OPERATOR> asked for #1: wreck on web1 because *why* &lt;not&gt;", "drover web1 failed in #1: it broke"},
		"audit 1":           {"asked for #1", "web1 was sent its command in #1", "drover #1 failed"},
		"audit #1":          {"asked for #1"},
		"audit WEB1":        {"asked for #1", "drover added web1 (address: 127.0.0.1", "trusted the host keys of web1"},
		"audit db1":         {"added db1"},
		"audit @outsider":   {"<@U0OUTSIDER> was refused: You have no role in drover"},
		"audit U0OPERATOR":  {"<@U0OPERATOR> asked for #1", "drover gave operator to <@U0OPERATOR>"},
		"audit 99":          {"has nothing about `99`"},
		"audit <!channel>":  {"has nothing about `@channel`"},
		"audit web1 db1":    {"Say one server, person or run"},
		"AUDIT local:alice": {"has nothing about `local:alice`"},
	} {
		o.says(o.slash("U0ADMIN", ops, text), want...)
	}
	if text := o.slash("U0ADMIN", ops, "audit db1"); strings.Contains(text, "#1") {
		t.Errorf("db1's entries are those of others:\n%s", text)
	}
	for _, id := range []string{"U0OPERATOR", "U0VIEWER", "U0OUTSIDER"} {
		o.says(o.slash(id, ops, "audit"), "The audit log is for admins")
		if help := o.slash(id, ops, "help"); strings.Contains(help, "`audit`") {
			t.Errorf("%s is shown a word that is not for them:\n%s", id, help)
		}
	}
	o.says(o.slash("U0ADMIN", ops, "help"), "`audit @somebody`")
	o.must(o.store.Grant(t.Context(), store.Drover, store.Binding{Subject: o.actor("U0VIEWER"), Role: store.Admin, ActionGlob: "*", Effect: store.Allow, Tag: "web"}))
	o.says(o.slash("U0VIEWER", ops, "audit db1"), "The audit log is for admins of everything: it needs the role admin")
}
