package slacksim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// manifest is the part of a Slack app manifest that the simulator acts on.
// Unknown fields are refused, as Slack refuses them.
type manifest struct {
	Metadata struct {
		Major int `json:"major_version"`
		Minor int `json:"minor_version"`
	} `json:"_metadata"`
	Display struct {
		Name            string `json:"name"`
		Description     string `json:"description"`
		LongDescription string `json:"long_description"`
		BackgroundColor string `json:"background_color"`
	} `json:"display_information"`
	Features manifestFeatures `json:"features"`
	OAuth    struct {
		Scopes struct {
			Bot []string `json:"bot"`
		} `json:"scopes"`
		RedirectURLs []string `json:"redirect_urls"`
	} `json:"oauth_config"`
	Settings manifestSettings `json:"settings"`
}

type manifestFeatures struct {
	AppHome struct {
		Home             bool `json:"home_tab_enabled"`
		Messages         bool `json:"messages_tab_enabled"`
		MessagesReadOnly bool `json:"messages_tab_read_only_enabled"`
	} `json:"app_home"`
	BotUser struct {
		DisplayName  string `json:"display_name"`
		AlwaysOnline bool   `json:"always_online"`
	} `json:"bot_user"`
	SlashCommands []manifestCommand  `json:"slash_commands"`
	Shortcuts     []manifestShortcut `json:"shortcuts"`
}

type manifestCommand struct {
	Command      string `json:"command"`
	Description  string `json:"description"`
	UsageHint    string `json:"usage_hint"`
	URL          string `json:"url"`
	ShouldEscape bool   `json:"should_escape"`
}

type manifestShortcut struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	CallbackID  string `json:"callback_id"`
	Description string `json:"description"`
}

type manifestSettings struct {
	EventSubscriptions struct {
		RequestURL string   `json:"request_url"`
		BotEvents  []string `json:"bot_events"`
	} `json:"event_subscriptions"`
	Interactivity struct {
		Enabled    bool   `json:"is_enabled"`
		RequestURL string `json:"request_url"`
	} `json:"interactivity"`
	SocketMode    bool `json:"socket_mode_enabled"`
	OrgDeploy     bool `json:"org_deploy_enabled"`
	TokenRotation bool `json:"token_rotation_enabled"`
}

// parseManifest reads and checks a manifest, and lists everything that Slack
// would refuse in it.
func parseManifest(data []byte) (manifest, error) {
	var m manifest
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return m, fmt.Errorf("read the app manifest: %w", err)
	}
	if err := m.check(); err != nil {
		return m, fmt.Errorf("invalid_manifest: %w", err)
	}
	return m, nil
}

func (m manifest) check() error {
	errs := []error{
		checkText("/display_information/name", m.Display.Name, 1, 35),
		checkText("/display_information/description", m.Display.Description, 0, 140),
		checkText("/features/bot_user/display_name", m.Features.BotUser.DisplayName, 1, 80),
	}
	if !m.Settings.SocketMode {
		errs = append(errs, errors.New("/settings/socket_mode_enabled: must be true, there is no request URL here"))
	}
	errs = append(errs, m.checkScopes(), m.checkCommands(), m.checkShortcuts())
	return errors.Join(errs...)
}

func (m manifest) checkScopes() error {
	var errs []error
	if len(m.OAuth.Scopes.Bot) == 0 {
		errs = append(errs, errors.New("/oauth_config/scopes/bot: a bot user needs at least one scope"))
	}
	for _, scope := range m.OAuth.Scopes.Bot {
		if !slices.Contains(knownScopes(), scope) {
			errs = append(errs, fmt.Errorf("/oauth_config/scopes/bot: unknown scope %q", scope))
		}
	}
	for _, event := range m.Settings.EventSubscriptions.BotEvents {
		if _, ok := eventScope(event); !ok {
			errs = append(errs, fmt.Errorf("/settings/event_subscriptions/bot_events: unknown event %q", event))
		}
	}
	return errors.Join(errs...)
}

func (m manifest) checkCommands() error {
	var errs []error
	if len(m.Features.SlashCommands) > 0 && !m.hasScope("commands") {
		errs = append(errs, errors.New("/features/slash_commands: needs the scope commands"))
	}
	seen := map[string]bool{}
	for i, c := range m.Features.SlashCommands {
		at := fmt.Sprintf("/features/slash_commands/%d", i)
		if !strings.HasPrefix(c.Command, "/") || strings.ContainsAny(c.Command, " \t") || c.Command != strings.ToLower(c.Command) {
			errs = append(errs, fmt.Errorf("%s/command: %q is not a command", at, c.Command))
		}
		if seen[c.Command] {
			errs = append(errs, fmt.Errorf("%s/command: %q is there twice", at, c.Command))
		}
		seen[c.Command] = true
		errs = append(errs,
			checkText(at+"/command", c.Command, 2, 32),
			checkText(at+"/description", c.Description, 1, 2000),
			checkText(at+"/usage_hint", c.UsageHint, 0, 1000))
	}
	return errors.Join(errs...)
}

func (m manifest) checkShortcuts() error {
	var errs []error
	if len(m.Features.Shortcuts) > 0 && (!m.hasScope("commands") || !m.Settings.Interactivity.Enabled) {
		errs = append(errs, errors.New("/features/shortcuts: needs the scope commands and interactivity"))
	}
	if len(m.Features.Shortcuts) > 10 {
		errs = append(errs, errors.New("/features/shortcuts: at most 10"))
	}
	for i, c := range m.Features.Shortcuts {
		at := fmt.Sprintf("/features/shortcuts/%d", i)
		if c.Type != "global" && c.Type != "message" {
			errs = append(errs, fmt.Errorf("%s/type: %q is neither global nor message", at, c.Type))
		}
		errs = append(errs,
			checkText(at+"/name", c.Name, 1, 24),
			checkText(at+"/callback_id", c.CallbackID, 1, 255),
			checkText(at+"/description", c.Description, 1, 150))
	}
	return errors.Join(errs...)
}

func checkText(at, text string, shortest, longest int) error {
	n := utf8.RuneCountInString(text)
	if n < shortest || n > longest {
		return fmt.Errorf("%s: must have %d to %d characters, has %d", at, shortest, longest, n)
	}
	return nil
}

func (m manifest) hasScope(scope string) bool {
	return slices.Contains(m.OAuth.Scopes.Bot, scope)
}

// hears reports whether the app gets an event: it has to subscribe to it and to
// hold the scope for it.
func (m manifest) hears(event string) bool {
	if !slices.Contains(m.Settings.EventSubscriptions.BotEvents, event) {
		return false
	}
	scope, ok := eventScope(event)
	return ok && (scope == "" || m.hasScope(scope))
}

func (m manifest) command(name string) (manifestCommand, bool) {
	for _, c := range m.Features.SlashCommands {
		if c.Command == name {
			return c, true
		}
	}
	return manifestCommand{}, false
}

func (m manifest) shortcut(callbackID string) (manifestShortcut, bool) {
	for _, c := range m.Features.Shortcuts {
		if c.CallbackID == callbackID && c.Type == "global" {
			return c, true
		}
	}
	return manifestShortcut{}, false
}
