package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"drover/bot"
	"drover/bot/slacksim"
	"drover/executor/sshtest"
	"drover/store"
)

// bench is drover with a local Slack and in-process servers.
type bench struct {
	slack *slacksim.Server
	store *store.Store
}

const benchUser = "UBENCH"

func newBench(b *testing.B, servers int, handler func(*sshtest.Session) int) *bench {
	b.Helper()
	slack, err := slacksim.New(slacksim.Config{Manifest: bot.Manifest(), Limits: slacksim.Limits{NoRates: true}})
	must(b, err)
	must(b, slack.AddUser(slacksim.User{ID: benchUser, Name: "bench"}))
	must(b, slack.AddChannel(slacksim.Channel{ID: ops, Name: "ops", Members: []string{slack.BotUserID(), benchUser}}))
	must(b, slack.Start())
	b.Cleanup(func() { _ = slack.Close() })
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "drover.db"), store.Options{})
	must(b, err)
	b.Cleanup(func() { _ = s.Close() })
	must(b, s.Grant(b.Context(), store.Drover, store.Binding{
		Subject: store.SlackActor(slack.Team().ID, benchUser), Role: store.Admin, ActionGlob: "*", Effect: store.Allow,
	}))
	must(b, s.AddCredential(b.Context(), store.Drover, "fleet", store.Secrets{Kind: store.CredentialPassword, Login: []byte("secret")}))
	for i := range servers {
		addBenchServer(b, s, fmt.Sprintf("web%d", i+1), handler)
	}
	w := &bench{slack, s}
	w.serve(b)
	return w
}

func addBenchServer(b *testing.B, s *store.Store, name string, handler func(*sshtest.Session) int) {
	server, err := sshtest.Start(sshtest.Config{
		Users:   map[string]sshtest.User{"drover": {Password: "secret", SudoPassword: "secret"}},
		Handler: handler,
	})
	must(b, err)
	b.Cleanup(func() { _ = server.Close() })
	address, port := server.Addr()
	credential, err := s.CredentialNamed(b.Context(), "fleet")
	must(b, err)
	must(b, s.AddServer(b.Context(), store.Drover, store.Server{
		Name: name, Address: address, Port: port, Platform: "linux", LoginUser: "drover", CredentialID: &credential.ID,
	}))
	pin := store.HostKey{PublicKey: server.HostKeyLine(), Fingerprint: "SHA256:bench"}
	must(b, s.PinHostKeys(b.Context(), store.Drover, name, []store.HostKey{pin}))
}

func (w *bench) serve(b *testing.B) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	config := bot.Config{Store: w.store, Log: slog.New(slog.DiscardHandler), AppToken: bot.Token(w.slack.AppToken()), BotToken: bot.Token(w.slack.BotToken()), APIURL: w.slack.APIURL()}
	go func() { ended <- serve(ctx, w.store, slog.New(slog.DiscardHandler), config, "") }()
	b.Cleanup(func() { stop(); <-ended })
	must(b, w.slack.WaitFor(b.Context(), func() bool { return w.slack.Connections() > 0 }))
}

// run types a command and waits until its run is over.
func (w *bench) run(b *testing.B, text string) time.Duration {
	b.Helper()
	began := time.Now()
	response, err := w.slack.SlashCommand(b.Context(), benchUser, ops, "/server", text)
	must(b, err)
	if response.Error != "" || response.Payload != nil {
		b.Fatalf("refused: %s %s", response.Error, response.Payload)
	}
	for {
		changed := w.store.Changed()
		runs, err := w.store.Runs(b.Context(), 1)
		must(b, err)
		if runs[0].State.Final() {
			if runs[0].State != store.Succeeded {
				b.Fatalf("run %s: %s", runs[0].State, runs[0].Targets[0].Summary)
			}
			return time.Since(began)
		}
		<-changed
	}
}

// BenchmarkAck measures how long Slack waits for the ack of a command that starts a run, while runs are being worked.
func BenchmarkAck(b *testing.B) {
	for _, load := range []struct{ rate, commands int }{{1, 5}, {10, 50}, {100, 1000}} {
		b.Run(fmt.Sprintf("%d-per-second", load.rate), func(b *testing.B) {
			w := newBench(b, 2, nil)
			w.run(b, "ping web1")
			for b.Loop() {
				took := w.acks(b, load.rate, load.commands)
				slices.Sort(took)
				b.ReportMetric(milliseconds(took[len(took)/2]), "p50-ms")
				b.ReportMetric(milliseconds(took[len(took)*99/100]), "p99-ms")
			}
		})
	}
}

