package executor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"time"

	"drover/store"
)

// The settings, by the names that people type.
const (
	ApprovalExpiry = "approval-expiry"
	ApprovalsByTag = "approvals-by-tag"
	RunExpiry      = "run-expiry"
	PauseExpiry    = "pause-expiry"
	SelfApproval   = "self-approval"
	MainHost       = "main-host"
)

// Setting is a choice that the team makes while drover runs. The choice is a row, read each time it matters: it holds
// from the next request on, without a restart.
type Setting struct {
	Name    string
	Means   string // in one line, what it decides
	Default string
	read    func(value string) (kept string, err error) // checks a value and spells it as it is kept
}

// Settings are all there are, in the order of a list.
func Settings() []Setting {
	return []Setting{
		{ApprovalExpiry, "how long a run waits for its approvals before it expires", "1h", spanBetween(time.Second, 30*24*time.Hour)},
		{ApprovalsByTag, "how many approvals every change of a server with a tag needs at least, such as prod=2 db=1", "", byTag},
		{RunExpiry, "how long a run that changes something may wait to be begun", "10m", spanBetween(time.Second, 24*time.Hour)},
		{PauseExpiry, "how long a run waits for Continue after its canary before it expires", "1h", spanBetween(time.Second, 7*24*time.Hour)},
		{SelfApproval, "whether one may approve one's own run: for a team of one", "off", onOff},
		{MainHost, "the name or IP address that ping-main pings; by default the one that drover connects from", "", host},
	}
}

// FindSetting returns a setting by its name, or a refusal with the nearest name.
func FindSetting(name string) (Setting, error) {
	all := Settings()
	at := slices.IndexFunc(all, func(s Setting) bool { return s.Name == name })
	if at >= 0 {
		return all[at], nil
	}
	var known []string
	for _, s := range all {
		known = append(known, s.Name)
	}
	return Setting{}, usage("There is no setting called `%s`.%s `drover set` lists them.", quotable(name), DidYouMean(name, known))
}

// ByDefault is the word that takes a choice back.
const ByDefault = "default"

// Choose makes the team's choice. The value ByDefault takes it back. It returns the value that holds from now on.
func (e *Engine) Choose(ctx context.Context, actor store.Actor, name, value string) (string, error) {
	setting, err := FindSetting(name)
	if err != nil {
		return "", err
	}
	if value == ByDefault {
		return setting.Default, e.store.ResetSetting(ctx, actor, name)
	}
	if value, err = setting.read(value); err != nil {
		return "", usage("`%s` cannot be `%s`: %s. Nothing was changed.", name, quotable(value), err)
	}
	if name == ApprovalsByTag {
		if err := e.checkByTag(ctx, value); err != nil {
			return "", err
		}
	}
	return value, e.store.SetSetting(ctx, actor, name, value)
}

// Chosen is the value of a setting: the team's choice, or the default.
func (e *Engine) Chosen(ctx context.Context, name string) (string, error) {
	setting, err := FindSetting(name)
	if err != nil {
		return "", err
	}
	value, err := e.store.Setting(ctx, name)
	if err != nil || value != "" {
		return value, err
	}
	return setting.Default, nil
}

// span is the value of a setting that is a length of time.
func (e *Engine) span(ctx context.Context, name string) (time.Duration, error) {
	value, err := e.Chosen(ctx, name)
	if err != nil {
		return 0, err
	}
	span, err := store.ParseSpan(value)
	if err != nil {
		return 0, fmt.Errorf("setting %s: %w", name, err)
	}
	return time.Duration(span), nil
}

// Enabled is the value of a setting that is on or off.
func (e *Engine) Enabled(ctx context.Context, name string) (bool, error) {
	value, err := e.Chosen(ctx, name)
	return value == on, err
}

// spanBetween takes a length of time within bounds.
func spanBetween(least, most time.Duration) func(string) (string, error) {
	return func(value string) (string, error) {
		span, err := store.ParseSpan(value)
		if err != nil || time.Duration(span) < least || time.Duration(span) > most {
			return value, fmt.Errorf("it is a length of time from %s to %s, such as 10m, 8h or 7d", store.Span(least), store.Span(most))
		}
		return span.String(), nil
	}
}

const on, off = "on", "off"

func onOff(value string) (string, error) {
	if value != on && value != off {
		return value, fmt.Errorf("it is %s or %s", on, off)
	}
	return value, nil
}

// hostName never looks like an option to a command.
var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

func host(value string) (string, error) {
	if addr, err := netip.ParseAddr(value); err == nil && addr.Zone() == "" {
		return addr.String(), nil
	}
	if !hostName.MatchString(value) {
		return value, errors.New("it is the name or the IP address of a host")
	}
	return value, nil
}
