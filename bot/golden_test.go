package bot

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"drover/bot/slacksim"
	"drover/store"
)

var update = flag.Bool("update", false, "write testdata/*.golden anew")

const ops = "C0OPS"

// poster posts what is rendered to a local Slack, which refuses what Slack refuses.
type poster struct {
	api   *slack.Client
	slack *slacksim.Server
}

func newPoster(t testing.TB) poster {
	t.Helper()
	s, err := slacksim.New(slacksim.Config{Manifest: Manifest(), Limits: slacksim.Limits{NoRates: true}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddChannel(slacksim.Channel{ID: ops, Name: "ops", Members: []string{s.BotUserID()}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return poster{NewClient(s.APIURL(), s.BotToken(), ""), s}
}

// accepted posts a message and edits it: chat.update refuses some that chat.postMessage takes.
func (p poster) accepted(c content) error {
	_, ts, err := p.api.PostMessage(ops, c.options()...)
	if err != nil {
		return fmt.Errorf("post: %w %s", err, problems(err))
	}
	if _, _, _, err := p.api.UpdateMessage(ops, ts, c.options()...); err != nil {
		return fmt.Errorf("edit: %w %s", err, problems(err))
	}
	return nil
}

func problems(err error) []string {
	if refused, ok := err.(slack.SlackErrorResponse); ok {
		return refused.ResponseMetadata.Messages
	}
	return nil
}

// golden compares a message with testdata/name.golden.
func golden(t *testing.T, name string, c content) {
	t.Helper()
	var got bytes.Buffer
	encoder := json.NewEncoder(&got)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(map[string]any{"text": c.text, "blocks": c.blocks, "metadata": c.metadata})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", file, diff)
	}
}

// own is the markup that drover itself writes: who asked, and when.
var own = regexp.MustCompile(`<@U1>|<!date\^\d+\^\{date_short_pretty\} \{time\}\|[0-9: -]+ UTC>`)

// harmless says what in a message could mention, link, or break out of its place; nil when nothing can.
func harmless(c content) error {
	for _, text := range parsed(c) {
		left := own.ReplaceAllString(text, "")
		switch {
		case strings.ContainsAny(left, "<>"):
			return fmt.Errorf("%q holds markup", text)
		case strings.Contains(left, "```"):
			return fmt.Errorf("%q opens a code block", text)
		case strings.IndexFunc(left, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }) >= 0:
			return fmt.Errorf("%q turns the direction of text", text)
		}
	}
	for _, block := range c.blocks {
		if section, ok := block.(*slack.SectionBlock); ok && !section.Text.Verbatim {
			return fmt.Errorf("%q may be turned into links", section.Text.Text)
		}
	}
	return nil
}

// parsed is every text of a message in which Slack looks for markup. It does not in preformatted ones.
func parsed(c content) []string {
	texts := []string{c.text}
	for _, block := range c.blocks {
		switch block := block.(type) {
		case *slack.SectionBlock:
			texts = append(texts, block.Text.Text)
		case *slack.ContextBlock:
			for _, element := range block.ContextElements.Elements {
				if text, ok := element.(*slack.TextBlockObject); ok {
					texts = append(texts, text.Text)
				}
			}
		}
	}
	return texts
}

// hostile is what a server may print and a person may type to do more than be shown.
var hostile = []string{
	"<!channel> <!here> <!everyone> <@U1|ann> <@U2> <!subteam^S1|@ops>",
	"@channel @here #general",
	"<http://evil.example|click here> http://evil.example <mailto:a@evil.example|mail>",
	"&lt;!channel&gt; &amp;lt;@U2&amp;gt;",
	"a ` b `` c ``` d ```` e",
	"```\n*all servers succeeded*\n```",
	"first\n:white_check_mark: `db1`  succeeded\r\n> quoted",
	"\u202eresrever \u2066isolated \u200fmarks",
	"שלום عالم 🚀👩‍👩‍👧 :boom: *bold* _it_ ~no~",
	strings.Repeat("0123456789", 1000),
	strings.Repeat("&", 5000),
	strings.Repeat("```\n", 2000),
	strings.Repeat("👩‍👩‍👧", 2000),
	"{\"type\": \"section\"}",
	"\t \t",
}

// sample is a run on servers in the states given, as it is at a fixed time.
func sample(state store.RunState, targets ...store.Target) store.Run {
	run := store.Run{
		ID: "0190-run", Number: 42, Version: 7, State: state, Action: "update", Params: store.Strings{}, Origin: store.Slash,
		RequestedBy: store.SlackActor("T1", "U1"), Channel: ops, CreatedAt: at(0), StartedAt: ptr(at(time.Second)), Targets: targets,
	}
	if state.Final() {
		run.FinishedAt = ptr(at(15 * time.Second))
	}
	return run
}

func at(d time.Duration) store.Time { return store.Time{Time: noon.Add(d)} }
func ptr[T any](v T) *T             { return &v }

// target is a server of a sample. A result has its summary and output.
func target(server string, state store.TargetState, summary string) store.Target {
	t := store.Target{ID: "id-" + server, Server: server, State: state, Summary: summary}
	if state != store.TargetPending && state != store.TargetSkipped {
		t.StartedAt = ptr(at(time.Second))
	}
	if state.Final() {
		t.FinishedAt = ptr(at(13500 * time.Millisecond))
	}
	if state == store.TargetSucceeded || state == store.TargetFailed {
		t.ExitCode = ptr(0)
		t.Stdout = "Reading package lists...\n" + server + ": done\n"
	}
	if state == store.TargetFailed {
		t.ExitCode = ptr(100)
		t.Stderr = "E: Could not get lock /var/lib/dpkg/lock-frontend\n"
	}
	return t
}
