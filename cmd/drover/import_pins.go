package main

import (
	"context"
	"slices"

	"drover/cmd/drover/roster"
	"drover/store"
)

// pins pins the keys that known_hosts has for servers without pins. Those of a server that has some are compared only:
// a file on somebody's disk is no reason to trust another key than before.
func (p *intake) pins(ctx context.Context, text []byte) error {
	file, left, err := roster.ReadKnownHosts(text)
	if err != nil {
		return err
	}
	p.left = left
	servers, err := p.store.Servers(ctx)
	if err != nil {
		return err
	}
	used := map[int]bool{}
	for _, server := range servers {
		keys := file.Keys(server.Address, server.Port)
		for _, key := range keys {
			used[key.Line] = true
		}
		if err := p.pinsOf(ctx, server, keys); err != nil {
			return err
		}
	}
	for _, line := range file.Lines() {
		if !used[line] {
			p.leave(line, "no server of drover's has this address")
		}
	}
	return p.sum("host key", "servers to trust", "with other keys", "trusted by them already")
}

func (p *intake) pinsOf(ctx context.Context, server store.Server, keys []roster.Key) error {
	var fresh []store.HostKey
	for _, key := range keys {
		if !slices.ContainsFunc(server.HostKeys, func(pin store.HostKey) bool { return pin.PublicKey == key.AuthorizedKey }) {
			fresh = append(fresh, store.HostKey{PublicKey: key.AuthorizedKey, Fingerprint: key.Fingerprint})
		}
	}
	switch {
	case len(keys) == 0:
		return nil
	case len(fresh) == 0:
		p.same++
		p.say("=", "%s", server.Name)
		return nil
	case len(server.HostKeys) > 0:
		p.changed++
		p.others(server, keys)
		return nil
	}
	p.added++
	for _, key := range keys {
		p.say("+", "%s  %s %s (line %d)", server.Name, key.Type, key.Fingerprint, key.Line)
	}
	if !p.flags.apply {
		return nil
	}
	return p.store.PinHostKeys(ctx, p.actor, server.Name, fresh)
}

// others tells of keys that a server's pins do not have.
func (p *intake) others(server store.Server, keys []roster.Key) {
	for _, key := range keys {
		if !slices.ContainsFunc(server.HostKeys, func(pin store.HostKey) bool { return pin.PublicKey == key.AuthorizedKey }) {
			p.leave(key.Line, "%s has pins already, and %s %s is not one of them: they stay. Compare, and run `drover server trust %s` if it is right",
				server.Name, key.Type, key.Fingerprint, server.Name)
		}
	}
}
