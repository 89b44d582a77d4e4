package bot_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"drover/bot"
	"drover/bot/slacksim"
	"drover/executor"
	"drover/executor/ssh"
	"drover/executor/sshtest"
	"drover/scheduler"
	"drover/store"
)

// office is a world in which everything works: bot, engine, projector, and the servers web1 and db1.
type office struct {
	*world
	engine    *executor.Engine
	schedules *scheduler.Scheduler
	bot       *bot.Bot
	fleet     map[string]*sshtest.Server
	release   chan struct{} // closed: what `hold` runs on the servers ends
	razed     atomic.Int32  // the commands of `raze` that the servers were given
}

// definitions are the actions of the tests, besides the built-in ones.
var definitions = map[string]string{
	"poke": `{name: poke, role: operator, description: Pokes it, run: {linux: [poke, "{{word}}", "{{mode}}"]},
		parameters: [{name: word, type: string, pattern: '[a-z0-9-]+', default: x}, {name: mode, type: enum, values: [soft, hard], default: soft}]}`,
	"peek":  `{name: peek, role: viewer, changes: false, description: Looks, run: {linux: [peek]}}`,
	"hold":  `{name: hold, role: operator, run: {linux: [hold]}}`,
	"wreck": `{name: wreck, role: operator, run: {linux: [wreck]}}`,
	"patch": `{name: patch, role: operator, result: packages, run: {linux: [patch]}}`,
}

func openOffice(t *testing.T) *office {
	t.Helper()
	o := furnish(t)
	o.open()
	return o
}

// furnish makes an office in which nobody works yet.
func furnish(t *testing.T) *office {
	t.Helper()
	return furnishIn(t, slacksim.Team{})
}

// furnishIn is furnish in a workspace of a kind.
func furnishIn(t *testing.T, team slacksim.Team) *office {
	t.Helper()
	w := newWorldIn(t, &clock{}, team)
	o := &office{world: w, fleet: map[string]*sshtest.Server{}, release: make(chan struct{})}
	ctx := t.Context()
	o.engine = executor.New(executor.Config{Store: w.store, SSH: ssh.NewClient(ssh.Limits{}), Log: w.logger(), Owner: "test"})
	o.must(o.engine.InstallBuiltins(ctx))
	for name, yaml := range definitions {
		o.must(w.store.AddAction(ctx, store.Drover, name, yaml))
	}
	for id, role := range map[string]store.Role{"U0OPERATOR": store.Operator, "U0VIEWER": store.Viewer, "U0ADMIN": store.Admin} {
		o.grant(id, role)
	}
	o.must(w.store.SaveChannel(ctx, store.Channel{ID: ops, Visible: true}))
	o.must(w.store.AddCredential(ctx, store.Drover, "fleet", store.Secrets{Kind: store.CredentialPassword, Login: []byte("correct horse")}))
	o.enlist("web1", "web")
	o.enlist("db1", "db")
	o.schedules = scheduler.New(scheduler.Config{Store: w.store, Engine: o.engine, Log: w.logger()})
	o.bot = o.newBot()
	for id, name := range people { // drover has met them, so that a slow machine is not taken for a slow Slack
		o.must(w.store.SaveUser(ctx, store.User{TeamID: w.slack.Team().ID, SlackID: id, Name: name}))
	}
	return o
}

// newBot makes a bot, as a start of drover does.
func (o *office) newBot() *bot.Bot {
	return bot.New(bot.Config{
		Store: o.store, Engine: o.engine, Schedules: o.schedules, Log: o.logger(), AppToken: bot.Token(o.slack.AppToken()), BotToken: bot.Token(o.slack.BotToken()), APIURL: o.slack.APIURL(),
	})
}

// restarted is drover after it was away for a while.
func (o *office) restarted() {
	o.must(o.store.DoubtUsers(o.Context()))
	o.bot = o.newBot()
}

// open lets everybody work until the test ends.
func (o *office) open() {
	o.Helper()
	o.must(o.bot.Connect(o.Context()))
	o.background(o.projector().Run)
	o.background(o.engine.Run)
	o.background(o.schedules.Run)
	o.listen(o.bot)
}

// listen runs a bot, and waits until Slack has it on the line.
func (o *office) listen(b *bot.Bot) (stop func()) {
	o.Helper()
	stop = o.background(b.Run)
	o.await("the connection", func() bool { return o.slack.Connections() > 0 })
	return stop
}

// hire adds somebody whom drover has not met.
func (o *office) hire(id string, role store.Role) {
	o.Helper()
	o.must(o.slack.AddUser(slacksim.User{ID: id, Name: strings.ToLower(id)}))
	o.must(o.slack.Join(ops, id))
	o.grant(id, role)
}

func (o *office) grant(id string, role store.Role) {
	o.Helper()
	o.must(o.store.Grant(o.Context(), store.Drover, store.Binding{Subject: o.actor(id), Role: role, ActionGlob: "*", Effect: store.Allow}))
}

// enlist starts a server and makes it known to drover.
func (o *office) enlist(name string, tags ...string) {
	o.Helper()
	server, err := sshtest.Start(sshtest.Config{Handler: o.handle, Users: map[string]sshtest.User{"ops": {Password: "correct horse"}}})
	o.must(err)
	o.closeLater(server)
	o.fleet[name] = server
	credential, err := o.store.CredentialNamed(o.Context(), "fleet")
	o.must(err)
	address, port := server.Addr()
	o.must(o.store.AddServer(o.Context(), store.Drover, store.Server{
		Name: name, Address: address, Port: port, Platform: "linux", LoginUser: "ops", CredentialID: &credential.ID, Tags: tags,
	}))
	o.must(o.store.PinHostKeys(o.Context(), store.Drover, name, []store.HostKey{{PublicKey: server.HostKeyLine(), Fingerprint: "SHA256:" + name}}))
}

