package executor_test

import (
	"strings"
	"testing"

	"drover/executor"
	"drover/store"
)

func TestEntriesReadAsSentences(t *testing.T) {
	chronicle := executor.Chronicle{
		Person: func(a store.Actor) string { return "@" + strings.TrimPrefix(string(a), "T1/") },
		Text:   func(text string) string { return strings.ReplaceAll(text, "<", "&lt;") },
	}
	for _, c := range []struct{ event, subject, payload, want string }{
		{"run.requested", "run/42", `{"action":"update","selector":"web1 <x>","params":{"b":"2","a":"1"},"reason":"patch  day","plan_hash":"ff"}`,
			"asked for #42: update on web1 &lt;x> a=1 b=2 because patch day"},
		{"request.refused", "action/update", `{"why":"You may not."}`, "was refused: You may not."},
		{"run.started", "run/42", `{"owner":"serve/1"}`, "began #42"},
		{"run.succeeded", "run/42", `{"why":""}`, "#42 succeeded"},
		{"run.denied", "run/42", `{"why":"rights lost"}`, "#42 denied: rights lost"},
		{"run.cancel_requested", "run/42", `{}`, "cancelled #42"},
		{"run.proven", "run/42", `{"state":"partial"}`, "#42 is proven: partial"},
		{"target.dispatched", "run/42", `{"server":"web1"}`, "web1 was sent its command in #42"},
		{"target.failed", "run/42", `{"server":"web1","exit_code":100,"summary":"no space\nleft"}`, "web1 failed in #42: no space left"},
		{"target.timed_out", "run/42", `{"server":"web1","summary":""}`, "web1 timed out in #42"},
		{"target.skipped", "run/42", `{"servers":["web1","web2","web3","db1"],"summary":"stopped"}`, "db1 web[1-3] skipped in #42: stopped"},
		{"target.proven", "run/42", `{"server":"web1","state":"succeeded","summary":"ok"}`, "web1 is proven to have succeeded in #42: ok"},
		{"server.added", "server/web1", `{"address":"10.0.0.1","port":22,"tags":["a","b"],"jump":"","note":""}`,
			"added web1 (address: 10.0.0.1, port: 22, tags: a b)"},
		{"server.edited", "server/web1", `{"address":"b","note":"","port":2222,"tags":["x"],"was":{"address":"a","note":"old","tags":null}}`,
			"edited web1: address a → b, note old → none, tags none → x"},
		{"server.disabled", "server/web1", `{"reason":"fan"}`, "disabled web1 because fan"},
		{"server.trusted", "server/web1", `{"fingerprints":["SHA256:a","SHA256:b"]}`, "trusted the host keys of web1: SHA256:a SHA256:b"},
		{"user.granted", "user/T1/U2", `{"role":"operator","action":"restart-*","tag":"web","effect":"allow"}`, "gave operator to @U2 for restart-* on tag:web"},
		{"user.granted", "user/T1/U2", `{"role":"operator","action":"*","tag":"","effect":"deny"}`, "denied operator to @U2"},
		{"user.granted", "user/T1/U2", `{"role":"viewer","action":"*","tag":"","effect":"allow","until":"2026-12-31T00:00:00Z"}`, "gave viewer to @U2 until 2026-12-31 00:00 UTC"},
		{"user.revoked", "user/T1/U2", `{"role":"admin","action":"*","tag":"","effect":"allow"}`, "took admin from @U2"},
		{"user.expired", "user/T1/U2", `{"role":"operator","action":"*","tag":"db","effect":"allow"}`, "let operator on tag:db of @U2 end"},
		{"user.revoked", "user/T1/U2", `{"role":"operator","action":"*","tag":"prod","effect":"deny"}`, "lifted the deny of operator on tag:prod from @U2"},
		{"user.expired", "user/T1/U2", `{"role":"operator","action":"reboot","tag":"","effect":"deny"}`, "let the deny of operator for reboot of @U2 end"},
		{"user.changed", "user/T1/U2", `{"bot":false,"guest":true,"stranger":false,"deactivated":true}`, "learned that @U2 is now a guest and deactivated"},
		{"user.changed", "user/T1/U2", `{"bot":false,"guest":false,"stranger":false,"deactivated":false}`, "learned that @U2 is now a member"},
		{"usergroup.changed", "user/group:S1", `{"state":"known","added":["U1","U2"],"removed":["U3"]}`, "learned that @group:S1 is known, with U1 U2, without U3"},
		{"server.locked", "server/db1", `{"owner":"T1/U2","reason":"migration","until":"2026-12-31T00:00:00Z"}`, "locked db1 until 2026-12-31 00:00 UTC because migration"},
		{"server.unlocked", "server/db1", `{"owner":"T1/U2","reason":"migration"}`, "unlocked db1"},
		{"server.lock_expired", "server/db1", `{"owner":"T1/U2","reason":"migration"}`, "ended the lock of db1"},
		{"user.linked", "user/T1/U2", `{"login":"root"}`, "linked the login root to @U2"},
		{"setting.changed", "setting/run-expiry", `{"before":"10m","value":"5m"}`, "set run-expiry to 5m, before 10m"},
		{"setting.changed", "setting/run-expiry", `{"before":"10m","value":""}`, "reset run-expiry, before 10m"},
		{"credential.added", "credential/ops", `{"kind":"password","sudo_password":true}`, "added credential ops, a password"},
		{"credential.added", "credential/ops", `{"kind":"agent"}`, "added credential ops, an agent"},
		{"approval.void", "run/42", `{"why":"web1 was changed"}`, "wanted to approve #42, which was void by then: web1 was changed"},
		{"action.edited", "action/restart", `{"revision":3,"yaml":"name: restart"}`, "edited action restart (revision: 3)"},
		{"run.queued", "run/42", `{}`, "#42 has its approvals"},
		{"run.continued", "run/42", `{}`, "let #42 go on"},
		{"server.locked", "server/db1", `{"owner":"T1/U1","reason":"migration","until":"2026-03-01T14:00:00.5Z"}`, "locked db1 until 2026-03-01 14:00 UTC because migration"},
		{"occurrence.skipped", "schedule/nightly", `{"occurrence":"id","starts_at":"2026-03-01T02:00:00Z","reason":"release"}`, "skipped schedule nightly (reason: release, starts at: 2026-03-01 02:00 UTC)"},
		// Whatever comes later.
		{"lock.taken_over", "lock/db1", `{"until":"18:00","<b>":"<i>","n":1000000,"deep":{"x":1}}`, "taken over lock db1 (&lt;b>: &lt;i>, n: 1000000, until: 18:00)"},
		{"odd", "", `not JSON`, " "},
		{"target.failed", "run/42", `[1,2]`, " failed in #42"},
	} {
		got := chronicle.Tell(store.AuditEntry{Event: c.event, Subject: c.subject, Payload: c.payload})
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.event, got, c.want)
		}
	}
}
