package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"drover/store"
)

// RefusalKind tells why nothing was run.
type RefusalKind int

// The kinds of refusal.
const (
	Usage  RefusalKind = iota // the request makes no sense: a word is wrong
	Policy                    // the request is clear, and not allowed
)

// Refusal is a request that was turned down. A refusal makes no run.
type Refusal struct {
	Kind RefusalKind
	Text string // for the person: the word or rule that was wrong, and what to do next
	Why  string // what is lacking, for whoever reads of somebody else's refusal; "": Text is for anybody

	Unsure bool // drover does not know at the moment whether they may: asked again soon, the answer may be another

	// By and At tell who decided before, and when, where that is why and as far as it is known: Text ends so that they can
	// follow it.
	By store.Actor
	At store.Time

	audited bool
}

func (r *Refusal) Error() string {
	text := r.Text
	if r.By != "" {
		text += fmt.Sprintf(" by %s", r.By)
	}
	if !r.At.IsZero() {
		text += " at " + r.At.Local().Format("2006-01-02 15:04:05")
	}
	return text
}

// Reason is why somebody else was turned down: to be read by others, who do not care that nothing was run then.
func (r *Refusal) Reason() string {
	if r.Why != "" {
		return r.Why
	}
	return strings.Replace(r.Text, " Nothing was run.", "", 1)
}

func usage(format string, args ...any) error {
	return &Refusal{Kind: Usage, Text: fmt.Sprintf(format, args...)}
}

func refuse(format string, args ...any) error {
	return &Refusal{Kind: Policy, Text: fmt.Sprintf(format, args...)}
}

// AuditRefusal records a request that was turned down, once however often it is passed on. It returns err, with what went
// wrong in recording it.
func (e *Engine) AuditRefusal(ctx context.Context, actor store.Actor, subject string, err error) error {
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.audited {
		return err
	}
	meant, lookErr := e.meant(ctx, subject)
	if lookErr != nil || refusal.Kind != Policy && !meant {
		return errors.Join(err, lookErr)
	}
	refusal.audited = true
	why := refusal.Text
	if refusal.By != "" {
		why += " by " + string(refusal.By)
	}
	return errors.Join(err, e.store.AuditRefusal(ctx, actor, subject, why))
}

// SlackSubject is what the log calls a request from Slack of which no more is known than how it came.
func SlackSubject(origin store.Origin) string { return "slack/" + string(origin) }

// meant says whether what was turned down is recorded even where only a word was wrong: what somebody clicked, and what they
// wanted of a run, or with an action that there is. A word that means nothing is not.
func (e *Engine) meant(ctx context.Context, subject string) (bool, error) {
	switch kind, name, _ := strings.Cut(subject, "/"); {
	case kind == "run", subject == SlackSubject(store.Button):
		return true, nil
	case kind == "action":
		_, err := e.store.ActionNamed(ctx, name)
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
	return false, nil
}
