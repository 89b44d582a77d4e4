package slacksim_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drover/bot/slacksim"
)

// needNode skips, or fails in CI, if a program of Node is missing.
func needNode(t *testing.T) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing: install Node.js 20 or later with npm", program)
			}
			t.Skipf("%s is missing: install Node.js 20 or later with npm", program)
		}
	}
}

// installNode copies the client into a temporary directory and installs its
// pinned packages there, so that no node_modules is left in the tree.
func installNode(t *testing.T, ctx context.Context) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc", "client.mjs"} {
		data, err := os.ReadFile(filepath.Join("node", name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--prefer-offline")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return dir
}

// TestNodeClients runs Slack's own Node packages through the main paths.
func TestNodeClients(t *testing.T) {
	needNode(t)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	dir := installNode(t, ctx)
	s := start(t)

	client := exec.CommandContext(ctx, "node", "client.mjs")
	client.Dir = dir
	client.Env = append(os.Environ(), "SLACK_API_URL="+s.APIURL(), "SLACK_APP_TOKEN="+s.AppToken(), "SLACK_BOT_TOKEN="+s.BotToken())
	client.Stderr = os.Stderr
	stdout, err := client.StdoutPipe()
	must(t, err)
	must(t, client.Start())
	lines := bufio.NewScanner(stdout)
	say := func(want string) string {
		t.Helper()
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), want) {
			t.Fatalf("the client says %q, not %s…", lines.Text(), want)
		}
		return strings.TrimSpace(strings.TrimPrefix(lines.Text(), want))
	}
	driveNode(t, ctx, s, say)
	if err := client.Wait(); err != nil {
		t.Fatalf("the Node client: %v", err)
	}
	must(t, s.WaitFor(ctx, func() bool { return s.Connections() == 0 }))
}

func driveNode(t *testing.T, ctx context.Context, s *slacksim.Server, say func(string) string) {
	t.Helper()
	say("ready")
	_, err := s.PostMessage("U1ANN", "C1OPS", "", "@drover hello")
	must(t, err)
	r, err := s.SlashCommand(ctx, "U1ANN", "C1OPS", "/server", "update web1")
	must(t, err)
	if r.Error != "" || r.Message == nil || r.Message.Text != "on it" {
		t.Fatalf("slash command: %+v", r)
	}
	card := say("card")
	if thread := s.Thread("C1OPS", card); len(thread) != 2 || len(thread[1].Files) != 1 {
		t.Fatalf("thread: %+v", thread)
	}
	if r, err = s.Click(ctx, "U1ANN", "C1OPS", card, "run.start"); err != nil || r.Error != "" {
		t.Fatalf("click: %+v %v", r, err)
	}
	view := say("view")
	if r, err = s.Submit(ctx, "U1ANN", view, map[string][]string{"reason": {"because"}}); err != nil || r.Error != "" {
		t.Fatalf("submit: %+v %v", r, err)
	}
	if open := s.Modals("U1ANN"); len(open) != 0 {
		t.Fatalf("modals left open: %+v", open)
	}
	say("done")
}
