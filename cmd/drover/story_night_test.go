package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/bot"
	"drover/bot/slacksim"
	"drover/executor/sshtest/sshd"
	"drover/store"
)

// nights is drover with a local Slack, real OpenSSH servers and a clock that can be set: what happens at night, by day.
type nights struct {
	*testing.T
	fleet   *storyFleet
	slack   *slacksim.Server
	servers map[string]*sshd.Server
	db      string
	marks   string // a folder in which commands and the story leave each other files
	store   *store.Store
	off     func() // ends drover

	mu    sync.Mutex
	ahead time.Duration
}

func (n *nights) now() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return time.Now().Add(n.ahead)
}

// nightActions are the actions of these stories besides the built-in ones: hold waits for the story, raze needs approval.
const nightActions = `{name: hold, sudo: false, run: {linux: "touch %[1]s/began; while [ ! -e %[1]s/go ]; do sleep 0.1; done"}}
{name: raze, approvals: 1, sudo: false, run: {linux: "touch %[1]s/razed"}}`

func newNights(t *testing.T, fleet *storyFleet, servers ...string) *nights {
	t.Helper()
	n := &nights{T: t, fleet: fleet, servers: map[string]*sshd.Server{}, db: filepath.Join(t.TempDir(), "drover.db")}
	marks, err := os.MkdirTemp("", "drover-nights-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(marks) })
	must(t, os.Chmod(marks, 0o777))
	n.marks = marks
	n.slack, err = slacksim.New(slacksim.Config{Manifest: bot.Manifest(), Now: n.now})
	must(t, err)
	people := []string{"UADMIN", "UOPERATOR", "UVIEWER", "UAPPROVER"}
	for _, id := range people {
		must(t, n.slack.AddUser(slacksim.User{ID: id, Name: strings.ToLower(id[1:])}))
	}
	must(t, n.slack.AddChannel(slacksim.Channel{ID: ops, Name: "ops", Members: append([]string{n.slack.BotUserID()}, people...)}))
	must(t, n.slack.Start())
	t.Cleanup(func() { must(t, n.slack.Close()) })
	n.drover("credential", "add", "ops", "--key-file", fleet.keyFile)
	for _, name := range servers {
		n.enlist(name)
	}
	for _, grant := range []string{"UADMIN admin", "UOPERATOR operator", "UVIEWER viewer", "UAPPROVER approver"} {
		n.drover(append([]string{"user", "grant"}, strings.Fields(grant)...)...)
	}
	for line := range strings.SplitSeq(fmt.Sprintf(nightActions, marks), "\n") {
		file := filepath.Join(t.TempDir(), "action.yaml")
		must(t, os.WriteFile(file, []byte(line), 0o600))
		n.drover("action", "add", file)
	}
	return n
}

// enlist starts a real server and makes it known to drover; db1 has the tag db.
func (n *nights) enlist(name string) {
	n.Helper()
	server, err := sshd.Start(sshd.Config{AuthorizedKeys: []string{n.fleet.publicKey}, Replace: n.fleet.fakes})
	must(n.T, err)
	n.servers[name] = server
	n.Cleanup(func() { _ = server.Close() })
	host, port := server.Addr()
	n.drover("server", "add", name, "--address", host, "--port", fmt.Sprint(port), "--user", n.fleet.byKey.Name, "--credential", "ops", "--tag", strings.TrimRight(name, "0123456789"))
	n.drover("server", "trust", name, "--yes")
}

// drover runs a command at the terminal, and returns what it prints.
func (n *nights) drover(args ...string) string {
	n.Helper()
	var out, complaints bytes.Buffer
	c := &cli{in: strings.NewReader(""), out: &out, err: &complaints, getenv: func(name string) string {
		return map[string]string{
			"DROVER_DB": n.db, "SLACK_API_URL": n.slack.APIURL(), "SLACK_APP_TOKEN": n.slack.AppToken(), "SLACK_BOT_TOKEN": n.slack.BotToken(), "DROVER_LOG": "warn",
		}[name]
	}}
	if code := c.execute(n.Context(), args); code != exitDone {
		n.Fatalf("drover %s: exit %d\n%s%s", strings.Join(args, " "), code, out.String(), complaints.String())
	}
	return out.String()
}

// on starts drover, and waits until it listens.
func (n *nights) on() {
	n.Helper()
	s, err := store.Open(n.Context(), n.db, store.Options{Now: n.now})
	must(n.T, err)
	n.store = s
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	log := slog.New(slog.NewTextHandler(n.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	config := bot.Config{Store: s, Log: log, AppToken: bot.Token(n.slack.AppToken()), BotToken: bot.Token(n.slack.BotToken()), APIURL: n.slack.APIURL()}
	go func() { ended <- serve(ctx, s, log, config, ops) }()
	n.off = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			n.Error(err)
		}
	})
	n.Cleanup(n.off)
	n.await("a connection", func() bool { return n.slack.Connections() > 0 })
}

