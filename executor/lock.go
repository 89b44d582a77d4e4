package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"drover/store"
)

const (
	lockVerb = "lock"
	// maxReason is how many characters of a reason others have to read.
	maxReason = 500
	// maxLock is the longest that somebody can keep others off a server at a time.
	maxLock = store.Span(30 * 24 * time.Hour)
)

// LockRequest is who wants which servers to themselves, for how long and why.
type LockRequest struct {
	Actor    store.Actor
	Selector []string // resolved now: a server that gets the tag tomorrow is not locked
	For      store.Span
	Reason   string
	Channel  string // where it and its end are told; "": DROVER_CHANNEL
}

// ParseLock reads the words of a lock: servers as in a run, and at the end how long.
func ParseLock(words []string) (LockRequest, error) {
	var r LockRequest
	for _, word := range words {
		if err := checkText(word); err != nil {
			return r, err
		}
		r.Selector = append(r.Selector, strings.ToLower(word))
	}
	last := len(r.Selector) - 1
	span, err := store.ParseSpan(r.Selector[last])
	if err != nil {
		return r, usage("Say at the end how long, for example `lock %s 2h because migration`. Nothing was locked.", quotable(strings.Join(words, " ")))
	}
	r.Selector, r.For = r.Selector[:last], span
	if last == 0 {
		return r, usage("Say which servers, for example `lock db1 %s because migration`. Nothing was locked.", span)
	}
	return r, nil
}

// Locks lists the locks that hold now.
func (e *Engine) Locks(ctx context.Context) ([]Hold, error) {
	all, err := e.store.Servers(ctx)
	if err != nil {
		return nil, err
	}
	holds, err := e.Holds(ctx, all)
	return slices.DeleteFunc(holds, func(h Hold) bool { return h.Kind != HoldLock }), err
}

// Lock keeps everybody else's changes off servers. It returns the locks, and the runs that are changing their servers at
// this moment and go on. The error is a *Refusal when the actor may not change one of the servers, or when somebody else
// has locked one: then none is locked.
func (e *Engine) Lock(ctx context.Context, r LockRequest) ([]store.Lock, []store.Busy, error) {
	locks, err := e.lock(ctx, r)
	if err = e.AuditRefusal(ctx, r.Actor, lockVerb+"/"+strings.Join(r.Selector, " "), err); err != nil {
		return nil, nil, err
	}
	busy, err := e.store.BusyWith(ctx, locks)
	return locks, busy, err
}

func (e *Engine) lock(ctx context.Context, r LockRequest) ([]store.Lock, error) {
	rights, err := e.Rights(ctx, r.Actor)
	if err != nil {
		return nil, err
	}
	if !rights.Any() {
		return nil, rights.authorise(lockVerb, store.Operator, nil) // an outsider learns no name of ours
	}
	servers, err := e.selected(ctx, r.Selector)
	if err != nil {
		return nil, err
	}
	switch {
	case r.For < store.Span(time.Minute) || r.For > maxLock:
		return nil, usage("A lock lasts from 1m to %s. Nothing was locked.", maxLock)
	case r.Reason == "":
		return nil, usage("Say why, so that others know: `lock %s %s because migration`. Nothing was locked.", strings.Join(r.Selector, " "), r.For)
	}
	if err := rights.mayLock(servers); err != nil {
		return nil, err
	}
	owner, err := e.inSlack(ctx, r.Actor)
	if err != nil {
		return nil, err
	}
	lock := store.Lock{Owner: owner, Reason: Clip(OneLine(r.Reason), maxReason), Channel: r.Channel, Until: e.store.Now().Add(time.Duration(r.For))}
	locks, err := e.store.LockServers(ctx, r.Actor, lock, servers, tellLocked, tellUnlocked)
	var taken *store.LockedError
	if errors.As(err, &taken) {
		hold := Hold{Kind: HoldLock, By: taken.Lock.Owner, Reason: taken.Lock.Reason, Until: taken.Lock.Until}
		return nil, refuse("%s is %s. Nothing was locked.", taken.Lock.Server, e.tellHold(ctx, hold))
	}
	return locks, err
}

