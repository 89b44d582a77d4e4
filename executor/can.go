package executor

import (
	"context"
	"errors"
	"slices"

	"drover/store"
)

// Answer says whether somebody may run an action, and what decides it on each server.
type Answer struct {
	Actor     store.Actor
	Action    string
	Role      store.Role // that it asks for
	Approvals int        // that it needs on these servers together
	Unmet     bool       // drover has not asked Slack about them yet
	NoTeam    bool       // nor which workspace its own is
	Servers   []ServerAnswer
}

// ServerAnswer is the answer for one server.
type ServerAnswer struct {
	Server string
	Verdict
	Holds []Hold // that would keep it off now, whatever somebody may
}

// Now says whether they may run it there at this moment.
func (s ServerAnswer) Now() bool { return s.Allowed && len(s.Holds) == 0 }

// May is the answer in a word, or in what keeps it off.
func (s ServerAnswer) May() string {
	switch {
	case !s.Allowed:
		return "no"
	case len(s.Holds) > 0:
		return "yes, but " + s.Holds[0].Kind.Done()
	}
	return "yes"
}

// Can answers whether somebody may run an action on servers: by the rights and the locks of now, without running
// anything. words are the action and the servers, as in a request.
func (e *Engine) Can(ctx context.Context, about store.Actor, words []string) (Answer, error) {
	request, err := ParseRequest(words)
	if err != nil {
		return Answer{}, err
	}
	if _, _, person := about.Slack(); !person {
		return Answer{}, usage("`%s` is nobody who could run something: ask about a person.", quotable(string(about)))
	}
	entry, err := e.FindAction(ctx, request.Action)
	if err != nil {
		return Answer{}, err
	}
	definition, err := Definition(entry)
	if err != nil {
		return Answer{}, err
	}
	servers, err := e.selected(ctx, request.Selector)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Actor: about, Action: entry.Name, Role: store.Role(definition.Role)}
	if answer.Approvals, err = e.approvalsNeeded(ctx, definition, servers); err != nil {
		return answer, err
	}
	decide, err := e.decider(ctx, &answer)
	if err != nil {
		return answer, err
	}
	var holds []Hold
	if definition.Changes {
		if holds, err = e.inTheWay(ctx, change{by: about, origin: store.Slash}, servers); err != nil {
			return answer, err
		}
	}
	for _, server := range servers {
		answer.Servers = append(answer.Servers, ServerAnswer{server.Name, decide(server), holdsOn(server, holds)})
	}
	return answer, nil
}

// decider is how the servers of an answer are decided: by the rights of whom it is about, or, for whom drover refuses
// whatever they were given, by that.
func (e *Engine) decider(ctx context.Context, a *Answer) (func(store.Server) Verdict, error) {
	rights, err := e.Rights(ctx, a.Actor)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		var ours string
		if ours, err = e.store.Setting(ctx, store.SettingTeam); err != nil {
			return nil, err
		}
		a.NoTeam = ours == ""
		rights, a.Unmet, err = e.rightsOfUnmet(ctx, ours, a.Actor)
		if err == nil && !a.Unmet {
			return func(store.Server) Verdict { return Verdict{Why: refusal.Text} }, nil
		}
	}
	return func(server store.Server) Verdict { return rights.Decide(a.Role, a.Action, server) }, err
}

// rightsOfUnmet are the rights that somebody will have when drover meets them, if Slack says nothing against it. ours is
// drover's own team; "": it is not known yet.
func (e *Engine) rightsOfUnmet(ctx context.Context, ours string, actor store.Actor) (rights Rights, unmet bool, err error) {
	team, id, _ := actor.Slack()
	if ours != "" && team != ours {
		return rights, false, nil
	}
	if _, err := e.store.User(ctx, team, id); !errors.Is(err, store.ErrNotFound) {
		return rights, false, err
	}
	all, err := e.store.Bindings(ctx, "")
	if err != nil {
		return rights, false, err
	}
	memberships, err := e.store.Memberships(ctx, id)
	return rightsBy(actor, all, memberships, e.store.Now()), true, err
}

// holdsOn are the holds of one server.
func holdsOn(server store.Server, holds []Hold) []Hold {
	var list []Hold
	for _, h := range holds {
		if slices.Contains(h.Servers, server.Name) {
			h.Servers = []string{server.Name}
			list = append(list, h)
		}
	}
	return list
}

// Alike puts the servers of an answer together for which the same is decided by the same.
func (a Answer) Alike() [][]ServerAnswer {
	var groups [][]ServerAnswer
	for _, s := range a.Servers {
		at := slices.IndexFunc(groups, func(g []ServerAnswer) bool { return g[0].alike(s) })
		if at < 0 {
			at, groups = len(groups), append(groups, nil)
		}
		groups[at] = append(groups[at], s)
	}
	return groups
}

func (s ServerAnswer) alike(t ServerAnswer) bool {
	sameBinding := s.Binding == nil && t.Binding == nil || s.Binding != nil && t.Binding != nil && s.Binding.ID == t.Binding.ID
	return sameBinding && s.Allowed == t.Allowed && s.Why == t.Why && slices.EqualFunc(s.Holds, t.Holds, func(a, b Hold) bool {
		return a.Kind == b.Kind && a.By == b.By && a.Reason == b.Reason && a.Until == b.Until
	})
}
