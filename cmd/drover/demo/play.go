package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"drover/bot/slacksim"
	"drover/store"
)

// sceneLimit bounds one scene of the tour; each takes a few seconds.
const sceneLimit = time.Minute

// scene is one step of the tour: who types what, and what must come of it.
type scene struct {
	narration string
	fault     [2]string // a server and what happens to it first
	person    string
	text      string // after /server
	click     string // a button's label instead of a text
	goesOn    bool   // it is about the last card, not about a new one
	state     string // in which the card must come to rest; "": a private answer must come
}

func scenes() []scene {
	return []scene{
		{narration: "How are the servers?", person: "operator", text: "status all", state: "succeeded"},
		{narration: "Two servers are updated at the same time.", person: "operator", text: "update web1 db1 because patch day", state: "succeeded"},
		{narration: "A restart waits for a colleague.", person: "operator", text: "reboot db1 because of the new kernel", state: "awaiting_approval"},
		{narration: "The colleague agrees, and db1 proves that it was restarted.", person: "approver", click: "Approve", goesOn: true, state: "succeeded"},
		{narration: "A viewer may look, but not change anything.", person: "viewer", text: "update web2"},
		{narration: "A typo does no harm.", person: "operator", text: "updte web2"},
		{narration: "A server is down: the others are done all the same.", fault: [2]string{"cache1", "down"}, person: "operator", text: "update tag:web cache1", state: "partial"},
		{narration: "It is back. Retry takes only what did not succeed.", fault: [2]string{"cache1", "nothing"}, person: "operator", click: "Retry", state: "succeeded"},
		{narration: "Somebody else answers at db1's address.", fault: [2]string{"db1", "host-key"}, person: "operator", text: "ping db1", state: "failed"},
		{narration: "An outsider gets nothing.", person: "outsider", text: "list"},
	}
}

// Play runs a scripted tour and prints the conversation. The error says which scene did not go as it must.
func (w *World) Play(ctx context.Context, out io.Writer) error {
	stage := stage{world: w, screen: newTerminal(w.Slack, out), events: w.Slack.Subscribe(ctx)}
	for i, s := range scenes() {
		if err := stage.play(ctx, s); err != nil {
			return fmt.Errorf("scene %d, %q: %w", i+1, s.narration, err)
		}
	}
	stage.screen.say("\nThat was drover. Without --play you type yourself.")
	return nil
}

// stage plays scenes one after the other: each is over when all that it brings about has been shown.
type stage struct {
	world  *World
	screen *terminal
	events <-chan slacksim.Event
}

func (g *stage) play(ctx context.Context, s scene) error {
	ctx, cancel := context.WithTimeout(ctx, sceneLimit)
	defer cancel()
	chat := chat{world: g.world, screen: g.screen}
	for _, p := range people() {
		if p.name == s.person {
			chat.me = p
		}
	}
	if s.fault[0] != "" {
		if err := g.world.Fleet.Host(s.fault[0]).Break(s.fault[1]); err != nil {
			return err
		}
	}
	last, err := g.world.store.Runs(ctx, 1)
	if err != nil {
		return err
	}
	before := 0
	if len(last) > 0 {
		before = last[0].Number
	}
	if s.goesOn {
		before--
	}
	if err := chat.perform(ctx, s); err != nil {
		return err
	}
	return g.watch(ctx, s, before)
}

func (c *chat) perform(ctx context.Context, s scene) error {
	if s.click != "" {
		c.screen.say("\n── %s\n%s clicks [%s]", s.narration, s.person, s.click)
		return c.click(ctx, s.click)
	}
	c.screen.say("\n── %s\n%s types: /server %s", s.narration, s.person, s.text)
	return c.command(ctx, "/server", s.text)
}

// watch shows what happens until the scene is over: a private answer, or a new card in its final state whose thread
// has told of every server.
func (g *stage) watch(ctx context.Context, s scene, before int) error {
	ended, told := "", 0
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("it did not come to its end: %w", ctx.Err())
		case e := <-g.events:
			g.screen.show(e)
			if s.state == "" && e.Kind == slacksim.EventEphemeral {
				return nil
			}
			m, ok := readMetadata(e)
			if !ok || m.Run <= before {
				continue
			}
			told += len(m.Servers)
			if final(m.State) || m.State == s.state {
				ended = m.State
			}
			run, err := g.world.store.RunNumbered(ctx, m.Run)
			if err != nil {
				return err
			}
			if ended != "" && (!final(ended) || told >= len(run.Targets)) {
				return expect(s.state, ended)
			}
		}
	}
}

func expect(want, got string) error {
	if want != got {
		return fmt.Errorf("the run %s, and should have %s", got, want)
	}
	return nil
}

func final(state string) bool { return state != "" && store.RunState(state).Final() }

// metadata is what drover's messages say of themselves to scripts.
type metadata struct {
	Run     int      `json:"run"`
	State   string   `json:"state"`   // of a card
	Servers []string `json:"servers"` // of a reply
}

func readMetadata(e slacksim.Event) (metadata, bool) {
	var m struct {
		Metadata struct {
			Payload metadata `json:"event_payload"`
		} `json:"metadata"`
	}
	if e.Kind != slacksim.EventMessage && e.Kind != slacksim.EventChanged || json.Unmarshal(e.Data, &m) != nil {
		return metadata{}, false
	}
	return m.Metadata.Payload, m.Metadata.Payload.Run > 0
}