// selected are the servers that words name.
func (e *Engine) selected(ctx context.Context, words []string) ([]store.Server, error) {
	all, err := e.store.Servers(ctx)
	if err != nil {
		return nil, err
	}
	return selectServers(words, all)
}

// mayLock refuses whoever may change nothing on one of the servers.
func (r Rights) mayLock(servers []store.Server) error {
	var denied []string
	for _, server := range servers {
		if !r.mayChange(server) {
			denied = append(denied, server.Name)
		}
	}
	if len(denied) > 0 {
		return refuse("You may not lock %s: that is for operators of it. Nothing was locked.", FoldNames(denied))
	}
	return nil
}

// mayChange says whether the actor may run anything that changes a server, and is not denied to lock it.
func (r Rights) mayChange(server store.Server) bool {
	if r.actor.Local() {
		return true
	}
	if v := r.Decide(store.Operator, lockVerb, server); v.Allowed || v.Binding != nil {
		return v.Allowed
	}
	return slices.ContainsFunc(r.bindings, func(b held) bool {
		return b.Effect == store.Allow && includes(b.Role, store.Operator) && (b.Tag == "" || server.HasTag(b.Tag))
	})
}

// Unlock ends locks: their owner's, or anybody's for an admin and at the terminal. It returns those that it ended. The
// error is a *Refusal when there is none, or one is somebody else's: then none is ended.
func (e *Engine) Unlock(ctx context.Context, actor store.Actor, selector []string) ([]store.Lock, error) {
	locks, err := e.unlock(ctx, actor, selector)
	return locks, e.AuditRefusal(ctx, actor, "unlock/"+strings.Join(selector, " "), err)
}

func (e *Engine) unlock(ctx context.Context, actor store.Actor, selector []string) ([]store.Lock, error) {
	rights, err := e.Rights(ctx, actor)
	if err != nil {
		return nil, err
	}
	if !rights.Any() {
		return nil, rights.authorise("unlock", store.Operator, nil)
	}
	servers, err := e.selected(ctx, selector)
	if err != nil {
		return nil, err
	}
	owner, err := e.inSlack(ctx, actor)
	if err != nil {
		return nil, err
	}
	may := func(l store.Lock) error {
		at := slices.IndexFunc(servers, func(s store.Server) bool { return s.ID == l.ServerID })
		if admin, _ := rights.MayRun(store.Admin, "unlock", servers[at]); admin || l.Owner == owner {
			return nil
		}
		return refuse("The lock of %s belongs to %s: ask them, or an admin. Nothing was unlocked.", l.Server, e.Name(ctx, l.Owner))
	}
	locks, err := e.store.UnlockServers(ctx, actor, servers, may, tellUnlocked)
	if err == nil && len(locks) == 0 {
		err = usage("There is no lock on %s.", FoldNames(names(servers, func(store.Server) bool { return true })))
	}
	return locks, err
}

func (e *Engine) expireLocks(ctx context.Context) error {
	return errors.Join(e.store.ExpireLocks(ctx, tellUnlocked), e.store.ExpireFreezes(ctx, tellThawed))
}

// tellLocked and tellUnlocked are what the channel reads of locks of one owner.
func tellLocked(locks []store.Lock) string {
	l := locks[0]
	return fmt.Sprintf(":lock: %s locked `%s` until %s because %s. Changes of everybody else are refused.",
		Mention(l.Owner), lockedNames(locks), Moment(l.Until), Escape(l.Reason))
}

func tellUnlocked(locks []store.Lock) string {
	l := locks[0]
	return fmt.Sprintf(":unlock: The lock of %s on `%s` is over. It was because %s.", Mention(l.Owner), lockedNames(locks), Escape(l.Reason))
}

func lockedNames(locks []store.Lock) string {
	var list []string
	for _, l := range locks {
		list = append(list, l.Server)
	}
	return Clip(FoldNames(list), 600)
}