// handle is what the servers do: hold waits, wreck fails, anything else prints itself.
func (o *office) handle(s *sshtest.Session) int {
	switch {
	case strings.Contains(s.Command, "hold"):
		select {
		case <-o.release:
		case <-s.Context().Done():
			return 143
		}
	case strings.Contains(s.Command, "patch"):
		fmt.Fprintln(s.Stdout, "@@drover result\n@@drover changed nginx 1 2\n@@drover kernel 6.1.1 6.1.2\n@@drover reboot yes\n@@drover end")
		return 0
	case strings.Contains(s.Command, "raze"):
		o.razed.Add(1)
	case strings.Contains(s.Command, "wreck"):
		fmt.Fprintln(s.Stderr, "it broke")
		return 1
	}
	fmt.Fprintln(s.Stdout, s.Command)
	return 0
}

// slash types a slash command and returns what the person reads in private; "" when nothing.
func (o *office) slash(user, channel, text string) string {
	o.Helper()
	response := o.command(user, channel, text)
	if response.Error != "" {
		o.Fatalf("Slack tells %s: %s\n%s", user, response.Error, o.log.text())
	}
	if response.Message == nil {
		return ""
	}
	if response.Message.To != user {
		o.Fatalf("the answer is for %q", response.Message.To)
	}
	return response.Message.Text
}

func (o *office) command(user, channel, text string) slacksim.Response {
	o.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := o.slack.SlashCommand(ctx, user, channel, "/server", text)
	o.must(err)
	return response
}

// mention writes "@drover text" and returns the message's ts.
func (o *office) mention(user, channel, thread, text string) string {
	o.Helper()
	ts, err := o.slack.PostMessage(user, channel, thread, "<@"+o.slack.BotUserID()+"> "+text)
	o.must(err)
	return ts
}

// whispered waits for the private message that is the next one somebody gets in a channel.
func (o *office) whispered(user string, before int) slacksim.Message {
	o.Helper()
	o.await("a private answer for "+user, func() bool { return len(o.slack.Ephemerals(user)) > before })
	return o.slack.Ephemerals(user)[before]
}

// click presses a button of a message and waits until the click is handled.
func (o *office) click(user string, m slacksim.Message, button string) {
	o.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := o.slack.Click(ctx, user, m.Channel, m.TS, button)
	o.must(err)
	if response.Error != "" {
		o.Fatalf("Slack tells %s: %s", user, response.Error)
	}
}

// shows waits until the card of a run shows a state, and returns it.
func (o *office) shows(channel string, run int, state store.RunState) slacksim.Message {
	o.Helper()
	is := func(m slacksim.Message) bool {
		p := metadataOf(m).Payload
		return p.Run == run && p.State == string(state)
	}
	o.await(fmt.Sprintf("#%d %s", run, state), func() bool { return slices.ContainsFunc(o.cards(channel), is) })
	cards := o.cards(channel)
	card := cards[slices.IndexFunc(cards, is)]
	o.awaitStore(func() error { // the post is in Slack before drover has noted it
		_, err := o.store.MessageOwner(context.Background(), channel, card.TS)
		return err
	})
	return card
}

// awaitStore waits until a look into the store goes well.
func (w *world) awaitStore(look func() error) {
	w.Helper()
	tooLate := time.After(patience)
	for {
		changed := w.store.Changed()
		err := look()
		if err == nil {
			return
		}
		select {
		case <-changed:
		case <-tooLate:
			w.Fatalf("it did not come to that: %v\n%s", err, w.log.text())
		}
	}
}

// begun waits until a run is under way on a server, and its card says so.
func (o *office) begun(run int) slacksim.Message {
	o.Helper()
	o.awaitRun(run, func(r store.Run) bool { return r.Targets[0].State == store.TargetRunning })
	return o.shows(ops, run, store.Running)
}

// awaitRun waits until a run is as wanted.
func (o *office) awaitRun(number int, wanted func(store.Run) bool) store.Run {
	o.Helper()
	var run store.Run
	o.awaitStore(func() (err error) {
		if run, err = o.store.RunNumbered(context.Background(), number); err == nil && !wanted(run) {
			err = fmt.Errorf("#%d stays %s", number, run.State)
		}
		return err
	})
	return run
}

// runs are all runs, the newest first.
func (o *office) runs() []store.Run {
	o.Helper()
	runs, err := o.store.Runs(o.Context(), 100)
	o.must(err)
	return runs
}

// nothingRan makes sure that no run was made and no server was asked to do anything.
func (o *office) nothingRan() {
	o.Helper()
	if runs := o.runs(); len(runs) > 0 {
		o.Errorf("%d runs were made", len(runs))
	}
	for name, server := range o.fleet {
		if server.Logins() > 0 {
			o.Errorf("drover logged in to %s", name)
		}
	}
}

// says makes sure that a text holds every part.
func (o *office) says(text string, parts ...string) {
	o.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			o.Errorf("%q does not say %q", text, part)
		}
	}
}
