package executor

import (
	"context"
	"errors"
	"fmt"

	"drover/store"
)

// groupNotKnown is why drover does not know at the moment what somebody may do.
const groupNotKnown = "drover cannot tell who is in a usergroup"

// notKnown refuses something for which rights are lacking that somebody may have after all.
func notKnown(what string, args ...any) error {
	return &Refusal{Kind: Policy, Unsure: true, Text: fmt.Sprintf(what, args...) + " is not known: " + groupNotKnown + "."}
}

// errNotKnown says that drover does not know just now whether a run may go on. It is asked again.
var errNotKnown = errors.New("it is not known whether the run may go on")

// doubt is a time in which drover does not know whether a run may go on.
type doubt struct {
	since store.Time
	seen  <-chan struct{} // what the store announced changes by at the last look
}

// lasts says whether nothing has changed since the last look that could end a doubt.
func (d *doubt) lasts(changed <-chan struct{}) bool { return d == nil || d.seen == changed }

func (d *doubt) err() error {
	if d == nil {
		return nil
	}
	return errNotKnown
}

// wonder lets what has not begun of a run wait until it is known whether it may, for as long as a run may wait to be begun:
// after that, what was asked for may be wrong. A schedule's has until its cutoff.
func (r *errand) wonder(ctx context.Context, changed <-chan struct{}, refusal *Refusal) error {
	if r.doubt == nil {
		r.doubt = &doubt{since: r.checked}
		r.engine.log.Warn("a run waits until it is known whether it may go on", "run", r.run.Number, "why", refusal.Reason())
	}
	r.doubt.seen = changed
	limit, err := r.engine.span(ctx, RunExpiry)
	if err != nil {
		return err
	}
	if r.run.BeginBy != nil || r.checked.Sub(r.doubt.since.Time) < limit {
		return errors.Join(errNotKnown, r.engine.store.NotePending(ctx, r.lease, refusal.Reason()))
	}
	return r.endRest(ctx, fmt.Sprintf("not begun within %s: %s", store.Span(limit), refusal.Reason()))
}

// believe ends a doubt: it is known that what has not begun may.
func (r *errand) believe(ctx context.Context) error {
	if r.doubt == nil {
		return nil
	}
	r.doubt = nil
	return r.engine.store.NotePending(ctx, r.lease, "")
}
