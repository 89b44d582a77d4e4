// Command drover is a Slack bot with which a team looks after its servers. This package is wiring: one file for each
// subcommand, and nothing that decides.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	c := &cli{in: os.Stdin, out: &plainWriter{to: os.Stdout}, err: &plainWriter{to: os.Stderr}, getenv: os.Getenv}
	return c.execute(ctx, os.Args[1:])
}
