package executor

import (
	"context"
	"slices"

	"drover/store"
)

// Cost is what a plan means for others, as far as the rows told when it was asked for. It decides nothing.
type Cost struct {
	Expected  *Expected    `json:"expected,omitempty"`   // nil: it has not succeeded on any of the servers yet
	TakesDown bool         `json:"takes_down,omitempty"` // the action reboots the servers or shuts them down
	LastDown  []store.Past `json:"last_down,omitempty"`  // when that was done to each for the last time
	CutOff    []CutOff     `json:"cut_off,omitempty"`    // what cannot be reached meanwhile
}

// CutOff is a server that goes down, and those that are reached through it.
type CutOff struct {
	Through string   `json:"through"`
	Servers []string `json:"servers"`
}

// cost says what a plan means for others.
func (e *Engine) cost(ctx context.Context, plan *Plan) (Cost, error) {
	p := &Preview{Plan: plan, TakesDown: plan.takesDown()}
	if err := e.lookBack(ctx, p); err != nil {
		return Cost{}, err
	}
	c := Cost{Expected: p.Expected, TakesDown: p.TakesDown, LastDown: p.LastDown}
	if !c.TakesDown {
		return c, nil
	}
	all, err := e.store.Servers(ctx)
	c.CutOff = plan.cutOff(all)
	return c, err
}

// cutOff lists who is reached through a server of the plan, over as many others as may be.
func (p *Plan) cutOff(all []store.Server) []CutOff {
	var list []CutOff
	for _, server := range p.servers {
		cut := CutOff{Through: server.Name}
		for _, other := range all {
			for jump := other.Through; jump != nil; jump = jump.Through {
				if jump.ID == server.ID {
					cut.Servers = append(cut.Servers, other.Name)
				}
			}
		}
		if len(cut.Servers) > 0 {
			slices.SortFunc(cut.Servers, CompareNames)
			list = append(list, cut)
		}
	}
	return list
}
