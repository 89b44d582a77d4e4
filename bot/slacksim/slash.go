package slacksim

import (
	"context"
	"fmt"
	"strings"
)

// SlashCommand runs a slash command as a person and waits for the ack. What
// Slack tells the person (operation_timeout, dispatch_failed, not a command) is
// in Response.Error and among the person's Ephemerals; an error means that this
// person cannot type there, or that ctx ended.
func (s *Server) SlashCommand(ctx context.Context, userID, channelID, command, text string) (Response, error) {
	s.mu.Lock()
	c, u, err := s.person(channelID, userID)
	if err != nil {
		s.mu.Unlock()
		return Response{}, fmt.Errorf("type %s as %s: %w", command, userID, err)
	}
	line := command
	if text != "" {
		line += " " + text
	}
	cmd, ok := s.manifest.command(command)
	if !ok {
		defer s.mu.Unlock()
		return s.noCommand(c, u, "unknown_command", fmt.Sprintf("`%s` is not a valid command.", command)), nil
	}
	payload := s.slashPayload(c, u, cmd, text)
	s.mu.Unlock()

	r, err := s.ask(ctx, "slash_commands", payload)
	if err != nil {
		return r, fmt.Errorf("type %s as %s: %w", command, userID, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.showAnswer(&r, c, u, line)
	return r, nil
}

// SlashCommandInThread is a slash command typed into a thread, which Slack
// refuses for the commands of apps.
func (s *Server) SlashCommandInThread(userID, channelID, threadTS, command string) (Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, u, err := s.person(channelID, userID)
	if err != nil {
		return Response{}, fmt.Errorf("type %s as %s: %w", command, userID, err)
	}
	if _, err := c.thread(threadTS); err != nil {
		return Response{}, fmt.Errorf("type %s as %s: %w", command, userID, err)
	}
	return s.noCommand(c, u, "not_supported_in_threads", fmt.Sprintf("`%s` is not supported in threads. Sorry!", command)), nil
}

// slashPayload is what the app gets, as Slack sends it: all values are text.
func (s *Server) slashPayload(c *channel, u *User, cmd manifestCommand, text string) object {
	sent := escaper.Replace(text)
	if cmd.ShouldEscape {
		sent = s.markup(text, true)
	}
	o := object{
		"token": s.verification, "team_id": s.cfg.Team.ID, "team_domain": s.cfg.Team.Domain,
		"channel_id": c.ID, "channel_name": c.slashName(), "user_id": u.ID, "user_name": u.Name,
		"command": cmd.Command, "text": sent, "api_app_id": s.appID, "is_enterprise_install": "false",
		"response_url": s.newResponseURL("commands", c, u, nil), "trigger_id": s.newTrigger(u.ID, ""),
	}
	if s.cfg.Team.Enterprise != "" {
		o["enterprise_id"], o["enterprise_name"] = s.cfg.Team.Enterprise, s.cfg.Team.Name
	}
	return o
}

// noCommand tells a person that a command did not reach the app.
func (s *Server) noCommand(c *channel, u *User, code, text string) Response {
	m := &Message{User: "USLACKBOT", To: u.ID, Text: text}
	s.whisper(c, m)
	shown := m.snapshot()
	return Response{Error: code, Message: &shown}
}

// showAnswer shows what the ack of a slash command says, or that it failed.
func (s *Server) showAnswer(r *Response, c *channel, u *User, line string) {
	if r.Error == "" && r.Payload != nil {
		url := s.responseURLs[r.ResponseURL]
		url.line = line
		m, err := s.answer(url, r.Payload)
		if err == nil && m != nil {
			shown := m.snapshot()
			r.Message = &shown
			url.origin = m
		}
		r.refused(err)
	}
	if r.Error != "" {
		command, _, _ := strings.Cut(line, " ")
		failed := s.noCommand(c, u, r.Error, fmt.Sprintf("%s failed with the error \"%s\"", command, r.Error))
		r.Message = failed.Message
	}
}
