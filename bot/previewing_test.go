package bot_test

import (
	"strings"
	"testing"

	"drover/store"
)

// TestPreviewInSlack: the plan in private, and what the action itself finds out on a card that says that it is no more.
func TestPreviewInSlack(t *testing.T) {
	o := openOffice(t)
	o.must(o.store.AddAction(t.Context(), store.Drover, "renew", "{name: renew, role: operator, sudo: true, run: {linux: [renew]}, preview: {linux: [would-renew]}}"))

	answer := o.slash("U0VIEWER", ops, "preview poke all word=abc batch=1 because I wonder")
	o.says(answer, "Preview of poke*: nothing is changed", "You may not run `poke` on db1 web1: it needs the role operator", "`db1` → `web1`", "```poke abc soft```")
	o.nothingRan()

	answer = o.slash("U0VIEWER", ops, "preview renew all")
	o.says(answer, "What it would do on each server comes on a card", "*Command* as root", "```renew```")
	card := o.shows(ops, 1, store.Succeeded)
	o.says(shown(card), "Succeeded #1: preview of renew db1 web1", "Preview of *renew* on `db1 web1` *succeeded*", "Nothing was changed.", "would-renew")
	for name, server := range o.fleet {
		if server.Sessions() != 1 {
			t.Errorf("%d commands on %s", server.Sessions(), name)
		}
	}
	o.says(o.slash("U0VIEWER", ops, "history"), "#1 preview of renew")
	o.says(o.slash("U0VIEWER", ops, "show 1"), "preview of renew")
	o.says(o.slash("U0VIEWER", ops, "help"), "`preview update all`")
	if answer := o.slash("U0OUTSIDER", ops, "preview renew all"); !strings.Contains(answer, "You have no role") || strings.Contains(answer, "web1") {
		t.Errorf("an outsider reads %q", answer)
	}
	if n := len(o.runs()); n != 1 {
		t.Errorf("%d runs", n)
	}
}
