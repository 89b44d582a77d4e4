package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
	"github.com/rogpeppe/go-internal/testscript"

	"drover/executor"
	"drover/executor/ssh"
)

// injections are those of bot/testdata/injection.txt, with a canary of this story.
func injections(ts *testscript.TestScript) []string {
	text, err := os.ReadFile(filepath.Join(worldOf(ts).packageDir, "../../bot/testdata/injection.txt"))
	ts.Check(err)
	var list []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		injection, err := strconv.Unquote(line)
		ts.Check(err)
		list = append(list, strings.ReplaceAll(injection, "CANARY", ts.Getenv("MARKS")+"/canary"))
	}
	return list
}

// inject slack|terminal puts every injection into every place where people write something.
func inject(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: inject slack|terminal")
	}
	for i, text := range injections(ts) {
		switch args[0] {
		case "slack":
			injectInSlack(ts, i, text)
			if i%3 == 0 { // each makes three of the hundred Homes that Slack takes in a minute
				injectInModal(ts, text)
			}
		case "terminal":
			injectInTerminal(ts, i, text)
		}
	}
}

func injectInSlack(ts *testscript.TestScript, i int, text string) {
	say := func(who, line string) { typed(ts, who, line) }
	for _, action := range []string{"say-list", "say-script", "say-root"} {
		for _, value := range []string{text, `"` + text + `"`, "'" + text + "'"} {
			say("UOPERATOR", action+" web1 word="+value)
		}
	}
	for _, line := range []string{
		text, text + " web1", "say-list " + text, "say-list web1 " + text, "say-list web1 " + text + "=x", "say-list web1 word=x because " + text,
		"say-list web1 timeout=" + text, "preview say-list web1 word=" + text, "lock web1 " + text, "lock web1 1s because " + text, "can " + text,
	} {
		say("UOPERATOR", line)
	}
	for _, line := range []string{"trust " + text, "show " + text, "user grant " + text + " viewer", "user grant UVIEWER viewer action=" + text, "audit " + text,
		"freeze " + text, "freeze spare 1m because " + text, "unfreeze " + text, "schedule add " + text, "schedule pause " + text,
		fmt.Sprintf(`schedule add s%d say-script web1 cron="0 0 29 2 *" timezone=UTC duration=1h word=%s save=yes`, i, text),
	} {
		say("UADMIN", line)
	}
}

// typed is a slash command.
func typed(ts *testscript.TestScript, who, line string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := worldOf(ts).slack.SlashCommand(ctx, who, ops, "/server", line)
	ts.Check(err)
	if response.Error != "" {
		ts.Fatalf("%q: Slack tells %q", line, response.Error)
	}
}

// injectInModal asks for something that needs approval, and denies it in the form, from the Home tab, with the injection as the reason.
func injectInModal(ts *testscript.TestScript, text string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	slack := worldOf(ts).slack
	shown := func() string { home, _ := slack.Home("UADMIN"); return string(home.Blocks) }
	await := func(what string, so func() bool) {
		if err := slack.WaitFor(ctx, so); err != nil {
			ts.Fatalf("%s does not come about for %q: %v\n%s", what, text, err, shown())
		}
	}
	quiet(ts) // a form has to open within three seconds of the click
	typed(ts, "UOPERATOR", "judged web1 because "+text)
	ts.Check(slack.OpenHome("UADMIN"))
	await("the button on the Home", func() bool { return strings.Contains(shown(), "run.deny") })
	home, _ := slack.Home("UADMIN")
	opened := func() bool { _, open := slack.Modal("UADMIN"); return open }
	for !opened() { // where the machine is too busy for it, somebody presses again
		_, err := slack.ClickView(ctx, "UADMIN", home.ID, "run.deny")
		ts.Check(err)
		soon, done := context.WithTimeout(ctx, patience/10)
		_ = slack.WaitFor(soon, opened)
		done()
	}
	form, _ := slack.Modal("UADMIN")
	for reason := strings.ToValidUTF8(text, "?"); ; {
		response, err := slack.Submit(ctx, "UADMIN", form.ID, map[string][]string{"reason": {reason}})
		ts.Check(err)
		switch {
		case len(response.FieldErrors) > 0:
			reason = "unseen" // nothing of it can be seen, so it is no reason
		case response.Error == "":
			await("the Home without the button", func() bool { return !strings.Contains(shown(), "run.deny") })
			return
		}
	}
}

// named are the places of the terminal in which each injection goes: what is kept there is shown everywhere.
const named = 2

