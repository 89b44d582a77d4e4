package roster

import (
	"net"
	"strconv"
	"strings"
)

// Hop is a server through which another one is reached. Name is "" when the file says nothing of it; User and Port are
// empty when it does not say as whom and where.
type Hop struct {
	Name, User string
	Port       int
}

// parseHop reads [user@]host[:port], as ProxyJump has it, or says why it cannot.
func parseHop(text string) (h Hop, why string) {
	text = strings.TrimPrefix(text, "ssh://")
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		h.User, text = text[:at], text[at+1:]
	}
	h.Name = text
	if host, port, err := net.SplitHostPort(text); err == nil {
		number, err := strconv.Atoi(port)
		if err != nil || number < 1 || number > 65535 {
			return Hop{}, clip(port) + " is not a port"
		}
		h.Name, h.Port = host, number
	}
	if h.Name == "" || strings.ContainsAny(text, "%/ ") {
		return Hop{}, "it names no server"
	}
	return h, ""
}

// jump reads through what a name is reached. Of several hops the last one is the server's own; the one before must be that
// one's, because drover knows one way to each server.
func (c *clientConfig) jump(line int, name string) Hop {
	value, _ := c.config.Get(name, "ProxyJump") // fails for kinds of nodes that only included files have
	if value == "" || strings.EqualFold(value, "none") {
		return Hop{}
	}
	hops := strings.Split(value, ",")
	for i := range hops {
		hops[i] = strings.TrimSpace(hops[i])
	}
	last, why := parseHop(hops[len(hops)-1])
	if len(hops) > 1 && why == "" {
		before := strings.Join(hops[:len(hops)-1], ",")
		if own, _ := c.config.Get(last.Name, "ProxyJump"); own != before {
			why = "drover knows one way to each server, and by this file " + clip(last.Name) + " is not reached through " + clip(before)
		}
	}
	if why != "" {
		c.leave(line, "%s: its ProxyJump %s: %s. Add it afterwards with `drover server edit %[1]s --jump SERVER`", clip(name), clip(value), why)
		return Hop{}
	}
	return last
}
