package bot_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"drover/bot"
	"drover/bot/slacksim"
	"drover/executor"
	"drover/executor/action"
	"drover/executor/sshtest"
	"drover/store"
)

// injections are what somebody may type, or a server may print, to do more than be shown.
func injections(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/injection.txt")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		injection, err := strconv.Unquote(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, injection)
	}
	return list
}

// The only people, channels and groups that are ever named are those of the story; nobody is called, and no link leads anywhere.
func harmlessMark(m slacksim.Mark) bool {
	switch m.Kind {
	case "user":
		return people[m.Target] != "" || m.Target == "U0BOB" || m.Target == "U0CAROL"
	case "channel":
		return m.Target == ops
	case "group": // whoever asks who may do what reads of it alone
		return m.Target == "S0EVIL"
	case "date":
		return !strings.Contains(m.Target, "http")
	}
	return false
}

// checkSurface looks at everything that people see.
func (o *office) checkSurface() {
	o.Helper()
	told := map[string]bool{} // each once
	check := func(what, text string, marks []slacksim.Mark) {
		o.Helper()
		for _, m := range marks {
			if key := m.Kind + m.Target; !harmlessMark(m) && !told[key] {
				told[key] = true
				o.Errorf("%s: %s %q in %.300q", what, m.Kind, m.Target, m.Text)
			}
		}
		torn := strings.ReplaceAll(text, "`\u200b", "`") // as drover shows a fence inside a block
		if i := strings.IndexFunc(torn, executor.Unseen); i >= 0 || !utf8.ValidString(text) {
			o.Errorf("%s holds what cannot be seen, at %d: %.300q", what, i, text)
		}
		if strings.Count(text, "```")%2 > 0 {
			o.Errorf("%s opens a code block: %.300q", what, text)
		}
	}
	message := func(where string, m slacksim.Message) {
		if m.User != o.slack.BotUserID() {
			return
		}
		check(where, m.Text, m.Marks())
		for _, file := range m.Files {
			check(where+", a file's title", file.Title, nil)
		}
	}
	for _, c := range o.slack.Channels() {
		for _, m := range o.slack.Messages(c.ID) {
			for _, reply := range o.slack.Thread(c.ID, m.TS) {
				message(c.Name, reply)
			}
		}
	}
	for _, id := range append(slices.Sorted(maps.Keys(people)), "U0BOB", "U0CAROL") {
		for _, m := range o.slack.Ephemerals(id) {
			message("only for "+id, m)
		}
		for _, v := range o.slack.Modals(id) {
			check("a modal", string(v.Blocks), v.Marks())
		}
		if v, ok := o.slack.Home(id); ok {
			check("the Home tab", string(v.Blocks), v.Marks())
		}
	}
}

// quotedYAML is text as a YAML string.
func quotedYAML(text string) string { return strconv.QuoteToASCII(strings.ToValidUTF8(text, "")) }

// infest puts a text everywhere where drover keeps what people or servers said. It says whether drover takes an action
// that is described so.
func (o *office) infest(i int, text string) bool {
	o.Helper()
	ctx := o.Context()
	text = strings.ToValidUTF8(text, "?")
	name := fmt.Sprintf("evil%d", i)
	o.must(o.store.AddServer(ctx, store.Drover, store.Server{Name: name, Address: "10.0.0.1", Port: 22, Platform: "linux", LoginUser: "ops", Note: text}))
	if text != "" {
		o.must(o.store.SetDisabled(ctx, store.Drover, name, text))
	}
	yaml := fmt.Sprintf("{name: %s, role: viewer, title: %s, description: %s, run: {linux: [echo, \"{{p}}\"]}, "+
		"parameters: [{name: p, type: string, pattern: '[ -~]*', default: x, help: %s}]} # %s",
		name, quotedYAML(text), quotedYAML(text), quotedYAML(text), strings.ReplaceAll(text, "\n", " "))
	_, problems := action.Parse([]byte(yaml))
	o.must(o.store.AddAction(ctx, store.Drover, name, yaml))
	o.must(o.store.SetSetting(ctx, store.Drover, "main-host", text))
	o.must(o.store.AuditRefusal(ctx, store.Actor("local:"+text), "action/"+text, text))
	return problems == nil
}

