package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"drover/executor"
	"drover/store"
)

// callTimeout bounds one call of Slack's Web API. slack-go's own client has no limit.
const callTimeout = 10 * time.Second

// Config is what a bot needs.
type Config struct {
	Store     *store.Store
	Engine    *executor.Engine
	Schedules Schedules
	Log       *slog.Logger
	AppToken  Token  // xapp-…, for Socket Mode
	BotToken  Token  // xoxb-…, for the Web API
	APIURL    string // "": Slack's; else a local Slack's, ending in /
	Admins    []string
}

// Bot takes what people type and click in Slack to the engine.
type Bot struct {
	store     *store.Store
	engine    *executor.Engine
	schedules Schedules
	log       *slog.Logger
	api       *slack.Client
	admins    []string
	self      slack.AuthTestResponse // who we are; set once by Connect
	homes     sync.Map               // by user id: whose turn it is to show their Home
}

// NewClient makes a client of Slack's Web API that ends every call in time.
func NewClient(apiURL, botToken, appToken string) *slack.Client {
	options := []slack.Option{slack.OptionHTTPClient(&http.Client{Timeout: callTimeout})}
	if appToken != "" {
		options = append(options, slack.OptionAppLevelToken(appToken))
	}
	if apiURL != "" {
		options = append(options, slack.OptionAPIURL(strings.TrimSuffix(apiURL, "/")+"/"))
	}
	return slack.New(botToken, options...)
}

// New makes a bot. Connect comes next, then Run.
func New(c Config) *Bot {
	return &Bot{
		store: c.Store, engine: c.Engine, schedules: c.Schedules, log: c.Log, admins: c.Admins,
		api: NewClient(c.APIURL, string(c.BotToken), string(c.AppToken)),
	}
}

// Connect asks Slack who we are and who is in the usergroups that matter, remembers the team, and makes the configured
// admins admins. It is an error when nobody is.
func (b *Bot) Connect(ctx context.Context) error {
	self, err := b.api.AuthTestContext(ctx)
	if err != nil {
		return fmt.Errorf("log in to Slack: %w", explainLogin(err))
	}
	b.self = *self
	known, err := b.store.Setting(ctx, store.SettingTeam)
	if err != nil {
		return err
	}
	if known != "" && known != self.TeamID {
		return fmt.Errorf("this database belongs to the Slack team %s, and the token to %s: use another DROVER_DB for each team", known, self.TeamID)
	}
	if err := b.store.SetSetting(ctx, store.Drover, store.SettingTeam, self.TeamID); err != nil {
		return err
	}
	if err := b.appointAdmins(ctx); err != nil {
		return err
	}
	if err := b.learnGroups(ctx); err != nil {
		b.log.Warn("cannot ask Slack who is in the usergroups of bindings; trying again later", "error", err)
	}
	return b.requireAdmin(ctx)
}

func (b *Bot) appointAdmins(ctx context.Context) error {
	for _, id := range b.admins {
		subject, err := executor.Subject(b.self.TeamID, id)
		if err != nil {
			return fmt.Errorf("read DROVER_ADMINS: %w", err)
		}
		binding := store.Binding{Subject: subject, Role: store.Admin, ActionGlob: "*", Effect: store.Allow}
		if err := b.store.Grant(ctx, store.Drover, binding); err != nil {
			return err
		}
	}
	return nil
}

// requireAdmin refuses to start where nobody could say who may do what. Whom Slack does not know is nobody; when it cannot
// tell just now, they are taken for somebody.
func (b *Bot) requireAdmin(ctx context.Context) error {
	admins, err := executor.Admins(ctx, b.store)
	if err != nil {
		return err
	}
	var unknown []string
	for _, admin := range admins {
		team, id, _ := admin.Slack()
		_, err := b.store.User(ctx, team, id)
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		err = b.askUser(ctx, id)
		var refused slack.SlackErrorResponse
		if errors.As(err, &refused) && refused.Err == "user_not_found" {
			unknown = append(unknown, id)
			continue
		}
		met, listErr := executor.Admins(ctx, b.store) // without them, if they are a guest
		if err != nil || listErr != nil || slices.Contains(met, admin) {
			return listErr
		}
	}
	if len(unknown) > 0 {
		return fmt.Errorf("%s (Slack knows nobody with the id %s)", executor.NoAdmin, strings.Join(unknown, ", "))
	}
	return errors.New(executor.NoAdmin)
}

// explainLogin says what to do about a token that Slack does not take.
func explainLogin(err error) error {
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) {
		return fmt.Errorf("%w (is SLACK_API_URL right, and the network up?)", err)
	}
	switch refused.Err {
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "not_allowed_token_type":
		return fmt.Errorf("%w: check SLACK_BOT_TOKEN (xoxb-…) and SLACK_APP_TOKEN (xapp-…)", err)
	}
	return err
}
