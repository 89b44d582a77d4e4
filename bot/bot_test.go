package bot_test

import (
	"strings"
	"testing"

	"drover/bot"
	"drover/bot/slacksim"
	"drover/store"
)

// config is a bot of this world, with whatever else a test wants.
func (w *world) config(change func(*bot.Config)) bot.Config {
	c := bot.Config{Store: w.store, Log: w.logger(), AppToken: bot.Token(w.slack.AppToken()), BotToken: bot.Token(w.slack.BotToken()), APIURL: w.slack.APIURL()}
	change(&c)
	return c
}

func TestConnectAppointsTheAdmins(t *testing.T) {
	w := newWorld(t, &clock{})
	for range 2 { // each start says it again
		w.must(bot.New(w.config(func(c *bot.Config) { c.Admins = []string{"U0ADMIN", "W0ROOT"} })).Connect(t.Context()))
	}
	bindings, err := w.store.Bindings(t.Context(), "")
	w.must(err)
	var admins []string
	for _, b := range bindings {
		if b.Role == store.Admin && b.Effect == store.Allow {
			admins = append(admins, string(b.Subject))
		}
	}
	if got, want := strings.Join(admins, " "), string(w.actor("U0ADMIN")+" "+w.actor("W0ROOT")); got != want {
		t.Errorf("the admins are %s, want %s", got, want)
	}
	if strings.Contains(w.log.text(), "nobody is admin") {
		t.Error("the log says that nobody is admin")
	}
}

// Without an admin nobody could ever say who may do what. Whom Slack does not know, or drover refuses, is none.
func TestConnectNeedsAnAdmin(t *testing.T) {
	admin := func(w *world, who string, change func(*store.Binding)) {
		b := store.Binding{Subject: w.actor(who), Role: store.Admin, ActionGlob: "*", Effect: store.Allow}
		change(&b)
		w.must(w.store.Grant(w.Context(), store.Drover, b))
	}
	asItIs := func(*store.Binding) {}
	const yes = ""
	for name, c := range map[string]struct {
		prepare func(*world)
		admins  []string
		want    string
	}{
		"nobody":           {func(*world) {}, nil, "nobody is admin: make somebody one with `drover user grant U… admin`"},
		"by environment":   {func(*world) {}, []string{"U0ADMIN"}, yes},
		"by binding":       {func(w *world) { admin(w, "U0ADMIN", asItIs) }, nil, yes},
		"a name":           {func(*world) {}, []string{"admin"}, "read DROVER_ADMINS: `admin` is not a Slack user's id"},
		"unknown to Slack": {func(*world) {}, []string{"U0TYPO"}, "Slack knows nobody with the id U0TYPO"},
		"one of two":       {func(*world) {}, []string{"U0TYPO", "U0ADMIN"}, yes},
		"guest": {func(w *world) {
			w.must(w.slack.UpdateUser(slacksim.User{ID: "U0ADMIN", Name: "admin", Restricted: true}))
		}, []string{"U0ADMIN"}, "nobody is admin"},
		"of a tag":          {func(w *world) { admin(w, "U0ADMIN", func(b *store.Binding) { b.Tag = "web" }) }, nil, "nobody is admin"},
		"Slack cannot tell": {func(w *world) { w.slack.Fail("users.info", slacksim.Fault{Error: "internal_error"}) }, []string{"U0ADMIN"}, yes},
		"in a usergroup": {func(w *world) {
			w.must(w.slack.SetUserGroup(slacksim.UserGroup{ID: "S0OPS", Handle: "ops", Members: []string{"U0ADMIN"}}))
			admin(w, "", func(b *store.Binding) { b.Subject = "group:S0OPS" })
		}, nil, yes},
		"in an empty usergroup": {func(w *world) {
			w.must(w.slack.SetUserGroup(slacksim.UserGroup{ID: "S0OPS", Handle: "ops"}))
			admin(w, "", func(b *store.Binding) { b.Subject = "group:S0OPS" })
		}, nil, "nobody is admin"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, &clock{})
			c.prepare(w)
			err := bot.New(w.config(func(config *bot.Config) { config.Admins = c.admins })).Connect(t.Context())
			if c.want == yes && err != nil || c.want != yes && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestConnectSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*world)
		change  func(*bot.Config)
		want    string
	}{
		"wrong token":  {func(*world) {}, func(c *bot.Config) { c.BotToken = "xoxb-wrong" }, "check SLACK_BOT_TOKEN"},
		"nobody there": {func(*world) {}, func(c *bot.Config) { c.APIURL = "http://127.0.0.1:1" }, "is SLACK_API_URL right"},
		"Slack down":   {func(w *world) { w.slack.Away(true) }, func(*bot.Config) {}, "503"},
		"other team": {func(w *world) {
			w.must(w.store.SetSetting(w.Context(), store.Drover, store.SettingTeam, "T0OTHER"))
		}, func(*bot.Config) {}, "belongs to the Slack team T0OTHER"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, &clock{})
			c.prepare(w)
			err := bot.New(w.config(c.change)).Connect(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), w.slack.BotToken()) {
				t.Error("the error holds the token")
			}
		})
	}
}

// A token that was revoked ends the bot with a reason; a network that is down does not.
func TestRunEndsWhenSlackWillNotHaveUs(t *testing.T) {
	w := newWorld(t, &clock{})
	b := bot.New(w.config(func(c *bot.Config) { c.AppToken = "xapp-wrong" }))
	err := b.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "check SLACK_BOT_TOKEN (xoxb-…) and SLACK_APP_TOKEN") {
		t.Errorf("got %v", err)
	}
}

// The manifest is one that Slack takes.
func TestTheManifestIsTaken(t *testing.T) {
	if _, err := slacksim.New(slacksim.Config{Manifest: bot.Manifest()}); err != nil {
		t.Error(err)
	}
}
