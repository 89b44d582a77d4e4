package executor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"drover/store"
)

const (
	freezeVerb   = "freeze"
	unfreezeVerb = "unfreeze"
)

// FreezeRequest is who wants nothing changed on which servers, until when and why.
type FreezeRequest struct {
	Actor    store.Actor
	Selector []string // all and tag:… take in servers that are added later
	Until    store.Time
	Reason   string
	Channel  string // where it and its end are told; "": DROVER_CHANNEL
}

// ParseFreeze reads the words of a freeze: servers as in a run, then until and when by the clock of a zone.
func ParseFreeze(words []string, now time.Time, zone *time.Location) (FreezeRequest, error) {
	var r FreezeRequest
	at := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, "until") })
	if at <= 0 {
		return r, usage("Say which servers and until when, for example `freeze tag:prod until Mon 08:00 because launch`. Nothing was frozen.")
	}
	for _, word := range words[:at] {
		if err := checkText(word); err != nil {
			return r, err
		}
		r.Selector = append(r.Selector, strings.ToLower(word))
	}
	var err error
	r.Until, err = Until(words[at+1:], now, zone)
	return r, err
}

// Freeze keeps every change off servers. It returns the freeze, and the runs that are changing its servers at this moment
// and go on. The error is a *Refusal when the actor may not.
func (e *Engine) Freeze(ctx context.Context, r FreezeRequest) (store.Freeze, []store.Busy, error) {
	f, err := e.freeze(ctx, r)
	if err = e.AuditRefusal(ctx, r.Actor, freezeVerb+"/"+strings.Join(r.Selector, " "), err); err != nil {
		return f, nil, err
	}
	frozen, err := e.store.FrozenServers(ctx)
	if err != nil {
		return f, nil, err
	}
	var busy []store.Busy
	for _, server := range frozen {
		if server.ID != f.ID {
			continue
		}
		runs, err := e.store.BusyWith(ctx, []store.Lock{{ServerID: server.ServerID, Server: server.Server}})
		if err != nil {
			return f, nil, err
		}
		busy = append(busy, runs...)
	}
	return f, busy, nil
}

func (e *Engine) freeze(ctx context.Context, r FreezeRequest) (store.Freeze, error) {
	if err := e.mayFreeze(ctx, r.Actor); err != nil {
		return store.Freeze{}, err
	}
	if r.Reason == "" {
		return store.Freeze{}, usage("Say why, so that others know: `freeze %s until … because launch`. Nothing was frozen.", strings.Join(r.Selector, " "))
	}
	words, err := e.freezeWords(ctx, r.Selector)
	if err != nil {
		return store.Freeze{}, err
	}
	f := store.Freeze{Selector: strings.Join(r.Selector, " "), Reason: OneLine(r.Reason), Channel: r.Channel, Until: r.Until}
	return e.store.AddFreeze(ctx, r.Actor, f, words, tellFrozen)
}

func (e *Engine) mayFreeze(ctx context.Context, actor store.Actor) error {
	rights, err := e.Rights(ctx, actor)
	if err != nil {
		return err
	}
	if ok, why := rights.MayConfigure(freezeVerb); !ok {
		return refuse("You may not freeze servers, or end a freeze: %s. Nothing was changed.", why)
	}
	return nil
}

// freezeWords are what a selector stands for. A word that names nothing is an error, as in a run.
func (e *Engine) freezeWords(ctx context.Context, selector []string) ([]store.FreezeWord, error) {
	all, err := e.store.Servers(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := selectServers(selector, all); err != nil {
		return nil, err
	}
	var words []store.FreezeWord
	for _, word := range selector {
		pattern, excluded := strings.CutPrefix(word, "!")
		names := []string{pattern}
		if pattern != "all" && !strings.HasPrefix(pattern, "tag:") {
			if names, err = match(pattern, all); err != nil {
				return nil, err
			}
		}
		for _, name := range names {
			words = append(words, store.FreezeWord{Word: name, Excluded: excluded})
		}
	}
	return words, nil
}

// Unfreeze ends the freezes that were made with the same words, or, without words, the only one there is.
func (e *Engine) Unfreeze(ctx context.Context, actor store.Actor, selector []string) ([]store.Freeze, error) {
	words := strings.ToLower(strings.Join(selector, " "))
	ended, err := e.unfreeze(ctx, actor, words)
	return ended, e.AuditRefusal(ctx, actor, unfreezeVerb+"/"+words, err)
}

func (e *Engine) unfreeze(ctx context.Context, actor store.Actor, selector string) ([]store.Freeze, error) {
	if err := e.mayFreeze(ctx, actor); err != nil {
		return nil, err
	}
	all, err := e.store.Freezes(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case len(all) == 0:
		return nil, usage("Nothing is frozen.")
	case selector == "" && len(all) == 1:
		selector = all[0].Selector
	case selector == "":
		return nil, usage("There are %d freezes. Say which one, in the words that made it, for example `unfreeze %s`. `freeze` lists them.", len(all), quotable(all[0].Selector))
	}
	var ended []store.Freeze
	for _, f := range all {
		if f.Selector != selector {
			continue
		}
		done, err := e.store.EndFreeze(ctx, actor, f, tellThawed)
		if err != nil {
			return ended, err
		}
		if done {
			ended = append(ended, f)
		}
	}
	if len(ended) == 0 {
		return nil, usage("There is no freeze of that. `freeze` lists what is frozen; say it in the same words.")
	}
	return ended, nil
}

// tellFrozen and tellThawed are what the channel reads of a freeze.
func tellFrozen(f store.Freeze) string {
	return fmt.Sprintf(":snowflake: %s froze `%s` until %s because %s. Nothing is changed there, whoever asks; looking goes on.",
		Mention(f.CreatedBy), quotable(f.Selector), Moment(f.Until), Escape(f.Reason))
}

func tellThawed(f store.Freeze) string {
	return fmt.Sprintf(":sunny: The freeze of `%s` is over. It was because %s.", quotable(f.Selector), Escape(f.Reason))
}