func (w *bench) acks(b *testing.B, rate, commands int) []time.Duration {
	took := make([]time.Duration, commands)
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	defer ticker.Stop()
	var typing sync.WaitGroup
	for i := range took {
		<-ticker.C
		typing.Go(func() {
			response, err := w.slack.SlashCommand(b.Context(), benchUser, ops, "/server", "ping web1 web2")
			if err != nil || response.Error != "" {
				b.Errorf("command %d: %v %s", i, err, response.Error)
			}
			took[i] = response.Took
		})
	}
	typing.Wait()
	return took
}

// BenchmarkRunBesideBareSSH measures a run of two servers, from the typed command to its recorded end, beside a program
// that does nothing but the SSH: connect, check the host key, log in, run. Both in turn, in one run.
func BenchmarkRunBesideBareSSH(b *testing.B) {
	const rounds = 20
	w := newBench(b, 2, nil)
	servers, err := w.store.Servers(b.Context())
	must(b, err)
	for b.Loop() {
		var run, bare []time.Duration
		for range rounds {
			run = append(run, w.run(b, "ping web1 web2"))
			bare = append(bare, bareSSH(b, servers))
		}
		slices.Sort(run)
		slices.Sort(bare)
		b.ReportMetric(milliseconds(run[rounds/2]), "drover-ms")
		b.ReportMetric(milliseconds(bare[rounds/2]), "bare-ms")
		b.ReportMetric(float64(run[rounds/2])/float64(bare[rounds/2]), "ratio")
	}
}

func bareSSH(b *testing.B, servers []store.Server) time.Duration {
	began := time.Now()
	var all sync.WaitGroup
	for _, server := range servers {
		all.Go(func() {
			key, _, _, _, err := gossh.ParseAuthorizedKey([]byte(server.HostKeys[0].PublicKey))
			must(b, err)
			client, err := gossh.Dial("tcp", fmt.Sprintf("%s:%d", server.Address, server.Port), &gossh.ClientConfig{
				User: "drover", Auth: []gossh.AuthMethod{gossh.Password("secret")}, HostKeyCallback: gossh.FixedHostKey(key),
			})
			must(b, err)
			defer client.Close()
			session, err := client.NewSession()
			must(b, err)
			must(b, session.Run("true"))
		})
	}
	all.Wait()
	return time.Since(began)
}

// BenchmarkTwoServersAtOnce measures an update of a second on one server against the same on two at once.
func BenchmarkTwoServersAtOnce(b *testing.B) {
	w := newBench(b, 2, func(s *sshtest.Session) int {
		return sshtest.Play(s, 0, sshtest.Line{After: time.Second, Text: "\n@@drover result\n@@drover end"})
	})
	for b.Loop() {
		one, two := w.run(b, "update web1"), w.run(b, "update web1 web2")
		b.ReportMetric(milliseconds(one), "one-ms")
		b.ReportMetric(milliseconds(two), "two-ms")
		b.ReportMetric(float64(two)/float64(one), "ratio")
	}
}

// BenchmarkIdle measures the memory that an idle `drover serve` holds, as the kernel counts it.
func BenchmarkIdle(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "drover")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	if err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	slack, err := slacksim.New(slacksim.Config{Manifest: bot.Manifest()})
	must(b, err)
	must(b, slack.Start())
	b.Cleanup(func() { _ = slack.Close() })
	for b.Loop() {
		b.ReportMetric(idle(b, slack, binary), "resident-MB")
	}
}

func idle(b *testing.B, slack *slacksim.Server, binary string) float64 {
	cmd := exec.Command(binary, "serve")
	cmd.Dir = b.TempDir()
	cmd.Env = append(os.Environ(), "SLACK_API_URL="+slack.APIURL(), "SLACK_APP_TOKEN="+slack.AppToken(), "SLACK_BOT_TOKEN="+slack.BotToken())
	must(b, cmd.Start())
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	must(b, slack.WaitFor(b.Context(), func() bool { return slack.Connections() > 0 }))
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	must(b, err)
	var kilobytes float64
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			_, err := fmt.Sscanf(rest, "%f", &kilobytes)
			must(b, err)
		}
	}
	return kilobytes / 1024
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