// settled waits until every run is over and everything is shown. The clock runs ahead meanwhile: Slack takes a message a
// second for each channel.
func (o *office) settled() {
	o.Helper()
	tooLate := time.After(10 * patience)
	for {
		changed := o.store.Changed()
		behind, err := o.store.Behind(o.Context())
		o.must(err)
		open := slices.ContainsFunc(o.runs(), func(r store.Run) bool { return !r.State.Final() && r.State != store.AwaitingApproval })
		switch {
		case !open && len(behind) == 0:
			return
		case !open:
			o.clock.advance(time.Second)
		}
		select {
		case <-changed:
		case <-tooLate:
			o.Fatalf("%d messages are behind:\n%s", len(behind), o.log.text())
		case <-time.After(50 * time.Millisecond): // what waits for the clock
		}
	}
}

// Whatever is typed, kept or printed: nobody is pinged, no link is made, and no block is broken out of, wherever it is shown.
func TestNothingThatIsShownPingsOrLinks(t *testing.T) {
	o := furnish(t)
	all := injections(t)
	o.must(o.slack.AddUser(slacksim.User{ID: "U0VICTIM", Name: "victim"}))
	printer, err := sshtest.Start(sshtest.Config{Users: map[string]sshtest.User{"ops": {Password: "correct horse"}}, Handler: func(s *sshtest.Session) int {
		for _, text := range all {
			fmt.Fprintln(s.Stdout, text)
			fmt.Fprintln(s.Stderr, text)
		}
		return 1
	}})
	o.must(err)
	o.closeLater(printer)
	address, port := printer.Addr()
	web1, err := o.store.ServerNamed(t.Context(), "web1")
	o.must(err)
	web1.Address, web1.Port = address, port
	o.must(o.store.EditServer(t.Context(), store.Drover, web1))
	o.must(o.store.PinHostKeys(t.Context(), store.Drover, "web1", []store.HostKey{{PublicKey: printer.HostKeyLine(), Fingerprint: "SHA256:web1"}}))
	o.open()
	read := 0
	for i, text := range all {
		if o.infest(i, text) {
			read++
		}
		o.command("U0ADMIN", ops, "audit")
	}
	if read < len(all)*3/4 {
		t.Errorf("only %d of %d actions are ones that drover reads", read, len(all))
	}

	for i, text := range all {
		for _, line := range []string{
			text, "poke " + text, "poke web1 word=" + text, "poke web1 word=\"" + text + "\"", "poke web1 " + text + "=x", "poke web1 timeout=" + text,
			"peek web1 because " + text, "show " + text, fmt.Sprintf("show evil%d", i), fmt.Sprintf("actions evil%d", i), fmt.Sprintf("preview evil%d web1", i),
		} {
			o.command("U0OPERATOR", ops, line)
		}
		o.mention("U0OPERATOR", ops, "", "show "+text)
	}
	for _, verb := range bot.Verbs() {
		for _, words := range []string{"", "web1", "evil3", "1", "2", "@victim", "peek web1 because <!channel>", all[0], "<!channel>"} {
			o.command("U0ADMIN", ops, verb+" "+words)
		}
		for _, text := range all {
			o.command("U0ADMIN", ops, verb+" "+text)
		}
	}
	o.settled()
	o.checkSurface()
	if t.Failed() {
		return
	}
	if cards := o.cards(ops); len(cards) < len(all) {
		t.Errorf("there are only %d cards to look at", len(cards))
	}
	if !slices.ContainsFunc(o.replies(o.cards(ops)[0]), func(m slacksim.Message) bool { return strings.Contains(string(m.Blocks), "CANARY") }) {
		t.Error("no reply shows what the server printed")
	}
}

