package executor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"drover/store"
)

// HoldKind is what keeps changes off a server.
type HoldKind string

// The kinds of hold.
const (
	HoldLock   HoldKind = "lock"   // somebody has the server to themselves
	HoldFreeze HoldKind = "freeze" // nobody changes it
)

// Done is what was done to a server that is held.
func (k HoldKind) Done() string {
	if k == HoldFreeze {
		return "frozen"
	}
	return "locked"
}

// Hold keeps runs that change something off servers for a while. Looking goes on.
type Hold struct {
	Kind    HoldKind    `json:"kind"`
	Servers []string    `json:"servers"`
	By      store.Actor `json:"by"` // who made it
	Reason  string      `json:"reason"`
	Until   store.Time  `json:"until"`
}

// Holds is what holds servers now: the one place that is asked, at the request, at the approval, at the dispatch and just
// before each command.
func (e *Engine) Holds(ctx context.Context, servers []store.Server) ([]Hold, error) {
	frozen, err := e.store.FrozenServers(ctx)
	if err != nil {
		return nil, err
	}
	locks, err := e.store.Locks(ctx)
	if err != nil {
		return nil, err
	}
	all := holding{servers: servers, list: []Hold{}}
	for _, f := range frozen {
		all.add(f.ServerID, f.Server, f.ID, Hold{Kind: HoldFreeze, By: f.CreatedBy, Reason: f.Reason, Until: f.Until})
	}
	for _, l := range locks {
		all.add(l.ServerID, l.Server, l.ID, Hold{Kind: HoldLock, By: l.Owner, Reason: l.Reason, Until: l.Until})
	}
	return all.list, nil
}

// holding collects what holds some servers, one hold for all that it holds.
type holding struct {
	servers []store.Server
	list    []Hold
	last    string // the id of the last hold
}

func (all *holding) add(serverID, server, id string, h Hold) {
	if !slices.ContainsFunc(all.servers, func(s store.Server) bool { return s.ID == serverID }) {
		return
	}
	if id != all.last {
		all.last, all.list = id, append(all.list, h)
	}
	at := len(all.list) - 1
	all.list[at].Servers = append(all.list[at].Servers, server)
}

// change is a run that would change something, as holds look at it.
type change struct {
	by     store.Actor
	origin store.Origin
	urgent bool // somebody breaks the glass
}

// keepsOff says whether a hold is in the way of a change. Whoever has locked a server has it to themselves, but what they
// once scheduled is not what they do now. An emergency passes, and is loud about it.
func (h Hold) keepsOff(c change) bool {
	return !c.urgent && (h.Kind != HoldLock || h.By != c.by || c.origin == store.Scheduled)
}

// inTheWay are the holds that keep a change off servers now.
func (e *Engine) inTheWay(ctx context.Context, c change, servers []store.Server) (_ []Hold, err error) {
	if c.by, err = e.inSlack(ctx, c.by); err != nil {
		return nil, err
	}
	all, err := e.Holds(ctx, servers)
	return slices.DeleteFunc(all, func(h Hold) bool { return !h.keepsOff(c) }), err
}

// heldOff refuses a plan that somebody asks for and that would change a server that is held.
func (e *Engine) heldOff(ctx context.Context, by store.Actor, origin store.Origin, plan *Plan) error {
	holds, err := e.holdsOf(ctx, by, origin, plan)
	if err != nil || len(holds) == 0 {
		return err
	}
	begin := "Wait"
	if len(plan.servers) > len(holds[0].Servers) {
		begin = fmt.Sprintf("Leave it out with `!%s`, wait", holds[0].Servers[0])
	}
	return refuse("%s. Nothing was run. %s %s%s", e.tellHolds(ctx, holds), begin, e.left(holds), holds[0].waysOut())
}

// stillFree refuses the plan of a run that was asked for before a server of it was held. The run is over then: waiting
// does not help it.
func (e *Engine) stillFree(ctx context.Context, run store.Run, plan *Plan) error {
	holds, err := e.holdsOf(ctx, run.RequestedBy, run.Origin, plan)
	if err != nil || len(holds) == 0 {
		return err
	}
	return refuse("%s. Ask again when that is over, in %s at the latest.", e.tellHolds(ctx, holds), e.left(holds))
}

// holdsOf are the holds in the way of a plan; none when it changes nothing.
func (e *Engine) holdsOf(ctx context.Context, by store.Actor, origin store.Origin, plan *Plan) ([]Hold, error) {
	if !plan.definition.Changes {
		return nil, nil
	}
	return e.inTheWay(ctx, change{by, origin, plan.Options.Urgent}, plan.servers)
}

func (e *Engine) tellHolds(ctx context.Context, holds []Hold) string {
	var texts []string
	for _, h := range holds {
		texts = append(texts, FoldNames(h.Servers)+" "+isOrAre(len(h.Servers))+" "+e.tellHold(ctx, h))
	}
	return strings.Join(texts, "; ")
}

// left is how long it takes until the last of some holds ends, in whole minutes: whatever zone somebody is in, they can wait.
func (e *Engine) left(holds []Hold) store.Span {
	var last store.Time
	for _, h := range holds {
		if h.Until.After(last.Time) {
			last = h.Until
		}
	}
	return store.Span((last.Sub(e.store.Now().Time) + time.Minute - 1).Truncate(time.Minute))
}

// waysOut is what else somebody can do who is kept off, at the end of a sentence.
func (h Hold) waysOut() string {
	if h.Kind == HoldFreeze {
		return ". Only an emergency passes: `urgent=true because …`."
	}
	return fmt.Sprintf(", or ask for `unlock %s`.", h.Servers[0])
}

// tellHold is what a hold does to its servers, in words that read the same in Slack, at the terminal and in the log.
func (e *Engine) tellHold(ctx context.Context, h Hold) string {
	return fmt.Sprintf("%s by %s until %s because %s", h.Kind.Done(), e.Name(ctx, h.By), h.Until.UTC().Format("2006-01-02 15:04 UTC"), OneLine(h.Reason))
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// free leaves out of what a schedule changes the servers that are held: at night nobody is there to leave them out.
func (e *Engine) free(ctx context.Context, r Request, entry store.Action, servers []store.Server) ([]store.Server, []Exclusion, error) {
	if r.Origin != store.Scheduled || r.Standing != nil {
		return servers, nil, nil
	}
	definition, err := Definition(entry)
	if err != nil || !definition.Changes {
		return servers, nil, err
	}
	holds, err := e.inTheWay(ctx, change{r.Actor, r.Origin, r.Options.Urgent}, servers)
	var held []Exclusion
	for _, h := range holds {
		for _, server := range h.Servers {
			held = append(held, Exclusion{server, e.tellHold(ctx, h)})
		}
	}
	return slices.DeleteFunc(servers, func(s store.Server) bool {
		return slices.ContainsFunc(held, func(x Exclusion) bool { return x.Server == s.Name })
	}), held, err
}
