package executor

import (
	"context"
	"errors"

	"drover/executor/action"
	"drover/store"
)

// Rendered is the exact command of an action for a server.
type Rendered struct {
	Server  string
	Command string
	Unfit   string // why the server could not run it now; "": it could
}

// Render makes the command for each server of a request, byte for byte what it would run, whether or not it can be
// reached: nothing is run. Servers of a platform without a command come with that reason.
func (e *Engine) Render(ctx context.Context, r Request) ([]Rendered, []Exclusion, error) {
	entry, err := e.FindAction(ctx, r.Action)
	if err != nil {
		return nil, nil, err
	}
	definition, err := Definition(entry)
	if err != nil {
		return nil, nil, err
	}
	all, err := e.store.Servers(ctx)
	if err != nil {
		return nil, nil, err
	}
	servers, err := selectServers(r.Selector, all)
	if err != nil {
		return nil, nil, err
	}
	values, err := e.bind(ctx, definition, r.Params)
	if err != nil {
		return nil, nil, badParameter(entry.Name, err)
	}
	return render(definition, values, servers)
}

func render(definition *action.Action, values action.Values, servers []store.Server) ([]Rendered, []Exclusion, error) {
	var list []Rendered
	var without []Exclusion
	for _, server := range servers {
		command, err := definition.Command(action.Platform(server.Platform), values)
		var platform *action.PlatformError
		switch {
		case errors.As(err, &platform):
			without = append(without, Exclusion{server.Name, platform.Reason})
		case err != nil:
			return nil, nil, badParameter(definition.Name, err)
		default:
			list = append(list, Rendered{server.Name, command, unfit(server)})
		}
	}
	if len(list) == 0 {
		return nil, nil, nothingLeft(&Plan{Action: definition.Name, Excluded: without})
	}
	return list, without, nil
}