// The same for what people say to one another through drover: reasons of approvals, denials, locks and break-glass, on cards,
// in notices, in modals and on the Home tab.
func TestNothingInReasonsPingsOrLinks(t *testing.T) {
	o := openCourt(t)
	o.grant("U0OPERATOR", store.Breakglass)
	o.must(o.slack.AddUser(slacksim.User{ID: "U0VICTIM", Name: "victim"}))
	for i, text := range injections(t) {
		o.command("U0OPERATOR", ops, "raze web1 because "+text)
		asked := o.runs()[0]
		o.command("U0OPERATOR", ops, "lock db1 1h because "+text)
		o.command("U0OPERATOR", ops, "lock")
		switch { // a Home shows about ten
		case i%6 == 0:
			o.clickHome("U0BOB", o.home("U0BOB", asked.ID), "run.deny", asked.ID)
			o.send("U0BOB", o.modal("U0BOB"), map[string][]string{"reason": {strings.ToValidUTF8(text, "?")}})
			if i%36 == 0 {
				o.command("U0OPERATOR", ops, "raze web1 urgent=true because "+text)
			}
		case i%36 == 1: // it waits
		default:
			o.command("U0CAROL", ops, fmt.Sprintf("deny %d because %s", asked.Number, text))
		}
		if i%20 == 0 {
			o.home("U0BOB", "as of")
			o.home("U0OPERATOR", "as of")
			o.checkSurface()
		}
	}
	for _, user := range []string{"U0OPERATOR", "U0ADMIN", "U0BOB"} {
		for _, line := range []string{"pending", "report", "lock", "audit", "audit db1", "history", "help", "list"} {
			o.command(user, ops, line)
		}
		o.home(user, "as of")
	}
	o.settled()
	o.checkSurface()
}

// The same for what people are called in Slack, which they choose themselves, for the handles of usergroups, and for the words
// of schedules and freezes. A name has one line, wherever it is shown: none looks like one of drover's own.
func TestNothingInNamesAndWindowsPingsOrLinks(t *testing.T) {
	o := openOffice(t)
	ctx := t.Context()
	o.must(o.slack.AddUser(slacksim.User{ID: "U0VICTIM", Name: "victim"}))
	o.must(o.store.Grant(ctx, store.Drover, store.Binding{Subject: store.GroupActor("S0EVIL"), Role: store.Viewer, ActionGlob: "peek", Effect: store.Allow}))
	o.slash("U0OPERATOR", ops, "lock db1 2h because migration")
	o.slash("U0ADMIN", ops, `schedule add night poke web1 cron="`+o.farOff()+`" timezone=UTC duration=1h channel=`+ops+` save=yes`)
	for i, text := range injections(t) {
		text = strings.ToValidUTF8(text, "?")
		o.must(o.store.SaveUser(ctx, store.User{TeamID: o.slack.Team().ID, SlackID: "U0OPERATOR", Name: text}))
		o.must(o.store.SaveUsergroup(ctx, store.Usergroup{ID: "S0EVIL", Name: text, State: store.GroupGone, CheckedAt: o.store.Now()}))
		for _, line := range []string{
			"poke db1", "lock db1 1h because mine", "user revoke <@U0OPERATOR> breakglass", "user revoke group:S0EVIL admin", "user list", "can <@U0OPERATOR> poke db1", "lock",
			"show db1", "schedule add " + text, "schedule add s poke " + text, fmt.Sprintf(`schedule add s%d poke web1 cron="0 2 * * *" timezone=UTC duration=1h word=%q save=yes`, i, text),
			`schedule add s poke web1 cron="` + text + `" timezone=UTC duration=1h`, `schedule add s poke web1 cron="0 2 * * *" duration=1h timezone=` + text,
			"schedule pause night because " + text, "schedule pause night until " + text, "schedule skip night because " + text, "schedule show night", "schedule list",
			"freeze " + text, "freeze web1 " + text, "freeze web1 1h because " + text, "freeze", "preview poke web1", "unfreeze web1", "unfreeze " + text,
		} {
			said := o.command("U0ADMIN", ops, line)
			if said.Message != nil && !strings.Contains(line, text) && strings.Contains(said.Message.Text, "\n:white_check_mark: `db1`  succeeded") {
				t.Errorf("%q: a name adds a line of its own: %s", line, said.Message.Text)
			}
		}
	}
	o.settled()
	o.checkSurface()
}
