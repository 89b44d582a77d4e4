package bot_test

import (
	"context"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/slack-go/slack"

	"drover/store"
)

// notice records a notice as a transaction of the store's would.
func (w *world) notice(id, channel, text string) {
	w.Helper()
	w.tamper("INSERT INTO messages (id, owner, kind, key, channel, text, wanted_version, created_at) VALUES (?, 'lock/1', 'notice', ?, ?, ?, 1, 1)",
		id, id, channel, text)
}

// tamper writes to the database behind drover's back.
func (w *world) tamper(query string, args ...any) {
	w.Helper()
	db, err := sqlx.Open("sqlite3", "file:"+w.store.Path()+"?_busy_timeout=5000")
	w.must(err)
	defer db.Close()
	_, err = db.Exec(query, args...)
	w.must(err)
}

func TestANoticeIsPostedOnce(t *testing.T) {
	w := newWorld(t, stillClock())
	w.notice("n1", ops, "The lock on `db1` has ended.")
	p := w.projector()
	w.settle(p)
	w.settle(p)
	all := w.slack.Messages(ops)
	if len(all) != 1 || all[0].Text != "The lock on `db1` has ended." || metadataOf(all[0]).Type != "drover_notice" {
		t.Errorf("posted were %+v", all)
	}
}

// The answer of Slack to a post is lost: each notice is found again, and none is posted twice.
func TestANoticeWhosePostWasNotAnsweredIsFoundAgain(t *testing.T) {
	w := newWorld(t, stillClock())
	w.notice("n1", ops, "one")
	w.notice("n2", ops, "two")
	p := w.projector()
	w.settle(p)
	before := w.slack.Messages(ops)
	db, err := sqlx.Open("sqlite3", "file:"+w.store.Path()+"?_busy_timeout=5000")
	w.must(err)
	defer db.Close()
	_, err = db.Exec("UPDATE messages SET ts = '', rendered_version = 0")
	w.must(err)
	w.settle(p)
	after := w.slack.Messages(ops)
	var places int
	w.must(db.Get(&places, "SELECT count(DISTINCT ts) FROM messages"))
	if places != 2 || len(after) != 2 || after[0].Text != before[0].Text || after[1].Text != before[1].Text {
		t.Errorf("posted were %+v, then %+v", before, after)
	}
}

// Whoever can write in the database does not make drover take back what it told, an anchor of the audit log for one.
func TestANoticeThatWasPostedIsNeverEdited(t *testing.T) {
	for name, tamper := range map[string]string{
		"a newer version":    "UPDATE messages SET text = 'forged', wanted_version = wanted_version + 1",
		"as if not answered": "UPDATE messages SET text = 'forged', rendered_version = 0, ts = ''",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, stillClock())
			w.notice("n1", ops, "Anchor `7:abc`")
			p := w.projector()
			w.settle(p)
			w.tamper(tamper)
			w.settle(p)
			if all := w.slack.Messages(ops); len(all) != 1 || all[0].Text != "Anchor `7:abc`" {
				t.Errorf("there are %d messages, the first: %s", len(all), all[0].Text)
			}
		})
	}
}

func TestANoticeForAPersonIsADirectMessage(t *testing.T) {
	w := newWorld(t, stillClock())
	admin := w.actor("U0ADMIN")
	team, id, _ := admin.Slack()
	w.must(w.store.SetSetting(t.Context(), store.Drover, store.SettingTeam, team))
	w.must(w.store.SaveUser(t.Context(), store.User{TeamID: team, SlackID: id, Name: "admin"}))
	w.notice("n1", id, "Somebody used break-glass.")
	w.settle(w.projector())
	channel, _, _, err := w.api.OpenConversationContext(context.Background(), &slack.OpenConversationParameters{Users: []string{id}, ReturnIM: true})
	w.must(err)
	if all := w.slack.Messages(channel.ID); len(all) != 1 {
		t.Errorf("in the direct message are %+v", all)
	}
}
