package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"drover/bot"
	"drover/executor"
	"drover/scheduler"
	"drover/store"
)

const (
	// drainLimit is how long a stop waits for what is under way on servers.
	drainLimit = 30 * time.Second
	// meetLimit is how long a start waits for what Slack says of the people on whose rights something rests. Then it goes on
	// without: what is theirs waits.
	meetLimit = 5 * time.Second
	// flushLimit is how long a stop waits for Slack to show how things ended.
	flushLimit = 5 * time.Second
)

func (c *cli) serveCommand() *cobra.Command {
	var channel, admins, apiURL string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the bot",
		Long: "Run the bot until SIGTERM or Ctrl-C. Then it takes no more requests and waits up to 30 seconds for what is under way.\n" +
			"It needs SLACK_APP_TOKEN (xapp-…) and SLACK_BOT_TOKEN (xoxb-…), or files with them in SLACK_APP_TOKEN_FILE and SLACK_BOT_TOKEN_FILE.",
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&channel, "channel", c.getenv("DROVER_CHANNEL"), "the id of the channel for runs that were not asked for in Slack ($DROVER_CHANNEL)")
	cmd.Flags().StringVar(&admins, "admins", c.getenv("DROVER_ADMINS"), "Slack user ids made admin at start, with commas between ($DROVER_ADMINS)")
	cmd.Flags().StringVar(&apiURL, "slack-api-url", c.getenv("SLACK_API_URL"), "another Slack than Slack's own ($SLACK_API_URL)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		appToken, err := c.token("SLACK_APP_TOKEN", "xapp-")
		if err != nil {
			return err
		}
		botToken, err := c.token("SLACK_BOT_TOKEN", "xoxb-")
		if err != nil {
			return err
		}
		log, err := c.settings.logger(c.err)
		if err != nil {
			return err
		}
		return c.withStore(cmd.Context(), func(s *store.Store) error {
			slack := bot.Config{Store: s, Log: log, AppToken: bot.Token(appToken), BotToken: bot.Token(botToken), APIURL: apiURL, Admins: list(admins)}
			return serve(cmd.Context(), s, log, slack, channel)
		})
	}
	return cmd
}

// token reads one of Slack's two tokens and says which one is missing or mixed up.
func (c *cli) token(name, prefix string) (string, error) {
	token, err := c.settings.secret(name)
	if err != nil {
		return "", err
	}
	if token == "" {
		return "", usage("%s is not set: it is the token of your Slack app that begins with %s", name, prefix)
	}
	if !strings.HasPrefix(token, prefix) {
		return "", usage("%s does not begin with %s: the two tokens may be mixed up", name, prefix)
	}
	return token, nil
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// serve runs the whole bot on an open database until ctx ends. Nothing else serves the same database meanwhile.
func serve(ctx context.Context, s *store.Store, log *slog.Logger, slack bot.Config, channel string) (err error) {
	lock, err := s.TryLock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	engine, err := newEngine(ctx, s, log, executor.ServeOwner, string(slack.AppToken), string(slack.BotToken))
	if err != nil {
		return err
	}
	defer engine.Close()
	schedules := scheduler.New(scheduler.Config{Store: s, Engine: engine, Log: log})
	slack.Engine, slack.Schedules = engine, schedules
	b := bot.New(slack)
	// What Slack said of people before may be wrong by now: they may have become guests while drover was away.
	if err := s.DoubtUsers(ctx); err != nil {
		return err
	}
	if err := b.Connect(ctx); err != nil {
		return err
	}
	meeting, cancel := context.WithTimeout(ctx, meetLimit)
	defer cancel()
	if err := b.MeetAgain(meeting); err != nil {
		return err
	}
	if err := s.SetSetting(ctx, store.Drover, store.SettingChannel, channel); err != nil {
		return err
	}
	if channel == "" {
		log.Warn("DROVER_CHANNEL is not set: no channel shows the anchors of the audit log, nor what the terminal asks for")
	}
	// We hold the lock, so whoever served before is dead: what it had under way is not.
	if err := s.ReleaseOwners(ctx, executor.ServeOwner); err != nil {
		return fmt.Errorf("take over from the last serve: %w", err)
	}
	projector := bot.NewProjector(s, bot.NewClient(slack.APIURL, string(slack.BotToken), ""), log)
	return runParts(ctx, s, engine, projector, b.Run, b.Refresh, b.MeetAgain, engine.Run, schedules.Run)
}

// together runs some parts until ctx ends or one of them fails.
func together(ctx context.Context, parts ...func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, part := range parts {
		group.Go(func() error { return part(ctx) })
	}
	return group.Wait()
}

// runParts runs everything until ctx ends or one part fails, and stops it in order: no more requests, then the runs
// that are under way, then what Slack has to show.
func runParts(ctx context.Context, s *store.Store, engine *executor.Engine, projector *bot.Projector, parts ...func(context.Context) error) error {
	outward, stopOutward := context.WithCancel(context.WithoutCancel(ctx))
	defer stopOutward()
	var out errgroup.Group
	out.Go(func() error { return s.Watch(outward) })
	out.Go(func() error { return projector.Run(outward) })

	err := together(ctx, append(parts, engine.Anchor)...)
	err = errors.Join(err, engine.AnchorStop(context.WithoutCancel(ctx)))

	stopOutward()
	err = errors.Join(err, out.Wait())
	flushing, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushLimit)
	defer cancel()
	return errors.Join(err, projector.Flush(flushing))
}
