package bot_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"drover/bot"
	"drover/executor"
)

const everyScope = "app_mentions:read,channels:history,channels:read,chat:write,commands,files:write,groups:history,groups:read,im:history," +
	"im:read,im:write,usergroups:read, users:read"

func TestExamineSlack(t *testing.T) {
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		scopes, team string
		ahead        time.Duration
		want         []string // patterns
	}{
		"all well":          {everyScope, "T1", time.Second, []string{"^ok bot-token", "^ok scopes all 13", "^ok clock", "^ok app-token"}},
		"another team":      {everyScope, "T2", 0, []string{"^FAIL bot-token .* belongs to T2"}},
		"a scope is lost":   {strings.Replace(everyScope, "files:write,", "", 1), "", 0, []string{"^warn scopes 1 of 13", "^  files:write: .*too long"}},
		"no users:read":     {strings.Replace(everyScope, "users:read", "team:read", 1), "", 0, []string{"^FAIL scopes 1 of 13", "refuses everybody"}},
		"scopes are unsaid": {"", "", 0, []string{"^warn scopes"}},
		"ahead":             {everyScope, "", 20 * time.Second, []string{"^warn clock 20s ahead"}},
		"behind":            {everyScope, "", -20 * time.Second, []string{"^warn clock (20|21)s behind"}},
		"far off":           {everyScope, "", -2 * time.Minute, []string{"^FAIL clock .*behind"}},
	} {
		slack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", noon.Format(http.TimeFormat))
			if c.scopes != "" {
				w.Header().Set("X-OAuth-Scopes", c.scopes)
			}
			fmt.Fprint(w, `{"ok":true,"team":"Drover","team_id":"T1","user":"drover","url":"wss://127.0.0.1/"}`)
		}))
		found := bot.Examine(t.Context(), bot.Examination{
			AppToken: "xapp-1", BotToken: "xoxb-1", APIURL: slack.URL, Team: c.team, Now: func() time.Time { return noon.Add(c.ahead) },
		})
		slack.Close()
		for _, want := range c.want {
			if pattern := regexp.MustCompile("(?m)" + want); !pattern.MatchString(lines(found)) {
				t.Errorf("%s: %s does not match\n%s", name, want, lines(found))
			}
		}
	}
}

func TestExamineTheChannel(t *testing.T) {
	for name, c := range map[string]struct{ channel, says, want string }{
		"none":        {"", `{"ok":true}`, "^warn channel DROVER_CHANNEL is not set .* anchors of the audit log"},
		"in it":       {"C1", `{"ok":true,"channel":{"id":"C1","name":"ops","is_member":true}}`, "^ok channel drover is in #ops"},
		"not in it":   {"C1", `{"ok":true,"channel":{"id":"C1","name":"ops"}}`, "^FAIL channel drover is not in #ops .*/invite"},
		"shared":      {"C1", `{"ok":true,"channel":{"id":"C1","name":"ops","is_member":true,"is_ext_shared":true}}`, "^FAIL channel #ops is shared"},
		"unknown":     {"C1", `{"ok":false,"error":"channel_not_found"}`, "^FAIL channel Slack does not show drover the channel C1"},
		"cannot look": {"C1", `{"ok":false,"error":"missing_scope"}`, "^warn channel cannot look at the channel C1: missing_scope"},
	} {
		slack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "conversations.info") {
				fmt.Fprint(w, c.says)
				return
			}
			fmt.Fprint(w, `{"ok":true,"team":"Drover","team_id":"T1","user":"drover"}`)
		}))
		found := lines(bot.Examine(t.Context(), bot.Examination{BotToken: "xoxb-1", APIURL: slack.URL + "/", Channel: c.channel}))
		slack.Close()
		if !regexp.MustCompile("(?m)" + c.want).MatchString(found) {
			t.Errorf("%s: %s does not match\n%s", name, c.want, found)
		}
	}
}

func lines(found []executor.Finding) string {
	var text strings.Builder
	for _, f := range found {
		fmt.Fprintf(&text, "%s %s %s\n", f.Grade, f.Check, f.Text)
		for _, step := range f.Steps {
			fmt.Fprintf(&text, "  %s\n", step)
		}
	}
	return text.String()
}
