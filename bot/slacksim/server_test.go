package slacksim_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/bot/slacksim"
)

func TestManifestsSlackRefuses(t *testing.T) {
	good := string(readManifest(t))
	for name, change := range map[string][2]string{
		"not JSON":         {`{`, ``},
		"unknown field":    {`"settings": {`, `"settings": {"colour": "red",`},
		"unknown scope":    {`"commands",`, `"commands", "root:write",`},
		"unknown event":    {`"message.im",`, `"message.fax",`},
		"no socket mode":   {`"socket_mode_enabled": true`, `"socket_mode_enabled": false`},
		"no name":          {`"name": "drover"`, `"name": ""`},
		"long name":        {`"name": "drover"`, `"name": "` + strings.Repeat("d", 36) + `"`},
		"command no slash": {`"command": "/server"`, `"command": "server"`},
		"command twice":    {`"command": "/plain"`, `"command": "/server"`},
		"long command":     {`"command": "/plain"`, `"command": "/` + strings.Repeat("p", 32) + `"`},
		"no commands":      {`"commands",`, ``},
		"interactivity":    {`"is_enabled": true`, `"is_enabled": false`},
		"shortcut type":    {`"type": "global"`, `"type": "local"`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Errorf("%s: nothing was changed", name)
		}
		if _, err := slacksim.New(slacksim.Config{Manifest: []byte(bad)}); err == nil {
			t.Errorf("%s: was accepted", name)
		}
	}
}

func TestOnlyLoopback(t *testing.T) {
	s, err := slacksim.New(slacksim.Config{Manifest: readManifest(t), Listen: "0.0.0.0:0"})
	must(t, err)
	if err := s.Start(); err == nil {
		t.Error("it listens on all interfaces")
	}
	must(t, s.Close())
}

// TestCloseLeavesNothing closes a server with sockets, waiters, undelivered
// events and a subscriber, and counts goroutines.
func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	func() {
		s, err := slacksim.New(slacksim.Config{Manifest: readManifest(t)})
		must(t, err)
		must(t, s.Start())
		must(t, s.AddUser(slacksim.User{ID: "U1ANN", Name: "ann"}))
		must(t, s.AddChannel(slacksim.Channel{ID: "C1OPS", Name: "ops", Members: []string{"U1ANN", s.BotUserID()}}))
		var socks []*socket
		for range 3 {
			c, _ := dial(t, s)
			socks = append(socks, c)
		}
		feed := s.Subscribe(context.Background())
		waiting := make(chan error, 2)
		go func() {
			_, err := s.SlashCommand(context.Background(), "U1ANN", "C1OPS", "/server", "help")
			waiting <- err
		}()
		go func() { waiting <- s.WaitFor(context.Background(), func() bool { return false }) }()
		for e := range feed {
			if e.Kind == slacksim.EventEnvelope {
				break
			}
		}
		_, err = s.PostMessage("U1ANN", "C1OPS", "", "@drover never acked")
		must(t, err)
		must(t, s.Close())
		must(t, s.Close())
		for range 2 {
			if err := <-waiting; !errors.Is(err, slacksim.ErrClosed) {
				t.Errorf("a waiter got %v", err)
			}
		}
		for range feed {
		}
		for _, c := range socks {
			c.ended()
		}
	}()
	deadline := soon(t)
	for runtime.NumGoroutine() > before {
		if deadline.Err() != nil {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
		runtime.Gosched()
	}
}

func TestFeedTellsEverything(t *testing.T) {
	s := start(t)
	ctx, cancel := context.WithCancel(context.Background())
	feed := s.Subscribe(ctx)
	ts := post(t, s, args{"channel": "C1OPS", "text": "one"})
	call(t, s, "chat.update", args{"channel": "C1OPS", "ts": ts, "text": "two"})
	call(t, s, "chat.delete", args{"channel": "C1OPS", "ts": ts})
	want := []slacksim.EventKind{
		slacksim.EventMessage, slacksim.EventCall, slacksim.EventChanged, slacksim.EventCall, slacksim.EventDeleted, slacksim.EventCall,
	}
	last := int64(0)
	for i, kind := range want {
		e := <-feed
		if e.Kind != kind || e.Seq <= last {
			t.Errorf("event %d is %+v, want %s", i, e, kind)
		}
		if kind == slacksim.EventChanged && !strings.Contains(string(e.Data), `"two"`) {
			t.Errorf("no message in %s", e.Data)
		}
		last = e.Seq
	}
	cancel()
	for range feed {
	}
}

// TestManyAtOnce is for the race detector, and shows that no command goes
// without an answer while connections come and go.
func TestManyAtOnce(t *testing.T) {
	s := start(t, func(c *slacksim.Config) { c.Limits.NoRates, c.Limits.Grace = true, 50*time.Millisecond })
	answerAll := func() {
		c, _ := dial(t, s)
		go func() {
			for e := range c.read {
				if e.ID != "" {
					c.ack(e.ID, obj{"text": "ok"})
				}
			}
		}()
	}
	answerAll()
	answerAll()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 10 {
				// Between the disconnect and the next hello there is nobody.
				if r := <-slash(t, s, "help"); r.Message == nil || (r.Error != "" && r.Error != "dispatch_failed") {
					t.Errorf("response %+v", r)
				}
				post(t, s, args{"channel": "C1OPS", "text": "x"})
				s.Messages("C1OPS")
			}
		})
	}
	s.Disconnect("warning")
	answerAll()
	wg.Wait()
	if n := len(s.Ephemerals("U1ANN")); n != 200 {
		t.Errorf("%d answers were seen, want 200", n)
	}
	if n := len(s.Messages("C1OPS")); n != 200 {
		t.Errorf("%d messages were posted, want 200", n)
	}
}

func BenchmarkSlashCommand(b *testing.B) {
	s := start(b)
	c, _ := dial(b, s)
	go func() {
		for e := range c.read {
			c.ack(e.ID, obj{"text": "ok"})
		}
	}()
	for b.Loop() {
		if r, err := s.SlashCommand(context.Background(), "U1ANN", "C1OPS", "/server", "help"); err != nil || r.Error != "" {
			b.Fatalf("%+v %v", r, err)
		}
	}
}

func BenchmarkPostMessage(b *testing.B) {
	s := start(b, func(c *slacksim.Config) { c.Limits.NoRates = true })
	blocks := encoded(b, many(20, func(int) any { return section() }))
	for b.Loop() {
		post(b, s, args{"channel": "C1OPS", "text": "x", "blocks": blocks})
	}
}

func TestSnapshotIsWhatOnePersonSees(t *testing.T) {
	s := start(t)
	post(t, s, args{"channel": "C1OPS", "text": "all"})
	call(t, s, "chat.postEphemeral", args{"channel": "C1OPS", "user": "U1ANN", "text": "psst"})
	ann, cat := s.Snapshot("U1ANN"), s.Snapshot("U3CAT")
	if len(ann.Channels) != 4 || len(ann.Messages["C1OPS"]) != 1 || len(ann.Ephemerals) != 1 || ann.Commands[0] != "/server" {
		t.Errorf("ann sees %+v", ann)
	}
	if len(cat.Channels)+len(cat.Messages)+len(cat.Ephemerals) != 0 || len(cat.Users) != 4 {
		t.Errorf("cat sees %+v", cat)
	}
}
