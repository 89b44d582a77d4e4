package bot_test

import (
	"testing"

	"drover/store"
)

// Whoever may only approve looks up what concerns them, and reads of the rest what it needs, not that they are nobody.
func TestWhoMayOnlyApprove(t *testing.T) {
	o := openCourt(t)
	o.grant("U0OUTSIDER", store.Breakglass) // who has a role, and may neither look nor approve
	o.slash("U0OPERATOR", ops, "raze-twice web1")
	o.slash("U0OPERATOR", ops, "peek db1")
	o.shows(ops, 2, store.Succeeded)
	const needs = ":no_entry_sign: That needs the role viewer. An admin can give it to you: `drover user grant U0BOB viewer`."
	for _, text := range []string{"list", "history", "show web1", "show 2", "actions", "can @viewer peek web1", "lock", "lock web1 1h because x"} {
		o.says(o.slash("U0BOB", ops, text), needs)
	}
	o.says(o.slash("U0BOB", ops, "cancel 1"), "You may not cancel #1: that is for who asked for it, and for operators")
	o.says(o.slash("U0BOB", ops, "show 1"), "*#1 raze-twice web1*", "waits for approval · 0 of 2")
	o.says(o.slash("U0OUTSIDER", ops, "show 1"), "That needs the role viewer")
	o.slash("U0BOB", ops, "approve 1")
	o.revoke("U0BOB", store.Approver)
	o.says(o.slash("U0BOB", ops, "show 1"), "You have no role in drover")
	o.grant("U0BOB", store.Breakglass)
	o.says(o.slash("U0BOB", ops, "show 1"), "1 of 2") // it was theirs

	o.revoke("U0OPERATOR", store.Operator)
	o.grant("U0OPERATOR", store.Approver)
	o.says(o.slash("U0OPERATOR", ops, "show 1"), "*#1 raze-twice web1*")
	o.says(o.slash("U0OPERATOR", ops, "cancel 1"), "#1 is being cancelled")
}
