package store_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"

	"drover/store"
)

func TestAnEmptyFileIsMigratedUp(t *testing.T) {
	s := open(t)
	db := raw(t, s)
	var tables, loose []string
	ok(t, db.Select(&tables, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"))
	for _, table := range []string{"servers", "credentials", "users", "bindings", "actions", "runs", "targets", "messages", "inbox", "settings", "audit", "offers", "usergroups", "usergroup_members", "locks"} {
		if !slices.Contains(tables, table) {
			t.Errorf("there is no table %s", table)
		}
	}
	ok(t, db.Select(&loose, "SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'"))
	if len(loose) > 0 {
		t.Errorf("these tables are not STRICT: %v", loose)
	}
	var journal string
	ok(t, db.Get(&journal, "PRAGMA journal_mode"))
	if journal != "wal" {
		t.Errorf("the journal mode is %s", journal)
	}
}

func TestOpeningAgainMigratesNothing(t *testing.T) {
	s := open(t)
	db := raw(t, s)
	var before, after []string
	ok(t, db.Select(&before, "SELECT coalesce(sql, '') FROM sqlite_master UNION ALL SELECT version_id FROM goose_db_version"))
	again(t, s)
	ok(t, db.Select(&after, "SELECT coalesce(sql, '') FROM sqlite_master UNION ALL SELECT version_id FROM goose_db_version"))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

// What a drover of an earlier schema left in its file is there afterwards, and hangs together as before.
func TestAnEarlierFileKeepsItsMessages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drover.db")
	db, err := sqlx.Open("sqlite3", "file:"+path+"?_foreign_keys=on")
	ok(t, err)
	provider, err := goose.NewProvider(goose.DialectSQLite3, db.DB, os.DirFS("migrations"))
	ok(t, err)
	_, err = provider.UpTo(t.Context(), 4)
	ok(t, err)
	for _, statement := range []string{
		`INSERT INTO actions (id, name, revision, builtin, yaml, created_by, created_at) VALUES ('a', 'a', 1, 0, '', 'x', 1)`,
		`INSERT INTO runs (id, number, state, action_id, action, changes, selector, params, options, plan, plan_hash, origin, requested_by, created_at, queued_at)
			VALUES ('r', 1, 'queued', 'a', 'a', 1, 's', '{}', '{}', '{}', 'h', 'cli', 'x', 1, 1)`,
		`INSERT INTO messages (id, owner, kind, key, channel, ts, wanted_version, rendered_version, created_at) VALUES ('m', 'r', 'reply', 'k', 'C', '1.1', 3, 2, 1)`,
		`INSERT INTO targets (id, run_id, position, server_id, server, changes, state, message_id) VALUES ('t', 'r', 0, 's', 's', 1, 'pending', 'm')`,
	} {
		_, err := db.Exec(statement)
		ok(t, err)
	}
	ok(t, db.Close())
	s := get[*store.Store](t)(store.Open(t.Context(), path, store.Options{}))
	defer func() { ok(t, s.Close()) }()
	run := get[store.Run](t)(s.Run(t.Context(), "r"))
	behind := get[[]store.Message](t)(s.Behind(t.Context()))
	if len(behind) != 1 || behind[0].TS != "1.1" || behind[0].RenderedVersion != 2 || *run.Targets[0].MessageID != behind[0].ID {
		t.Errorf("of the message came %+v, and its target is %+v", behind, run.Targets)
	}
	var loose int
	ok(t, raw(t, s).Get(&loose, "SELECT count(*) FROM pragma_foreign_key_check"))
	if loose > 0 {
		t.Errorf("%d rows refer to nothing", loose)
	}
}

func TestANewerSchemaIsRefused(t *testing.T) {
	s := open(t)
	_, err := raw(t, s).Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
	ok(t, err)
	for range 2 {
		_, err = store.Open(t.Context(), s.Path(), store.Options{})
		wantErr(t, err, store.ErrNewerSchema)
	}
	_, err = raw(t, s).Exec("DELETE FROM goose_db_version WHERE version_id = 99999")
	ok(t, err)
	again(t, s)
}

func TestAFileThatIsNoDatabaseIsLeftAlone(t *testing.T) {
	path := t.TempDir() + "/notes.txt"
	text := strings.Repeat("not a database\n", 1000)
	ok(t, os.WriteFile(path, []byte(text), 0o600))
	if _, err := store.Open(t.Context(), path, store.Options{}); err == nil {
		t.Fatal("it was opened")
	}
	got, err := os.ReadFile(path)
	ok(t, err)
	if string(got) != text {
		t.Error("it was changed")
	}
}

type row map[string]any

// with is a copy of a row with some values of its own.
func (r row) with(changes row) row {
	next := maps.Clone(r)
	maps.Copy(next, changes)
	return next
}

func (r row) insert(table string) string {
	columns := slices.Sorted(maps.Keys(r))
	return "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (:" + strings.Join(columns, ", :") + ")"
}

// The schema itself refuses what no drover should write. Every row here but for one value is one that it takes.
func TestTheSchemaRefusesImpossibleRows(t *testing.T) {
	f := newFarm(t)
	good := map[string]row{
		"settings":    {"name": "n", "value": "v"},
		"credentials": {"id": "c", "name": "c", "kind": "key", "created_at": 1},
		"servers":     {"id": "s", "name": "s", "address": "a", "port": 22, "platform": "linux", "login_user": "u", "created_at": 1},
		"server_tags": {"server_id": "s", "tag": "t"},
		"host_keys":   {"server_id": "s", "public_key": "k", "fingerprint": "f", "pinned_by": "p", "pinned_at": 1},
		"users":       {"team_id": "T", "slack_id": "U", "name": "n", "bot": 0, "guest": 0, "stranger": 0, "deactivated": 0, "checked_at": 1},
		"channels":    {"channel_id": "C", "visible": 1, "shared": 0, "checked_at": 1},
		"bindings":    {"id": "b", "subject": "T/U", "role": "admin", "effect": "allow", "created_by": "x", "created_at": 1},
		"actions":     {"id": "a", "name": "a", "revision": 1, "builtin": 0, "yaml": "", "created_by": "x", "created_at": 1},
		"schedules": {
			"id": "sch", "name": "n", "revision": 1, "owner": "x", "cron": "0 2 * * *", "nth": "", "timezone": "UTC", "duration": 2, "cutoff": 1, "action": "a",
			"params": "{}", "selector": "s", "options": "{}", "reboot": "never", "notify_before": 0, "missed": "skip", "channel": "", "considered_until": 1,
			"created_at": 1, "edited_at": 1,
		},
		"occurrences": {
			"schedule_id": "sch", "starts_at": 1, "id": "occ", "revision": 1, "begins_at": 1, "cutoff_at": 2, "ends_at": 3, "channel": "", "state": "announced",
			"created_at": 1,
		},
		"usergroups":        {"group_id": "S", "state": "known", "checked_at": 1},
		"usergroup_members": {"group_id": "S", "slack_id": "U"},
		"freezes":           {"id": "f", "selector": "all", "reason": "r", "channel": "", "created_by": "x", "created_at": 1, "until": 2},
		"freeze_words":      {"freeze_id": "f", "word": "all", "excluded": 0},
		"locks":             {"server_id": "s", "id": "l", "owner": "T/U", "reason": "r", "channel": "", "created_at": 1, "until": 2},
		"runs": {
			"id": "r", "number": 1, "state": "queued", "action_id": "a", "action": "a", "changes": 1, "selector": "s", "params": "{}",
			"options": "{}", "plan": "{}", "plan_hash": "h", "origin": "cli", "requested_by": "x", "created_at": 1, "queued_at": 1,
		},
		"messages": {"id": "m", "owner": "r", "kind": "card", "key": "", "channel": "C", "wanted_version": 1, "created_at": 1},
		"targets":  {"id": "t", "run_id": "r", "position": 0, "server_id": "s", "server": "s", "changes": 1, "state": "pending"},
		"inbox":    {"key": "k", "received_at": 1},
		"offers":   {"id": "o", "server_id": "s", "fingerprints": "f", "actor": "T/U", "channel": "C", "created_at": 1, "expires_at": 2},
		"audit":    {"seq": 100, "at": 1, "actor": "a", "event": "e", "subject": "s", "payload": "{}", "prev": "", "hash": ""},
	}
	running := row{"state": "running", "owner": "o", "epoch": 1, "lease_until": 1, "started_at": 1}
	tests := []struct {
		table   string
		changes row
		refusal string
	}{
		{"settings", row{"value": nil}, "NOT NULL"},
		{"credentials", row{"kind": "telepathy"}, "CHECK"},
		{"credentials", row{"created_at": "yesterday"}, "cannot store TEXT"},
		{"servers", row{"port": 0}, "CHECK"},
		{"servers", row{"port": 65536}, "CHECK"},
		{"servers", row{"platform": "windows"}, "CHECK"},
		{"servers", row{"own_host": 2}, "CHECK"},
		{"servers", row{"credential_id": "nobody"}, "FOREIGN KEY"},
		{"server_tags", row{"server_id": "nobody"}, "FOREIGN KEY"},
		{"host_keys", row{"server_id": "nobody"}, "FOREIGN KEY"},
		{"users", row{"bot": 2}, "CHECK"},
		{"users", row{"guest": -1}, "CHECK"},
		{"users", row{"stranger": 2}, "CHECK"},
		{"users", row{"deactivated": 2}, "CHECK"},
		{"channels", row{"visible": 2}, "CHECK"},
		{"channels", row{"shared": 2}, "CHECK"},
		{"bindings", row{"role": "god"}, "CHECK"},
		{"bindings", row{"effect": "perhaps"}, "CHECK"},
		{"bindings", row{"expired_at": 1}, "CHECK"}, // and no end
		{"locks", row{"server_id": "nobody"}, "FOREIGN KEY"},
		{"locks", row{"until": 1}, "CHECK"},
		{"usergroups", row{"state": "rumoured"}, "CHECK"},
		{"usergroup_members", row{"group_id": "nobody"}, "FOREIGN KEY"},
		{"actions", row{"revision": 0}, "CHECK"},
		{"actions", row{"builtin": 2}, "CHECK"},
		{"actions", row{"removed": 2}, "CHECK"},
		{"freezes", row{"until": 1}, "CHECK"},
		{"freeze_words", row{"freeze_id": "nobody"}, "FOREIGN KEY"},
		{"freeze_words", row{"excluded": 2}, "CHECK"},
		{"schedules", row{"revision": 0}, "CHECK"},
		{"schedules", row{"duration": 0}, "CHECK"},
		{"schedules", row{"cutoff": 2}, "CHECK"},
		{"schedules", row{"cutoff": -1}, "CHECK"},
		{"schedules", row{"reboot": "perhaps"}, "CHECK"},
		{"schedules", row{"missed": "perhaps"}, "CHECK"},
		{"schedules", row{"paused_at": 1}, "CHECK"},    // and nobody did
		{"schedules", row{"paused_until": 1}, "CHECK"}, // and it is not paused
		{"occurrences", row{"schedule_id": "nobody"}, "FOREIGN KEY"},
		{"occurrences", row{"state": "resting"}, "CHECK"},
		{"occurrences", row{"state": "running"}, "CHECK"}, // and never began
		{"occurrences", row{"state": "skipped"}, "CHECK"}, // and not finished
		{"occurrences", row{"finished_at": 1}, "CHECK"},
		{"runs", row{"occurrence_id": "nobody"}, "FOREIGN KEY"},
		{"runs", row{"standing_schedule": "sch"}, "CHECK"}, // and no revision
		{"runs", row{"standing_schedule": "nobody", "standing_revision": 1}, "FOREIGN KEY"},
		{"runs", row{"state": "resting"}, "CHECK"},
		{"runs", row{"number": 0}, "CHECK"},
		{"runs", row{"changes": 2}, "CHECK"},
		{"runs", row{"preview": 2}, "CHECK"},
		{"runs", row{"preview": 1, "changes": 1}, "CHECK"},
		{"runs", row{"origin": "telepathy"}, "CHECK"},
		{"runs", row{"action_id": "nobody"}, "FOREIGN KEY"},
		{"runs", row{"retry_of": "nobody"}, "FOREIGN KEY"},
		{"runs", row{"queued_at": nil}, "CHECK"},
		{"runs", row{"finished_at": 1}, "CHECK"},
		{"runs", row{"max_failures": -1}, "CHECK"},
		{"runs", row{"state": "paused"}, "CHECK"},
		{"runs", row{"continued_by": "T1/U1"}, "CHECK"},
		{"runs", row{"continued_at": 1}, "CHECK"},
		{"runs", running.with(row{"owner": ""}), "CHECK"},
		{"runs", running.with(row{"epoch": 0}), "CHECK"},
		{"runs", running.with(row{"lease_until": nil}), "CHECK"},
		{"runs", running.with(row{"started_at": nil}), "CHECK"},
		{"messages", row{"kind": "letter"}, "CHECK"},
		{"messages", row{"kind": "notice"}, "CHECK"}, // and no text
		{"targets", row{"state": "resting"}, "CHECK"},
		{"targets", row{"changes": 2}, "CHECK"},
		{"targets", row{"batch": -1}, "CHECK"},
		{"targets", row{"verify": "hope"}, "CHECK"},
		{"targets", row{"sent_at": 1}, "CHECK"},
		{"targets", row{"run_id": "nobody"}, "FOREIGN KEY"},
		{"targets", row{"message_id": "nobody"}, "FOREIGN KEY"},
		{"targets", row{"finished_at": 1}, "CHECK"},
		{"inbox", row{"run_id": "nobody"}, "FOREIGN KEY"},
		{"offers", row{"server_id": "nobody"}, "FOREIGN KEY"},
		{"offers", row{"expires_at": 1}, "CHECK"},
		{"audit", row{"payload": nil}, "NOT NULL"},
	}
	for _, state := range finalRuns {
		tests = append(tests, struct {
			table   string
			changes row
			refusal string
		}{"runs", row{"state": string(state)}, "CHECK"}) // final, and not finished
	}
	for _, state := range finalTargets {
		tests = append(tests, struct {
			table   string
			changes row
			refusal string
		}{"targets", row{"state": string(state)}, "CHECK"})
	}
	_, err := f.db.Exec("PRAGMA foreign_keys = ON")
	ok(t, err)
	order := []string{
		"settings", "credentials", "servers", "server_tags", "host_keys", "users", "channels", "bindings", "usergroups", "usergroup_members", "locks", "actions", "freezes", "freeze_words", "schedules", "occurrences", "runs", "messages", "targets", "inbox", "offers", "audit",
	}
	for _, table := range order {
		for _, test := range tests {
			if test.table != table {
				continue
			}
			bad := good[table].with(test.changes)
			_, err := f.db.NamedExec(bad.insert(table), map[string]any(bad))
			if err == nil || !strings.Contains(err.Error(), test.refusal) {
				t.Errorf("%s with %v: got error %v, want a refusal by %s", table, test.changes, err, test.refusal)
			}
		}
		_, err := f.db.NamedExec(good[table].insert(table), map[string]any(good[table]))
		ok(t, err) // the rest of the row was not to blame
	}
	for table, twice := range map[string]row{
		"runs": {"id": "r2"}, "schedules": {"id": "sch2"}, "occurrences": {"id": "occ2"}, "targets": {"id": "t2"}, "messages": {"id": "m2"}, "bindings": {"id": "b2"}, "actions": {"id": "a2"}, "servers": {"id": "s2"}, "inbox": {},
	} {
		again := good[table].with(twice)
		if _, err := f.db.NamedExec(again.insert(table), map[string]any(again)); err == nil || !strings.Contains(err.Error(), "UNIQUE") {
			t.Errorf("a second row in %s: got error %v, want a refusal by UNIQUE", table, err)
		}
	}
}
