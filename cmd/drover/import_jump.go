package main

import (
	"context"
	"errors"
	"slices"

	"drover/cmd/drover/roster"
	"drover/store"
)

// jumpsFirst puts the servers through which others of the file are reached before those. That works but for those whose
// way leads back to themselves.
func jumpsFirst(entries []roster.Entry) []roster.Entry {
	byName := make(map[string]roster.Entry, len(entries))
	for _, e := range entries {
		byName[e.Name] = e
	}
	ordered, seen := make([]roster.Entry, 0, len(entries)), map[string]bool{}
	var put func(roster.Entry)
	put = func(e roster.Entry) {
		if seen[e.Name] {
			return
		}
		seen[e.Name] = true
		if jump, ok := byName[e.Jump.Name]; ok {
			put(jump)
		}
		ordered = append(ordered, e)
	}
	for _, e := range entries {
		put(e)
	}
	return ordered
}

// jump gives a server the way that the file names. A way that cannot be carried over is told of, and the server keeps the
// one that it has.
func (p *intake) jump(ctx context.Context, e roster.Entry, server *store.Server) error {
	if e.Jump.Name == "" {
		return nil
	}
	hop, err := p.known(ctx, e.Jump.Name)
	if err != nil {
		return err
	}
	why := ""
	switch {
	case hop == nil && p.later(e):
		why = "the way leads back to the server itself"
	case hop == nil:
		why = "no server is called that: add it first, then import again"
	case e.Jump.User != "" && e.Jump.User != hop.LoginUser:
		why = "drover logs in to it as " + hop.LoginUser + ", not as " + e.Jump.User
	case e.Jump.Port != 0 && e.Jump.Port != hop.Port:
		why = "drover knows it with another port"
	}
	if why == "" {
		if why, err = p.loop(ctx, server.Name, *hop); err != nil {
			return err
		}
	}
	if why != "" {
		p.leave(e.Line, "%s: its jump host %q: %s", e.Name, e.Jump.Name, why)
		return nil
	}
	server.Jump = hop.Name
	if hop.ID != "" {
		server.JumpID = &hop.ID
	}
	return nil
}

// later says whether the jump host of an entry is the entry itself, or one that comes after it: it is reached through it.
func (p *intake) later(e roster.Entry) bool {
	return slices.ContainsFunc(p.rest, func(other roster.Entry) bool { return other.Name == e.Jump.Name })
}

// known is a server as it is after this import, so far, or nil.
func (p *intake) known(ctx context.Context, name string) (*store.Server, error) {
	kept, imported := p.kept[name]
	if imported && !p.flags.apply {
		return &kept, nil
	}
	server, err := p.store.ServerNamed(ctx, name)
	if errors.Is(err, store.ErrNotFound) || err == nil && server.Name != name { // the look-up takes Web1 for web1
		return nil, nil
	}
	return &server, err
}

// loop says whether the way through a jump host leads back to the server itself.
func (p *intake) loop(ctx context.Context, name string, hop store.Server) (string, error) {
	seen := map[string]bool{}
	for next := &hop; next != nil && !seen[next.Name]; {
		if next.Name == name {
			return "the way leads back to the server itself", nil
		}
		seen[next.Name] = true
		if next.Jump == "" {
			break
		}
		var err error
		if next, err = p.known(ctx, next.Jump); err != nil {
			return "", err
		}
	}
	return "", nil
}
