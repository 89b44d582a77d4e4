// Package demo is drover without a Slack workspace and without servers: a local Slack, a fleet of in-process SSH
// servers, and between them the real bot over the real protocols with a temporary database.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"drover/bot"
	"drover/bot/slacksim"
	"drover/store"
)

// Serve runs the bot on an open database until ctx ends. It is the same function that `drover serve` runs.
type Serve func(ctx context.Context, s *store.Store, log *slog.Logger, slack bot.Config, channel string) error

// World is a running demo.
type World struct {
	Slack *slacksim.Server
	Fleet *Fleet
	store *store.Store
	dir   string
	stop  context.CancelFunc
	ended chan error
}

// opsChannel is where everybody but the outsider sits.
const opsChannel = "C0OPS"

// Start builds the world, with Slack and its page on a loopback address, and waits until drover listens. Close ends all
// of it.
func Start(ctx context.Context, listen string, serve Serve, log *slog.Logger) (w *World, err error) {
	w = &World{ended: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if w.dir, err = os.MkdirTemp("", "drover-demo-"); err != nil {
		return w, fmt.Errorf("make a folder for the demo: %w", err)
	}
	if w.store, err = store.Open(ctx, filepath.Join(w.dir, "drover.db"), store.Options{}); err != nil {
		return w, err
	}
	if w.Fleet, err = startFleet(); err != nil {
		return w, err
	}
	if w.Slack, err = startSlack(listen, w.Fleet); err != nil {
		return w, err
	}
	if err := furnish(ctx, w.store, w.Slack, w.Fleet); err != nil {
		return w, err
	}
	w.run(ctx, serve, log)
	return w, w.listening(ctx)
}

// URL is the page of the demo.
func (w *World) URL() string { return w.Slack.URL() + "/" }

func (w *World) run(ctx context.Context, serve Serve, log *slog.Logger) {
	running, stop := context.WithCancel(ctx)
	w.stop = stop
	config := bot.Config{Store: w.store, Log: log, AppToken: bot.Token(w.Slack.AppToken()), BotToken: bot.Token(w.Slack.BotToken()), APIURL: w.Slack.APIURL()}
	go func() { w.ended <- serve(running, w.store, log, config, opsChannel) }()
}

// listening waits for drover's connection, or for its end.
func (w *World) listening(ctx context.Context) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	connected := make(chan error, 1)
	go func() { connected <- w.Slack.WaitFor(waiting, func() bool { return w.Slack.Connections() > 0 }) }()
	select {
	case err := <-connected:
		return err
	case err := <-w.ended:
		w.ended <- err
		return fmt.Errorf("the bot ended at once: %w", err)
	}
}

// Close ends drover, the fleet and Slack, and removes the database.
func (w *World) Close() error {
	var errs []error
	if w.stop != nil {
		w.stop()
		errs = append(errs, <-w.ended)
	}
	if w.Fleet != nil {
		errs = append(errs, w.Fleet.Close())
	}
	if w.Slack != nil {
		errs = append(errs, w.Slack.Close())
	}
	if w.store != nil {
		errs = append(errs, w.store.Close())
	}
	if w.dir != "" {
		errs = append(errs, os.RemoveAll(w.dir))
	}
	return errors.Join(errs...)
}