// setClock sets the clock, and has everybody look at it.
func (n *nights) setClock(at time.Time) {
	n.Helper()
	n.mu.Lock()
	n.ahead += at.Sub(time.Now().Add(n.ahead))
	n.mu.Unlock()
	if n.store != nil {
		_ = n.store.SetSetting(n.Context(), store.Drover, "clock", at.String()) // unless drover is off
	}
}

func (n *nights) await(what string, condition func() bool) {
	n.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := n.slack.WaitFor(ctx, condition); err != nil {
		n.Fatalf("%s did not happen: %v\n%s", what, err, n.transcript())
	}
}

func (n *nights) transcript() string {
	var text strings.Builder
	for _, m := range n.slack.Messages(ops) {
		fmt.Fprintf(&text, "%s\n", readable(m))
		for _, reply := range n.slack.Thread(ops, m.TS)[1:] {
			fmt.Fprintf(&text, "    %s\n", readable(reply))
		}
	}
	return text.String()
}

// says waits for a message in the channel with all of the parts in its text or blocks.
func (n *nights) says(parts ...string) slacksim.Message {
	n.Helper()
	var found slacksim.Message
	n.await(fmt.Sprintf("a message with %q", parts), func() bool {
		for _, m := range slices.Backward(n.slack.Messages(ops)) {
			if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(readable(m), part) }) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// threadSays waits for a reply to a message.
func (n *nights) threadSays(m slacksim.Message, parts ...string) {
	n.Helper()
	n.await(fmt.Sprintf("a reply with %q", parts), func() bool {
		return slices.ContainsFunc(n.slack.Thread(ops, m.TS)[1:], func(reply slacksim.Message) bool {
			return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(readable(reply), part) })
		})
	})
}

// types types a slash command, and returns the private answer.
func (n *nights) types(person, text string) string {
	n.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := n.slack.SlashCommand(ctx, person, ops, "/server", text)
	must(n.T, err)
	if response.Error != "" {
		n.Fatalf("Slack tells %s: %s", person, response.Error)
	}
	var answer struct{ Text string }
	if len(response.Payload) > 0 {
		must(n.T, json.Unmarshal(response.Payload, &answer))
	}
	return answer.Text
}

func (n *nights) presses(person string, m slacksim.Message, button string) {
	n.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := n.slack.Click(ctx, person, ops, m.TS, button)
	must(n.T, err)
}

// nightly adds a schedule in Slack, for three hours without the last, and returns when it begins next: in half a day.
func (n *nights) nightly(words string) time.Time {
	n.Helper()
	hour := n.now().UTC().Add(12 * time.Hour).Hour() // far off, whatever the time of the day
	answer := n.types("UADMIN", "schedule add nightly "+words+fmt.Sprintf(` cron="0 %d * * *" timezone=UTC duration=3h cutoff=1h save=yes`, hour))
	if !strings.Contains(answer, "`nightly` is saved") {
		n.Fatalf("the schedule: %s", answer)
	}
	var next []struct{ At time.Time }
	must(n.T, json.Unmarshal([]byte(n.drover("schedule", "next", "nightly", "--json")), &next))
	at := next[0].At
	for !at.After(n.now()) { // the terminal's clock is not set
		at = at.Add(24 * time.Hour)
	}
	return at
}

// marked waits for a file that a command leaves.
func (n *nights) marked(name string) {
	n.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(filepath.Join(n.marks, name)); err == nil {
			return
		}
		select {
		case <-deadline:
			n.Fatalf("%s did not appear\n%s", name, n.transcript())
		case <-tick.C:
		}
	}
}

