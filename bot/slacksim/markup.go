package slacksim

import (
	"regexp"
	"strings"
)

var (
	// typed finds what Slack turns into links. The order matters: ready-made
	// links first, then URLs, mail addresses, bare domains, @name and #name.
	typed = regexp.MustCompile(`<[@#!][^<>\s]+>` +
		`|https?://[^\s<>]+` +
		`|[\w.+-]+@[\w-]+(?:\.[\w-]+)+` +
		`|\b(?:[a-zA-Z0-9-]+\.)+(?:com|org|net|io|dev|de|uk|eu|app|cloud|local)\b(?:/[^\s<>]*)?` +
		`|[@#][\w.-]*\w`)
	escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
)

// markup turns typed text into Slack's message markup. In slash commands with
// should_escape, links to people and channels carry the name as well.
func (s *Server) markup(text string, withNames bool) string {
	var b strings.Builder
	rest := 0
	for _, at := range typed.FindAllStringIndex(text, -1) {
		b.WriteString(escaper.Replace(text[rest:at[0]]))
		b.WriteString(s.link(text[at[0]:at[1]], withNames))
		rest = at[1]
	}
	b.WriteString(escaper.Replace(text[rest:]))
	return b.String()
}

// link is the markup of one typed token.
func (s *Server) link(token string, withNames bool) string {
	switch {
	case token[0] == '<':
		return token
	case token[0] == '@':
		return s.atLink(token, withNames)
	case token[0] == '#':
		return s.channelLink(token)
	case strings.HasPrefix(token, "http"):
		return "<" + escaper.Replace(token) + ">"
	case strings.Contains(token, "@"):
		return "<mailto:" + token + "|" + token + ">"
	default:
		return "<http://" + escaper.Replace(token) + "|" + escaper.Replace(token) + ">"
	}
}

// atLink links a person or a user group.
func (s *Server) atLink(token string, withName bool) string {
	link, name := "", ""
	if u := s.userNamed(token[1:]); u != nil {
		link, name = "<@"+u.ID, u.Name
	} else if g := s.groupHandled(token[1:]); g != nil {
		link, name = "<!subteam^"+g.ID, "@"+g.Handle
	}
	switch {
	case link == "":
		return token
	case withName:
		return link + "|" + name + ">"
	default:
		return link + ">"
	}
}

// channelLink links a channel; the name of a private one is left out.
func (s *Server) channelLink(token string) string {
	for _, id := range s.channelOrder {
		if c := s.channels[id]; c.DM == "" && c.Name == token[1:] {
			if c.Private {
				return "<#" + c.ID + "|>"
			}
			return "<#" + c.ID + "|" + c.Name + ">"
		}
	}
	return token
}
