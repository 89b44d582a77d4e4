package executor

import (
	"context"
	"errors"
	"slices"
	"time"

	"drover/executor/action"
	"drover/store"
)

// lastTimes is how many of the last times on each server tell how long an action takes.
const lastTimes = 10

// Preview is a plan with what somebody wants to know before running it.
type Preview struct {
	Plan      *Plan
	Role      store.Role     // that the action asks for
	Approvals int            // by colleagues, before it runs
	Refusal   string         // why the one who asks may not run it now; "": they may
	Looks     bool           // the action has a command that only looks and tells more: Look runs it
	Expected  *Expected      // nil: it has not succeeded on any of the servers yet
	Holders   []store.Holder // other runs that have servers of the plan now
	TakesDown bool           // the action reboots the servers or shuts them down
	LastDown  []store.Past   // when that was done to each for the last time, as far as drover did it
}

// Expected is how long an action took in the past.
type Expected struct {
	Times   int           // that were looked at
	Median  time.Duration // on one server
	Slowest time.Duration // on one server
	All     time.Duration // an estimate for the whole plan, without the wait for Continue
}

// Preview says what a request would do. Nothing is run and nothing is recorded but a refusal. Whoever may look at all
// servers of the plan may ask.
func (e *Engine) Preview(ctx context.Context, r Request) (*Preview, error) {
	p, err := e.preview(ctx, r)
	return p, e.AuditRefusal(ctx, r.Actor, "action/"+r.Action, err)
}

func (e *Engine) preview(ctx context.Context, r Request) (*Preview, error) {
	rights, err := e.Rights(ctx, r.Actor)
	if err != nil {
		return nil, err
	}
	if !rights.Any() {
		return nil, rights.authorise(r.Action, store.Viewer, nil) // an outsider learns no name of ours
	}
	plan, err := e.Plan(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := rights.authorise(plan.Action, store.Viewer, plan.servers); err != nil {
		return nil, err
	}
	p := &Preview{Plan: plan, Role: store.Role(plan.definition.Role), Looks: plan.looks(), TakesDown: plan.takesDown()}
	if plan.Approval != nil {
		p.Approvals = plan.Approval.Needed
	}
	var refusal *Refusal
	if _, err := e.admit(ctx, r, rights, plan); errors.As(err, &refusal) {
		p.Refusal = refusal.Text
	} else if err != nil {
		return nil, err
	}
	return p, e.lookBack(ctx, p)
}

// lookBack adds what the rows tell of the past and of now.
func (e *Engine) lookBack(ctx context.Context, p *Preview) error {
	ids := make([]string, len(p.Plan.Targets))
	for i, t := range p.Plan.Targets {
		ids[i] = t.ServerID
	}
	past, err := e.store.Succeeded(ctx, []string{p.Plan.Action}, ids, lastTimes)
	if err != nil {
		return err
	}
	p.Expected = p.Plan.expected(past)
	if p.Plan.definition.Changes {
		if p.Holders, err = e.store.Holders(ctx, ids); err != nil {
			return err
		}
	}
	if !p.TakesDown {
		return nil
	}
	p.LastDown, err = e.store.LastDown(ctx, ids)
	return err
}

// NeverDown are the servers that the action takes down and of which drover does not know that it ever did.
func (p *Preview) NeverDown() []string {
	if !p.TakesDown {
		return nil
	}
	known := map[string]bool{}
	for _, past := range p.LastDown {
		known[past.Server] = true
	}
	var never []string
	for _, t := range p.Plan.Targets {
		if !known[t.Server] {
			never = append(never, t.Server)
		}
	}
	return never
}

// looks says whether a plan's action has a preview for any of its servers.
func (p *Plan) looks() bool {
	return slices.ContainsFunc(p.Targets, func(t PlanTarget) bool {
		_, ok := p.definition.Preview[action.Platform(t.Platform)]
		return ok
	})
}

// expected estimates a plan by the times that its action took on its servers.
func (p *Plan) expected(past []store.Past) *Expected {
	if len(past) == 0 {
		return nil
	}
	var all []time.Duration
	byServer := map[string][]time.Duration{}
	for _, t := range past {
		all = append(all, t.Took())
		byServer[t.ServerID] = append(byServer[t.ServerID], t.Took())
	}
	x := &Expected{Times: len(past), Median: median(all), Slowest: slices.Max(all)}
	atOnce := maxSessions
	if p.Options.Parallel > 0 {
		atOnce = p.Options.Parallel
	}
	sum, longest := map[int]time.Duration{}, map[int]time.Duration{}
	for _, t := range p.Targets {
		took := x.Median
		if own := byServer[t.ServerID]; len(own) > 0 {
			took = median(own)
		}
		sum[t.Batch] += took
		longest[t.Batch] = max(longest[t.Batch], took)
	}
	for batch := range sum {
		x.All += max(longest[batch], sum[batch]/time.Duration(atOnce))
	}
	return x
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)-1)/2]
}

// Look runs the commands of a preview, which only look: a run like any other, of which everybody who may look may ask.
// How it goes about its servers in batches is not its concern.
func (e *Engine) Look(ctx context.Context, r Request) (store.Run, error) {
	r.Options = Options{Preview: true, Parallel: r.Options.Parallel, Timeout: r.Options.Timeout}
	return e.Submit(ctx, r)
}
