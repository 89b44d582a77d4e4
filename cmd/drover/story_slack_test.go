package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"drover/bot"
	"drover/bot/slacksim"
	"drover/executor/sshtest/sshd"
	"drover/store"
)

const (
	ops = "C0OPS"
	// patience is how long a story waits for something that must happen.
	patience = time.Minute
)

// storyWorld is what one story has for itself.
type storyWorld struct {
	slack   *slacksim.Server
	fleet   *storyFleet
	servers map[string]*sshd.Server
	seen    map[string]int // by person, the private answers before the last request

	vault      *vault // of a story about secrets
	packageDir string // where this test's source is
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *storyWorld { return ts.Value(worldKey{}).(*storyWorld) }

func setUp(env *testscript.Env, fleet *storyFleet) error {
	slack, err := slacksim.New(slacksim.Config{Manifest: bot.Manifest()})
	if err != nil {
		return err
	}
	people := []string{"UADMIN", "UOPERATOR", "UVIEWER", "UOUTSIDER"}
	for _, id := range people {
		if err := slack.AddUser(slacksim.User{ID: id, Name: strings.ToLower(id[1:])}); err != nil {
			return err
		}
	}
	members := append([]string{slack.BotUserID()}, people...)
	if err := slack.AddChannel(slacksim.Channel{ID: ops, Name: "ops", Members: members}); err != nil {
		return err
	}
	if err := slack.Start(); err != nil {
		return err
	}
	env.Defer(func() {
		if err := slack.Close(); err != nil {
			env.T().Log(err)
		}
	})
	// What the commands of a story leave on the servers: their users cannot get into the story's own folder.
	marks, err := os.MkdirTemp("", "drover-marks-")
	if err != nil {
		return err
	}
	env.Defer(func() { os.RemoveAll(marks) })
	if err := os.Chmod(marks, 0o777); err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	env.Values[worldKey{}] = &storyWorld{slack: slack, fleet: fleet, servers: map[string]*sshd.Server{}, seen: map[string]int{}, packageDir: dir}
	env.Vars = append(env.Vars,
		"SLACK_API_URL="+slack.APIURL(), "SLACK_APP_TOKEN="+slack.AppToken(), "SLACK_BOT_TOKEN="+slack.BotToken(),
		"DROVER_DB="+env.WorkDir+"/drover.db", "DROVER_ADMINS=UADMIN", "TEAM="+slack.Team().ID, "KEY="+fleet.keyFile,
		"KEY_USER="+fleet.byKey.Name, "PW_USER="+fleet.byPassword.Name, "NOSUDO_USER="+fleet.withoutSudo.Name, "TTY_USER="+fleet.oldSudo.Name, "MARKS="+marks,
	)
	return os.WriteFile(env.WorkDir+"/passwords", []byte(sudoPassword+"\n"+sudoPassword+"\n"), 0o600)
}

// wait waits until the condition holds in Slack, or fails the story with what it waited for.
func (w *storyWorld) wait(ts *testscript.TestScript, what string, condition func() bool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.slack.WaitFor(ctx, condition); err != nil {
		ts.Fatalf("%s did not happen: %v\nthe last messages:\n%s", what, err, w.transcript())
	}
}

func (w *storyWorld) transcript() string {
	var text strings.Builder
	for _, m := range w.slack.Messages(ops) {
		fmt.Fprintf(&text, "%s %s\n", m.Text, m.Metadata)
		for _, reply := range w.slack.Thread(ops, m.TS)[1:] {
			fmt.Fprintf(&text, "  %s %s\n", reply.Text, reply.Metadata)
		}
	}
	return text.String()
}

// connected waits until drover listens.
func connected(ts *testscript.TestScript, _ bool, _ []string) {
	w := worldOf(ts)
	w.wait(ts, "a connection", func() bool { return w.slack.Connections() > 0 })
}

// away on|off makes Slack unreachable, and reachable again.
func away(ts *testscript.TestScript, _ bool, args []string) { worldOf(ts).slack.Away(args[0] == "on") }

// usergroup ID HANDLE MEMBER… makes a usergroup in Slack, or changes who is in it.
func usergroup(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(worldOf(ts).slack.SetUserGroup(slacksim.UserGroup{ID: args[0], Handle: args[1], Members: args[2:]}))
}

// posted PATTERN waits for a message in #ops that matches.
func posted(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	w.wait(ts, "a message like "+args[0], func() bool {
		return slices.ContainsFunc(w.slack.Messages(ops), func(m slacksim.Message) bool { return pattern.MatchString(m.Text) })
	})
}

// eventually PATTERN COMMAND… runs a command until a line of what it prints matches.
func eventually(ts *testscript.TestScript, _ bool, args []string) {
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	until(ts, fmt.Sprintf("%q to print a line like %q", args[1:], args[0]), func() bool {
		ts.Check(ts.Exec(args[1], args[2:]...))
		return pattern.MatchString(ts.ReadFile("stdout"))
	})
}

// slash PERSON TEXT… types a slash command in #ops. The ack's payload is in the file "ack".
func slash(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := w.slack.SlashCommand(ctx, args[0], ops, "/server", strings.Join(args[1:], " "))
	ts.Check(err)
	if neg != (response.Error != "") {
		ts.Fatalf("Slack tells the person: %q", response.Error)
	}
	ts.Check(os.WriteFile(ts.MkAbs("ack"), response.Payload, 0o600))
}

// mention PERSON TEXT… writes "@drover TEXT" in #ops.
func mention(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	w.seen[args[0]] = len(w.slack.Ephemerals(args[0]))
	_, err := w.slack.PostMessage(args[0], ops, "", "<@"+w.slack.BotUserID()+"> "+strings.Join(args[1:], " "))
	ts.Check(err)
}

// click PERSON BUTTON presses a button of the last card.
func click(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	last, ok := w.lastCard(0)
	if !ok {
		ts.Fatalf("there is no card")
	}
	w.seen[args[0]] = len(w.slack.Ephemerals(args[0]))
	_, err := w.slack.Click(ctx, args[0], ops, last.TS, args[1])
	ts.Check(err)
}

// press PERSON BUTTON presses a button of the last message that has it: of those that only this person sees, or else of #ops.
func press(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	all := w.slack.Ephemerals(args[0])
	for _, m := range slices.Backward(append(w.slack.Messages(ops), all...)) {
		if strings.Contains(string(m.Blocks), args[1]) {
			w.seen[args[0]] = len(all)
			_, err := w.slack.Click(ctx, args[0], ops, m.TS, args[1])
			ts.Check(err)
			return
		}
	}
	ts.Fatalf("%s sees no button %s", args[0], args[1])
}

// send PERSON FIELD TEXT… fills in the modal that a person has before them, and sends it. What Slack then says at the
// fields is in the file "fields".
func send(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	w.wait(ts, "a modal", func() bool { _, open := w.slack.Modal(args[0]); return open })
	view, _ := w.slack.Modal(args[0])
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := w.slack.Submit(ctx, args[0], view.ID, map[string][]string{args[1]: {strings.Join(args[2:], " ")}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("fields"), fmt.Appendf(nil, "%v", response.FieldErrors), 0o600))
}

// told PERSON PATTERN waits until a message that only this person sees matches. It is in the file "answer".
func told(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	w.wait(ts, "an answer like "+args[1], func() bool {
		for _, m := range slices.Backward(w.slack.Ephemerals(args[0])) {
			if pattern.MatchString(m.Text) {
				ts.Check(os.WriteFile(ts.MkAbs("answer"), []byte(readable(m)), 0o600))
				return true
			}
		}
		return false
	})
}

// card RUN STATE waits for a run's card to show a state and, when it is final, for its thread to tell of every server.
// What card and thread say is in the files "card" and "thread".
func card(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	number, err := strconv.Atoi(args[0])
	ts.Check(err)
	servers := 0
	if len(args) > 2 {
		servers, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	w.wait(ts, fmt.Sprintf("run #%d %s", number, args[1]), func() bool {
		c, ok := w.lastCard(number)
		return ok && metadataOf(c).State == args[1] && w.told(c) >= servers
	})
	c, _ := w.lastCard(number)
	ts.Check(os.WriteFile(ts.MkAbs("card"), []byte(readable(c)), 0o600))
	var thread strings.Builder
	for _, m := range w.slack.Thread(ops, c.TS)[1:] {
		thread.WriteString(readable(m))
	}
	ts.Check(os.WriteFile(ts.MkAbs("thread"), []byte(thread.String()), 0o600))
}

// shows RUN PATTERN waits until the card of a run matches. What it says is in the file "card".
func shows(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	number, err := strconv.Atoi(args[0])
	ts.Check(err)
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	w.wait(ts, "a card like "+args[1], func() bool {
		c, ok := w.lastCard(number)
		return ok && pattern.MatchString(readable(c))
	})
	c, _ := w.lastCard(number)
	ts.Check(os.WriteFile(ts.MkAbs("card"), []byte(readable(c)), 0o600))
}

// edited TEXT waits until a reply in the last card's thread says it; what the thread says then is in the file "thread".
func edited(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	thread := func() string {
		var text strings.Builder
		c, _ := w.lastCard(0)
		for _, m := range w.slack.Thread(ops, c.TS)[1:] {
			text.WriteString(readable(m))
		}
		return text.String()
	}
	w.wait(ts, fmt.Sprintf("a reply with %q", args[0]), func() bool { return strings.Contains(thread(), args[0]) })
	ts.Check(os.WriteFile(ts.MkAbs("thread"), []byte(thread()), 0o600))
}

// readable is a message's text and blocks, without the escapes of JSON that only HTML needs.
func readable(m slacksim.Message) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(m.Text + "\n" + string(m.Blocks) + "\n")
}

// terminate sends SIGTERM to the commands in the background. testscript's own kill knows only INT and KILL.
func terminate(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// cards N asserts how many cards there are in #ops.
func cards(ts *testscript.TestScript, _ bool, args []string) {
	n := 0
	for _, m := range worldOf(ts).slack.Messages(ops) {
		if metadataOf(m).Run > 0 {
			n++
		}
	}
	if fmt.Sprint(n) != args[0] {
		ts.Fatalf("there are %d cards, and should be %s:\n%s", n, args[0], worldOf(ts).transcript())
	}
}

// answer PERSON waits for the private answer to a person's last mention or click; it is in the file "answer".
func answer(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	w.wait(ts, "an answer", func() bool { return len(w.slack.Ephemerals(args[0])) > w.seen[args[0]] })
	all := w.slack.Ephemerals(args[0])
	ts.Check(os.WriteFile(ts.MkAbs("answer"), []byte(all[len(all)-1].Text+"\n"), 0o600))
}

// await FILE waits until a file is there.
func await(ts *testscript.TestScript, _ bool, args []string) {
	until(ts, args[0]+" to appear", func() bool {
		_, err := os.Stat(ts.MkAbs(args[0]))
		if errors.Is(err, os.ErrNotExist) {
			return false
		}
		ts.Check(err)
		return true
	})
}

// stands RUN STATE waits until the database says so, for stories without Slack.
func stands(ts *testscript.TestScript, _ bool, args []string) {
	s, err := store.Open(context.Background(), ts.Getenv("DROVER_DB"), store.Options{})
	ts.Check(err)
	defer s.Close()
	number, err := strconv.Atoi(args[0])
	ts.Check(err)
	until(ts, fmt.Sprintf("run #%d to be %s", number, args[1]), func() bool {
		run, err := s.RunNumbered(context.Background(), number)
		if errors.Is(err, store.ErrNotFound) {
			return false
		}
		ts.Check(err)
		return string(run.State) == args[1]
	})
}

func until(ts *testscript.TestScript, what string, condition func() bool) {
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			ts.Fatalf("waited for %s in vain", what)
		case <-tick.C:
		}
	}
}

// lastCard is the newest card, or the one of a run.
func (w *storyWorld) lastCard(number int) (slacksim.Message, bool) {
	messages := w.slack.Messages(ops)
	for i := len(messages) - 1; i >= 0; i-- {
		if run := metadataOf(messages[i]).Run; run > 0 && (number == 0 || run == number) {
			return messages[i], true
		}
	}
	return slacksim.Message{}, false
}

// told counts the servers that the thread of a card tells of.
func (w *storyWorld) told(c slacksim.Message) int {
	n := 0
	for _, m := range w.slack.Thread(ops, c.TS)[1:] {
		n += len(metadataOf(m).Servers)
	}
	return n
}

type storyMetadata struct {
	Run     int      `json:"run"`
	State   string   `json:"state"`
	Servers []string `json:"servers"`
}

func metadataOf(m slacksim.Message) storyMetadata {
	var metadata struct {
		Payload storyMetadata `json:"event_payload"`
	}
	_ = json.Unmarshal(m.Metadata, &metadata) // other messages have none
	return metadata.Payload
}
