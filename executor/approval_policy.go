package executor

import (
	"context"
	"errors"
	"slices"

	"drover/executor/action"
	"drover/store"
)

// CheckApprovals refuses an action that nobody could ever run, because too few people may approve it. editor is who
// makes it so.
func (e *Engine) CheckApprovals(ctx context.Context, editor store.Actor, definition *action.Action) error {
	servers, err := e.store.Servers(ctx)
	if err != nil || definition.Approvals == 0 {
		return err
	}
	if len(servers) == 0 {
		servers = []store.Server{{}} // those to come
	}
	p, err := e.proposed(ctx, definition.Name, editor)
	if err != nil {
		return err
	}
	fewest := 0
	for _, server := range servers {
		needed, err := e.approvalsNeeded(ctx, definition, []store.Server{server})
		if err != nil {
			return err
		}
		if ok, err := e.possible(ctx, definition, p.on(server), needed); err != nil || ok {
			return err
		}
		if fewest == 0 || needed < fewest {
			fewest = needed
		}
	}
	return refuse("`%s` would need %s, and nobody could ever run it: too few people may give one besides who asks and who edits it. Nothing was changed. "+
		"First let somebody: `drover user grant U… approver`.", definition.Name, approvals(fewest))
}

// unapprovable lists the actions that nobody could run, because too few people may approve them.
func (e *Engine) unapprovable(ctx context.Context) ([]string, error) {
	entries, err := e.store.Actions(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		definition, err := Definition(entry)
		if err != nil {
			continue // it cannot be run either way, and says so
		}
		var refusal *Refusal
		if err := e.CheckApprovals(ctx, entry.CreatedBy, definition); errors.As(err, &refusal) {
			names = append(names, entry.Name)
		} else if err != nil {
			return nil, err
		}
	}
	return names, nil
}

// checkByTag refuses approvals for a tag that too few people could give, whatever the action.
func (e *Engine) checkByTag(ctx context.Context, value string) error {
	tags, err := parseByTag(value)
	if err != nil {
		return err
	}
	for tag, needed := range tags {
		possible, err := e.changePossible(ctx, store.Server{Tags: []string{tag}}, needed)
		if err != nil {
			return err
		}
		if !possible {
			return refuse("Nobody could change the servers with `tag:%s` any more: too few people may give %s besides who asks. Nothing was changed. "+
				"First let somebody: `drover user grant U… approver --tag %s`.", tag, approvals(needed), tag)
		}
	}
	return nil
}

// changePossible says whether there is an action that changes a server and that enough people may approve.
func (e *Engine) changePossible(ctx context.Context, server store.Server, needed int) (bool, error) {
	entries, err := e.store.Actions(ctx)
	if err != nil {
		return false, err
	}
	for _, entry := range entries {
		definition, err := Definition(entry)
		if err != nil {
			return false, err
		}
		p, err := e.proposed(ctx, entry.Name, entry.CreatedBy)
		if err != nil {
			return false, err
		}
		if ok, err := e.possible(ctx, definition, p.on(server), needed); err != nil || ok && definition.Changes {
			return ok, err
		}
	}
	return false, nil
}

// proposed is an action that somebody edits, to be asked for by anybody.
func (e *Engine) proposed(ctx context.Context, action string, editor store.Actor) (proposal, error) {
	editor, err := e.inSlack(ctx, editor)
	if err != nil {
		return proposal{}, err
	}
	self, err := e.Enabled(ctx, SelfApproval)
	return proposal{action: action, editors: []store.Actor{editor}, self: self}, err
}

func (p proposal) on(server store.Server) proposal {
	p.servers = []store.Server{server}
	return p
}

// possible says whether there is anybody who could ask for an action on the servers and find enough others.
func (e *Engine) possible(ctx context.Context, definition *action.Action, p proposal, needed int) (bool, error) {
	approvers, err := e.approvers(ctx, p)
	if err != nil || len(approvers) != needed || p.self {
		return len(approvers) >= needed, err
	}
	requesters, err := e.granted(ctx, store.Role(definition.Role), func(rights Rights) bool {
		return rights.authorise(definition.Name, store.Role(definition.Role), p.servers) == nil
	})
	outside := slices.ContainsFunc(requesters, func(r store.Actor) bool { return !slices.Contains(approvers, r) })
	return outside || len(requesters) == 0, err // whoever may ask is still to come
}