// The stories of maintenance windows: the real drover, real OpenSSH servers, the local Slack.
func TestNights(t *testing.T) {
	if err := sshd.Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	fleet := newFleet(t)
	for name, story := range map[string]func(t *testing.T, fleet *storyFleet){
		"one server is down":          oneServerIsDown,
		"skip and delay":              skipAndDelay,
		"the cutoff in the middle":    theCutoffInTheMiddle,
		"an owner without rights":     anOwnerWithoutRights,
		"a freeze":                    aFreeze,
		"missed while drover was off": missedWhileOff,
		"approved once":               approvedOnce,
	} {
		t.Run(name, func(t *testing.T) { story(t, fleet) })
	}
}

func oneServerIsDown(t *testing.T, fleet *storyFleet) {
	n := newNights(t, fleet, "web1", "web2")
	n.on()
	at := n.nightly("update tag:web")
	n.setClock(at.Add(-time.Hour))
	n.says("*nightly* begins", "*update* on `tag:web`", "schedule.skip")
	must(t, n.servers["web2"].Close())
	n.setClock(at)
	card := n.says("Succeeded only in part #1", "schedule `nightly`", "<@UADMIN>")
	n.threadSays(card, "web2 refused the connection")
	report := n.says("*nightly* is done: 1 of 2 servers", "1 unreachable", "`web2`", "#1")
	n.threadSays(report, "`web2`", "refused the connection", "`web1`")
	if shown := n.drover("schedule", "show", "nightly"); !strings.Contains(shown, "done") {
		t.Errorf("afterwards it shows\n%s", shown)
	}
	var run runJSON
	must(t, json.Unmarshal([]byte(n.drover("show", "1", "--json")), &run))
	if run.Origin != store.Scheduled || run.Schedule != "nightly" {
		t.Errorf("the run is %+v", run)
	}
}

func skipAndDelay(t *testing.T, fleet *storyFleet) {
	n := newNights(t, fleet, "web1")
	n.on()
	at := n.nightly("update web1")
	n.setClock(at.Add(-time.Hour))
	n.presses("UOPERATOR", n.says("*nightly* begins"), "schedule.skip")
	n.says("*nightly* of", "is skipped · by <@UOPERATOR>")
	at = at.Add(24 * time.Hour)
	n.setClock(at.Add(-time.Hour))
	n.presses("UOPERATOR", n.says("*nightly* begins"), "schedule.delay")
	n.says("*nightly* begins", "delayed by <@UOPERATOR>")
	n.setClock(at.Add(time.Minute))
	n.setClock(at.Add(time.Hour))
	n.says("*nightly* is done: 1 of 1 servers")
	if history := n.drover("history"); strings.Count(history, "update") != 1 {
		t.Errorf("of two nights one was skipped, and it ran\n%s", history)
	}
	var runs []runJSON
	must(t, json.Unmarshal([]byte(n.drover("history", "--json")), &runs))
	if began := runs[0].CreatedAt; began.Before(at.Add(time.Hour)) {
		t.Errorf("it began at %s", began)
	}
}

func theCutoffInTheMiddle(t *testing.T, fleet *storyFleet) {
	n := newNights(t, fleet, "web1", "web2", "web3")
	n.on()
	at := n.nightly("hold tag:web batch=1")
	n.setClock(at)
	n.marked("began")
	n.setClock(at.Add(2*time.Hour + time.Minute)) // the window is open until 05:00, and nothing begins after 04:00
	n.says("web2", "skipped: not begun: the cutoff of its window had passed")
	must(t, os.WriteFile(filepath.Join(n.marks, "go"), nil, 0o644)) // what runs is left to finish
	n.says("Succeeded only in part #1", ":white_check_mark: `web1`", ":no_entry_sign: `web2`", ":no_entry_sign: `web3`")
	n.says("*nightly* is done: 1 of 3 servers", "2 not begun", "the cutoff of its window had passed")
}

