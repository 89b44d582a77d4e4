package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"drover/executor"
)

// A clock that is wrong by more than the first misleads people; by the second, every event looks too old to obey.
const (
	clockSlack = 5 * time.Second
	clockLimit = tooOld
)

// Examination is what the look at Slack needs.
type Examination struct {
	AppToken, BotToken Token
	APIURL             string           // "": Slack's
	Team               string           // the one that the database belongs to; "": none yet
	Channel            string           // DROVER_CHANNEL; "": none
	Now                func() time.Time // nil: time.Now
}

// Examine checks the tokens, what the app may do, and the clock against Slack's. It changes nothing, and opens no connection
// that receives events.
func Examine(ctx context.Context, x Examination) []executor.Finding {
	if x.Now == nil {
		x.Now = time.Now
	}
	list := x.bot(ctx)
	if x.AppToken != "" {
		list = append(list, x.app(ctx))
	}
	return list
}

// bot checks what the bot token tells.
func (x Examination) bot(ctx context.Context) []executor.Finding {
	if x.BotToken == "" {
		return nil
	}
	begin := x.Now()
	api := NewClient(x.APIURL, string(x.BotToken), "")
	self, err := api.AuthTestContext(ctx)
	if err != nil {
		return []executor.Finding{finding("bot-token", executor.Wrong, explainLogin(err).Error())}
	}
	now := begin.Add(x.Now().Sub(begin) / 2)
	return []executor.Finding{x.identity(self), scopes(self.Header), x.common(ctx, api), clock(self.Header, now)}
}

func finding(check string, grade executor.Grade, text string, steps ...string) executor.Finding {
	return executor.Finding{Subject: "slack", Check: check, Grade: grade, Text: text, Steps: steps}
}

func (x Examination) identity(self *slack.AuthTestResponse) executor.Finding {
	if x.Team != "" && x.Team != self.TeamID {
		return finding("bot-token", executor.Wrong, fmt.Sprintf("it is of the team %s, and this database belongs to %s: use another DROVER_DB for each team", self.TeamID, x.Team))
	}
	return finding("bot-token", executor.Fine, fmt.Sprintf("@%s in %s (%s)", self.User, self.Team, self.TeamID))
}

// common checks the channel for what was not asked for in one.
func (x Examination) common(ctx context.Context, api *slack.Client) executor.Finding {
	if x.Channel == "" {
		return finding("channel", executor.Worth, "DROVER_CHANNEL is not set for `drover serve`: no channel shows the anchors of the audit log or what the terminal asks for, "+
			"and approval can be asked for only in a channel")
	}
	info, err := api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: x.Channel})
	var refused slack.SlackErrorResponse
	switch {
	case errors.As(err, &refused) && refused.Err == "channel_not_found":
		return finding("channel", executor.Wrong, fmt.Sprintf("Slack does not show drover the channel %s: check DROVER_CHANNEL, and invite drover there", x.Channel))
	case err != nil:
		return finding("channel", executor.Worth, fmt.Sprintf("cannot look at the channel %s: %v", x.Channel, err))
	case info.IsExtShared, info.IsPendingExtShared:
		return finding("channel", executor.Wrong, fmt.Sprintf("#%s is shared with another organisation: choose a channel of your own for DROVER_CHANNEL", info.Name))
	case !info.IsMember:
		return finding("channel", executor.Wrong, fmt.Sprintf("drover is not in #%s and cannot write there: `/invite @drover`", info.Name))
	}
	return finding("channel", executor.Fine, fmt.Sprintf("drover is in #%s", info.Name))
}

// app checks the app-level token by asking for a connection, which is not opened.
func (x Examination) app(ctx context.Context) executor.Finding {
	if _, _, err := NewClient(x.APIURL, string(x.BotToken), string(x.AppToken)).StartSocketModeContext(ctx); err != nil {
		return finding("app-token", executor.Wrong, fmt.Sprintf("%v: it needs the scope connections:write, and Socket Mode to be on", explainLogin(err)))
	}
	return finding("app-token", executor.Fine, "Slack offers a connection")
}

// scopes compares what the app was given with what the manifest asks for.
func scopes(header http.Header) executor.Finding {
	said := header.Get("X-OAuth-Scopes")
	if said == "" {
		return finding("scopes", executor.Worth, "Slack does not say which scopes the app has: compare them with `drover manifest`")
	}
	given := strings.FieldsFunc(said, func(r rune) bool { return r == ',' || r == ' ' })
	wanted, err := wantedScopes()
	if err != nil {
		return finding("scopes", executor.Wrong, err.Error())
	}
	var missing []string
	grade := executor.Worth
	for _, scope := range wanted {
		if slices.Contains(given, scope) {
			continue
		}
		loss, vital := without(scope)
		missing = append(missing, scope+": "+loss)
		if vital {
			grade = executor.Wrong
		}
	}
	if len(missing) == 0 {
		return finding("scopes", executor.Fine, fmt.Sprintf("all %d of the manifest", len(wanted)))
	}
	return finding("scopes", grade, fmt.Sprintf("%d of %d are missing: put `drover manifest` under App Manifest of the app's settings and install it again", len(missing), len(wanted)), missing...)
}

func wantedScopes() ([]string, error) {
	var m struct {
		OAuth struct {
			Scopes struct {
				Bot []string `json:"bot"`
			} `json:"scopes"`
		} `json:"oauth_config"`
	}
	if err := json.Unmarshal(Manifest(), &m); err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	return m.OAuth.Scopes.Bot, nil
}

// without says what drover cannot do without a scope, and whether it is of no use then.
func without(scope string) (loss string, vital bool) {
	switch scope {
	case "app_mentions:read":
		return "drover does not hear @drover in channels", false
	case "channels:history", "groups:history", "im:history":
		return "after a time-out drover cannot look whether its message arrived, and may post it twice", false
	case "channels:read", "groups:read", "im:read":
		return "drover cannot tell whether a channel is shared with another organisation", false
	case "chat:write":
		return "drover cannot answer at all", true
	case "commands":
		return "there is no /server", true
	case "files:write":
		return "drover cannot show output that is too long for a message", false
	case "im:write":
		return "drover cannot write to somebody directly where it may not post in a channel", false
	case "usergroups:read":
		return "drover cannot tell who is in a usergroup: what is given to one counts for nobody, and what one is denied is denied to everybody", false
	case "users:read":
		return "drover cannot tell who somebody is, and refuses everybody", true
	}
	return "the manifest asks for it", false
}

// clock compares the clock of this host with Slack's, whose Date has whole seconds.
func clock(header http.Header, now time.Time) executor.Finding {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return finding("clock", executor.Worth, "Slack does not say what time it is: compare this host's clock yourself")
	}
	off := now.Sub(date.Add(time.Second / 2)).Round(time.Second)
	text := fmt.Sprintf("%s behind Slack's", off.Abs())
	if off > 0 {
		text = fmt.Sprintf("%s ahead of Slack's", off)
	}
	switch {
	case off.Abs() >= clockLimit:
		return finding("clock", executor.Wrong, text+": drover takes every message for too old or too new. Set this host's clock (chrony, systemd-timesyncd)")
	case off.Abs() > clockSlack:
		return finding("clock", executor.Worth, text+": let something keep this host's clock (chrony, systemd-timesyncd)")
	}
	return finding("clock", executor.Fine, "it agrees with Slack's")
}
