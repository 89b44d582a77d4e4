//go:build linux

package hosts_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"drover/bot"
	"drover/bot/slacksim"
	"drover/store"
)

const channel = "C0OPS"

// office is a world whose people talk to the real binary, in a local Slack.
type office struct {
	*world
	slack  *slacksim.Server
	binary string
}

// people and what they may do.
var people = map[string]store.Role{"UADMIN": store.Admin, "UOPERATOR": store.Operator, "UAPPROVER": store.Approver}

// build makes the real binary.
func build(t *testing.T) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "drover")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "drover/cmd/drover").CombinedOutput(); err != nil {
		t.Fatalf("build drover: %v\n%s", err, out)
	}
	return binary
}

func newOffice(t *testing.T, binary string, names ...string) *office {
	t.Helper()
	o := &office{world: newWorld(t, names...), binary: binary}
	var err error
	o.slack, err = slacksim.New(slacksim.Config{Manifest: bot.Manifest()})
	o.must(err)
	members := []string{o.slack.BotUserID()}
	for id, role := range people {
		o.must(o.slack.AddUser(slacksim.User{ID: id, Name: strings.ToLower(id[1:])}))
		members = append(members, id)
		o.must(o.store.Grant(t.Context(), root, store.Binding{
			Subject: store.Actor(o.slack.Team().ID + "/" + id), Role: role, ActionGlob: "*", Effect: store.Allow,
		}))
	}
	o.must(o.slack.AddChannel(slacksim.Channel{ID: channel, Name: "ops", Members: members}))
	o.must(o.slack.Start())
	t.Cleanup(func() { o.check(o.slack.Close()) })
	return o
}

// serve starts drover and waits until it listens. It is killed with kill -9 when the story ends, or before.
func (o *office) serve() (kill func()) {
	o.Helper()
	cmd := exec.Command(o.binary, "serve")
	cmd.Env = append(os.Environ(), "DROVER_DB="+o.path, "SLACK_API_URL="+o.slack.APIURL(), "SLACK_APP_TOKEN="+o.slack.AppToken(), "SLACK_BOT_TOKEN="+o.slack.BotToken())
	cmd.Stderr = o.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	o.must(cmd.Start())
	killed := false
	kill = func() {
		if !killed {
			killed = true
			_ = cmd.Process.Kill() // it may have ended
			_ = cmd.Wait()
		}
	}
	o.Cleanup(kill)
	o.wait("a connection", func() bool { return o.slack.Connections() > 0 })
	return kill
}

func (o *office) wait(what string, condition func() bool) {
	o.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := o.slack.WaitFor(ctx, condition); err != nil {
		var said strings.Builder
		for _, m := range o.slack.Messages(channel) {
			said.WriteString(m.Text + " " + string(m.Metadata) + " " + string(m.Blocks) + "\n")
		}
		o.Fatalf("%s did not come about: %v\n%s", what, err, said.String())
	}
}

// slash types a slash command.
func (o *office) slash(who, text string) {
	o.Helper()
	response, err := o.slack.SlashCommand(o.Context(), who, channel, "/server", text)
	o.must(err)
	if response.Error != "" || len(response.Payload) > 0 {
		o.Fatalf("%s is told %q %s", who, response.Error, response.Payload)
	}
}

// card waits until the card of the only run is in a state and says something, and returns it.
func (o *office) card(state, says string) slacksim.Message {
	o.Helper()
	var card slacksim.Message
	o.wait("a card that is "+state+" and says "+says, func() bool {
		for _, m := range o.slack.Messages(channel) {
			text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(m.Text + string(m.Blocks))
			if strings.Contains(string(m.Metadata), `"state":"`+state+`"`) && strings.Contains(text, says) {
				card = m
				return true
			}
		}
		return false
	})
	return card
}

func (o *office) click(who string, card slacksim.Message, button string) {
	o.Helper()
	_, err := o.slack.Click(o.Context(), who, channel, card.TS, button)
	o.must(err)
}