func anOwnerWithoutRights(t *testing.T, fleet *storyFleet) {
	n := newNights(t, fleet, "web1")
	n.on()
	at := n.nightly("update web1")
	n.drover("user", "revoke", "UADMIN", "admin")
	n.drover("user", "grant", "UOPERATOR", "admin")
	n.setClock(at)
	n.says("*nightly* of", "was not run: its owner ", " has lost the right", "schedule edit nightly")
	n.setClock(at.Add(24 * time.Hour)) // it is stopped
	if answer := n.types("UOPERATOR", "schedule resume nightly"); !strings.Contains(answer, "Take it over") {
		t.Errorf("resumed for somebody who may not: %s", answer)
	}
	if answer := n.types("UOPERATOR", "schedule edit nightly save=yes"); !strings.Contains(answer, "revision 2") {
		t.Errorf("taken over: %s", answer)
	}
	n.setClock(at.Add(48 * time.Hour))
	n.says("Succeeded #1", "<@UOPERATOR>")
}

func aFreeze(t *testing.T, fleet *storyFleet) {
	n := newNights(t, fleet, "web1", "db1")
	n.on()
	at := n.nightly("update all")
	n.setClock(at.Add(-12 * time.Hour))
	if answer := n.types("UADMIN", "freeze tag:db until 3d because launch"); !strings.Contains(answer, "`tag:db` is frozen") {
		t.Fatalf("the freeze: %s", answer)
	}
	if answer := n.types("UOPERATOR", "update db1"); !strings.Contains(answer, "db1 is frozen by admin") {
		t.Errorf("chat is not held: %s", answer)
	}
	n.setClock(at)
	n.says("*nightly* is done: 1 of 1 servers", "Left out: `db1` frozen by")
	if answer := n.types("UOPERATOR", "status db1"); answer != "" {
		t.Errorf("looking is held: %s", answer)
	}
	n.says("Succeeded #2")
	n.types("UADMIN", "unfreeze tag:db")
	n.setClock(at.Add(24 * time.Hour))
	n.says("*nightly* is done: 2 of 2 servers")
}

func missedWhileOff(t *testing.T, fleet *storyFleet) {
	n := newNights(t, fleet, "web1")
	n.on()
	at := n.nightly("update web1")
	n.off()
	n.setClock(at.Add(time.Hour)) // its window is still open
	n.on()
	n.says("*nightly* is done: 1 of 1 servers")
	n.off()
	n.setClock(at.Add(3*24*time.Hour + 2*time.Hour + time.Minute)) // three nights later, after the cutoff
	n.on()
	n.says("*nightly* of", "was not run: drover was not running, and its window is over · 3 times in all")
	var shown scheduleJSON
	must(t, json.Unmarshal([]byte(n.drover("schedule", "show", "nightly", "--json")), &shown))
	var states []string
	for _, o := range slices.Backward(shown.Occurrences) {
		states = append(states, string(o.State))
	}
	if got := strings.Join(states, " "); got != "done missed missed missed" {
		t.Errorf("the nights were %s", got)
	}
	if history := n.drover("history"); strings.Count(history, "update") != 1 {
		t.Errorf("it ran\n%s", history)
	}
}

func approvedOnce(t *testing.T, fleet *storyFleet) {
	n := newNights(t, fleet, "web1")
	n.on()
	at := n.nightly("raze web1")
	n.says("Waits for approval #1", "schedule nightly shall run it on web1", "run.approve")
	n.setClock(at.Add(-time.Hour)) // a run would have expired by now
	n.says("*nightly* waits for approval #1, and does not run before", "schedule.skip")
	n.setClock(at)
	n.says("*nightly* of", "was not run: Revision 1 of it waits for approval: #1")
	n.presses("UAPPROVER", n.says("Waits for approval #1", "run.approve"), "run.approve")
	n.says("Approved #1", "schedule `nightly` runs it from now on")
	if answer := n.types("UADMIN", "schedule edit nightly duration=4h save=yes"); !strings.Contains(answer, "#2 *raze* waits for approval: until then the schedule does not run") {
		t.Errorf("edited: %s", answer)
	}
	n.presses("UAPPROVER", n.says("Waits for approval #2", "run.approve"), "run.approve")
	n.says("Approved #2", "schedule `nightly` runs it from now on")
	if _, err := os.Stat(filepath.Join(n.marks, "razed")); err == nil {
		t.Error("the approval ran it")
	}
	n.setClock(at.Add(24 * time.Hour))
	n.marked("razed")
	n.says("Succeeded #3", "approved by <@UAPPROVER>")
}