// places are where the terminal takes text. Of those after the named ones each injection goes to some: a process takes its time.
var places = []func(name, text string) []string{
	func(_, text string) []string { return []string{"server", "add", text, "--address", "10.0.0.1"} },
	func(name, text string) []string {
		return []string{"server", "add", name + "-tag", "--address", "10.0.0.1", "--tag", text}
	},
	func(name, text string) []string { return []string{"server", "add", name, "--address", text} },
	func(name, text string) []string {
		return []string{"server", "add", name, "--address", "10.0.0.1", "--user", text}
	},
	func(_, text string) []string { return []string{"server", "edit", "spare", "--note", text} },
	func(_, text string) []string { return []string{"server", "disable", "spare", "--reason", text} },
	func(_, text string) []string { return []string{"credential", "add", text, "--agent"} },
	func(_, text string) []string { return []string{"user", "grant", text, "viewer"} },
	func(_, text string) []string { return []string{"user", "grant", "UVIEWER", "viewer", "--action", text} },
	func(_, text string) []string {
		return []string{"run", "say-script", "web1", "word=" + text, "--reason", text}
	},
	func(_, text string) []string { return []string{"run", "say-script", text} },
	func(_, text string) []string { return []string{"action", "show", text} },
	func(name, _ string) []string { return []string{"action", "add", name + ".yaml"} },
	func(_, text string) []string { return []string{"show", text} },
	func(_, text string) []string { return []string{"audit", text} },
	func(_, text string) []string { return []string{"set", "main-host", text} },
}

func injectInTerminal(ts *testscript.TestScript, i int, text string) {
	if strings.ContainsRune(text, 0) {
		return // no program can be given that
	}
	name := fmt.Sprintf("evil%d", i)
	words := strconv.QuoteToASCII(strings.ToValidUTF8(text, ""))
	yaml := fmt.Sprintf("name: %s\ntitle: %s\ndescription: %s\nrole: viewer\nparameters:\n  - {name: p, type: string, default: %s, help: %s}\n"+
		"run:\n  linux: [echo, '{{p}}']\n", name, words, words, words, words)
	ts.Check(os.WriteFile(ts.MkAbs(name+".yaml"), []byte(yaml), 0o600))
	for j, place := range places {
		if j < named || (i+j)%4 == 0 {
			_ = ts.Exec("drover", place(name, text)...) // most of it is refused
			plainOutput(ts)
		}
	}
}

// plainOutput makes sure that what the last command printed commands no terminal.
func plainOutput(ts *testscript.TestScript) {
	for _, stream := range []string{"stdout", "stderr"} {
		text := strings.ReplaceAll(ts.ReadFile(stream), "\r\n", "\n")
		if at := strings.IndexFunc(text, executor.Unseen); at >= 0 || !utf8.ValidString(text) {
			ts.Fatalf("%s holds what a terminal acts upon, at %d: %q", stream, at, text)
		}
	}
}

// plain makes sure that what the last command printed commands no terminal.
func plain(ts *testscript.TestScript, _ bool, _ []string) { plainOutput(ts) }

// reading opens the database beside drover.
func reading(ts *testscript.TestScript) *sqlx.DB {
	db, err := sqlx.Open("sqlite3", "file:"+ts.Getenv("DROVER_DB")+"?mode=ro&_busy_timeout=5000")
	ts.Check(err)
	return db
}

// quiet waits until no run is open.
func quiet(ts *testscript.TestScript) {
	db := reading(ts)
	defer db.Close()
	deadline := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for open := 1; open > 0; {
		ts.Check(db.Get(&open, "SELECT count(*) FROM runs WHERE finished_at IS NULL"))
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("%d runs are not over", open)
		}
	}
}

// said waits until no run is open, and makes sure that the servers were given each word as it was recorded: at least so
// many of them.
func said(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: said COUNT")
	}
	least, err := strconv.Atoi(args[0])
	ts.Check(err)
	quiet(ts)
	db := reading(ts)
	defer db.Close()
	var runs []struct {
		Number         int
		Params, Stdout string
		Summary        string
	}
	ts.Check(db.Select(&runs, "SELECT r.number, r.params, t.stdout, t.summary FROM runs r JOIN targets t ON t.run_id = r.id WHERE r.action LIKE 'say-%'"))
	for _, run := range runs {
		params := map[string]string{"word": "x"} // the default
		ts.Check(json.Unmarshal([]byte(run.Params), &params))
		if want := ssh.Clean(params["word"] + "\n"); run.Stdout != want {
			ts.Fatalf("#%d: the server was given %q, not %q (%s)", run.Number, run.Stdout, want, run.Summary)
		}
	}
	if len(runs) < least {
		ts.Fatalf("only %d runs said something", len(runs))
	}
}
