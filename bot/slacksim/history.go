package slacksim

import "slices"

// span is the time range of a history call.
type span struct {
	oldest, latest int64
	inclusive      bool
}

func readSpan(r *request) (span, error) {
	sp := span{latest: 1 << 62, inclusive: r.flag("inclusive")}
	for name, field := range map[string]*int64{"oldest": &sp.oldest, "latest": &sp.latest} {
		text := r.args[name]
		if text == "" || text == "now" || (name == "oldest" && text == "0") {
			continue
		}
		at, ok := parseTS(text)
		if !ok {
			return sp, refuse("invalid_ts_" + name)
		}
		*field = at
	}
	return sp, nil
}

func (sp span) holds(ts string) bool {
	at, _ := parseTS(ts)
	if sp.inclusive {
		return at >= sp.oldest && at <= sp.latest
	}
	return at > sp.oldest && at < sp.latest
}

// readable finds a channel whose messages the bot may read.
func (s *Server) readable(r *request) (*channel, error) {
	c, err := s.visible(r.args["channel"])
	if err != nil {
		return nil, err
	}
	if err := r.needScope(string(c.kind()) + ":history"); err != nil {
		return nil, err
	}
	if !c.has(s.botUser) {
		return nil, refuse("not_in_channel")
	}
	return c, nil
}

func (s *Server) conversationsHistory(r *request) (object, error) {
	c, err := s.readable(r)
	if err != nil {
		return nil, err
	}
	sp, err := readSpan(r)
	if err != nil {
		return nil, err
	}
	var found []*Message
	for _, m := range slices.Backward(c.messages) {
		if sp.holds(m.TS) && (!m.reply() || m.Broadcast) {
			found = append(found, m)
		}
	}
	return s.messagePage(r, found)
}

func (s *Server) conversationsReplies(r *request) (object, error) {
	c, err := s.readable(r)
	if err != nil {
		return nil, err
	}
	parent := c.byTS[r.args["ts"]]
	if parent == nil {
		return nil, refuse("thread_not_found")
	}
	sp, err := readSpan(r)
	if err != nil {
		return nil, err
	}
	found := []*Message{parent}
	for _, m := range c.threads[parent.TS] {
		if sp.holds(m.TS) {
			found = append(found, m)
		}
	}
	return s.messagePage(r, found)
}

// messagePage renders one page; metadata only if the call asks for it.
func (s *Server) messagePage(r *request, found []*Message) (object, error) {
	part, next, err := page(r, found, 100, 999)
	if err != nil {
		return nil, err
	}
	messages := make([]object, 0, len(part))
	for _, m := range part {
		messages = append(messages, s.messageJSON(m, r.flag("include_all_metadata")))
	}
	answer := object{"messages": messages, "has_more": next != ""}
	if next != "" {
		answer["response_metadata"] = cursor(next)
	}
	return answer, nil
}
