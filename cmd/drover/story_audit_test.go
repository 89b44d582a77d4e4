package main

import (
	"os"
	"regexp"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/rogpeppe/go-internal/testscript"
)

// sql FILE STATEMENT changes a database as somebody does who has root on drover's host and no key.
func sql(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: sql FILE STATEMENT…")
	}
	db, err := sqlx.Open("sqlite3", "file:"+ts.MkAbs(args[0])+"?_busy_timeout=5000")
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(strings.Join(args[1:], " "))
	ts.Check(err)
}

// channel PATTERN waits until a message in #ops matches, and sets $FOUND to what the pattern's group matched.
func channel(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: channel PATTERN")
	}
	w := worldOf(ts)
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	w.wait(ts, "a message like "+args[0], func() bool {
		for _, m := range w.slack.Messages(ops) {
			if found := pattern.FindStringSubmatch(m.Text); found != nil {
				ts.Setenv("FOUND", found[len(found)-1])
				ts.Check(os.WriteFile(ts.MkAbs("message"), []byte(readable(m)), 0o600))
				return true
			}
		}
		return false
	})
}
