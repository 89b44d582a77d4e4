package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"drover/bot/slacksim"
)

const welcome = `A local Slack, four servers and drover, all in this process. Open in a browser:

    %s

Or stay here. You are the operator in #ops:
  /server update web1 db1       then  /server list
  /server status all            then  /server help
  /as viewer                    be somebody else: operator, approver, viewer, admin, outsider
  /break web2 down              make a server fail: %s
  /click Retry                  press a button of the last card
  /quit                         or Ctrl-C: ends everything
`

// Prompt is a small chat: what is typed goes to Slack as a person's message or slash command, what is said there is
// printed. It ends with /quit or with ctx; the page goes on when the input ends, as it does in the background.
func (w *World) Prompt(ctx context.Context, in io.Reader, out io.Writer) error {
	screen := newTerminal(w.Slack, out)
	screen.say(welcome, w.URL(), strings.Join(Faults(), ", "))
	events := w.Slack.Subscribe(ctx)
	go func() {
		for e := range events {
			screen.show(e)
		}
	}()
	chat := chat{world: w, screen: screen, me: people()[0]}
	lines := readLines(in)
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-w.ended:
			w.ended <- err
			return err
		case line, open := <-lines:
			if line == "/quit" {
				return nil
			}
			if !open {
				lines = nil
				continue
			}
			if err := chat.enter(ctx, line); err != nil {
				screen.say("  %v", err)
			}
		}
	}
}

// readLines reads in its own goroutine: a terminal's read cannot be interrupted, so that the last one ends with the process.
func readLines(in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(in)
		for scanner.Scan() {
			lines <- strings.TrimSpace(scanner.Text())
		}
	}()
	return lines
}

type chat struct {
	world  *World
	screen *terminal
	me     person
}

// enter takes one line.
func (c *chat) enter(ctx context.Context, line string) error {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "":
		return nil
	case "/as":
		return c.become(rest)
	case "/break":
		return c.breakHost(rest)
	case "/click":
		return c.click(ctx, rest)
	}
	if strings.HasPrefix(word, "/") {
		return c.command(ctx, word, rest)
	}
	text := strings.ReplaceAll(line, "@drover", "<@"+c.world.Slack.BotUserID()+">")
	_, err := c.world.Slack.PostMessage(c.me.id, opsChannel, "", text)
	return err
}

func (c *chat) command(ctx context.Context, command, text string) error {
	_, err := c.world.Slack.SlashCommand(ctx, c.me.id, opsChannel, command, text)
	return err
}

func (c *chat) become(name string) error {
	for _, p := range people() {
		if p.name == name {
			c.me = p
			c.screen.say("  You are the %s now.", p.name)
			return nil
		}
	}
	return fmt.Errorf("nobody is called %q: be operator, approver, viewer, admin or outsider", name)
}

func (c *chat) breakHost(text string) error {
	name, fault, _ := strings.Cut(text, " ")
	host := c.world.Fleet.Host(name)
	if host == nil {
		return fmt.Errorf("there is no server %q: break web1, web2, db1 or cache1", name)
	}
	if err := host.Break(strings.TrimSpace(fault)); err != nil {
		return err
	}
	c.screen.say("  %s: %s", name, fault)
	return nil
}

// click presses a button by its label, on the last card that has it.
func (c *chat) click(ctx context.Context, label string) error {
	messages := c.world.Slack.Messages(opsChannel)
	for i := len(messages) - 1; i >= 0; i-- {
		if action := buttonNamed(messages[i], label); action != "" {
			_, err := c.world.Slack.Click(ctx, c.me.id, opsChannel, messages[i].TS, action)
			return err
		}
	}
	return fmt.Errorf("no card has a button %q", label)
}

func buttonNamed(m slacksim.Message, label string) string {
	var blocks []struct {
		Elements []struct {
			block
			ActionID string `json:"action_id"`
		} `json:"elements"`
	}
	if json.Unmarshal(m.Blocks, &blocks) != nil {
		return ""
	}
	for _, b := range blocks {
		for _, e := range b.Elements {
			if e.ActionID != "" && strings.EqualFold(e.text(), label) {
				return e.ActionID
			}
		}
	}
	return ""
}
