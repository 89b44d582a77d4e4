package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// demoLimit bounds what a test of the demo waits for; it is far away even on a busy machine.
const demoLimit = 2 * time.Minute

func TestDemoIsServedOnLoopbackOnly(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:7000", ":7000", "192.0.2.1:7000", "[::]:7000", "example.com:7000", "7000", "127.0.0.1", "127.0.0.1:"} {
		var said strings.Builder
		c := &cli{in: strings.NewReader(""), out: io.Discard, err: &said, getenv: func(string) string { return "" }}
		code := c.execute(t.Context(), []string{"demo", "--listen", listen})
		if code != exitUsage || !strings.Contains(said.String(), "127.0.0.1:7000") {
			t.Errorf("--listen %s: exit %d, %q", listen, code, said.String())
		}
	}
}

// TestDemoGoesOnWithoutATerminal starts the demo as in the background: its input is at its end from the beginning. The
// page is there until the demo is interrupted, or until /quit.
func TestDemoGoesOnWithoutATerminal(t *testing.T) {
	run := func(ctx context.Context, in io.Reader) (url string, ended <-chan int) {
		t.Helper()
		out, say := io.Pipe()
		codes := make(chan int, 1)
		c := &cli{in: in, out: say, err: say, getenv: func(string) string { return "" }}
		go func() {
			codes <- c.execute(ctx, []string{"demo", "--listen", "127.0.0.1:0"})
			_ = say.Close()
		}()
		lines := bufio.NewScanner(out)
		address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`)
		var all []string
		for lines.Scan() {
			all = append(all, lines.Text())
			if url = address.FindString(lines.Text()); url != "" {
				go func() { _, _ = io.Copy(io.Discard, out) }()
				return url, codes
			}
		}
		t.Fatalf("the demo printed no address:\n%s", strings.Join(all, "\n"))
		return "", nil
	}
	end := func(ended <-chan int) {
		t.Helper()
		select {
		case code := <-ended:
			if code != exitDone {
				t.Errorf("exit %d", code)
			}
		case <-time.After(demoLimit):
			t.Fatal("the demo does not end")
		}
	}

	ctx, interrupt := context.WithCancel(t.Context())
	url, ended := run(ctx, strings.NewReader(""))
	if err := updates(ctx, url); err != nil { // takes a second: far longer than ending would
		t.Error(err)
	}
	interrupt()
	end(ended)

	typed, keyboard := io.Pipe()
	url, ended = run(t.Context(), typed)
	if err := loads(t.Context(), url); err != nil {
		t.Error(err)
	}
	fmt.Fprintln(keyboard, "/as viewer")
	fmt.Fprintln(keyboard, "/quit")
	end(ended)
}

// updates runs an update from the page at an address, and says what went wrong.
func updates(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"page/events?user=U0OPERATOR", nil)
	if err != nil {
		return err
	}
	events, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer events.Body.Close()
	say := strings.NewReader(`{"user":"U0OPERATOR","channel":"C0OPS","text":"/server update cache1"}`)
	answer, err := http.Post(url+"page/api/say", "application/json", say)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("typing on the page: HTTP %d", answer.StatusCode)
	}
	lines := bufio.NewScanner(events.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Succeeded #1: update cache1") {
			return nil
		}
	}
	return fmt.Errorf("the page's events ended before the update: %w", errors.Join(io.ErrUnexpectedEOF, lines.Err()))
}

// loads says what is wrong with the page at an address.
func loads(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "<main") {
		return fmt.Errorf("GET %s: HTTP %d, %w", url, resp.StatusCode, err)
	}
	return nil
}
