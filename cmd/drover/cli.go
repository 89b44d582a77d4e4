package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"drover/executor"
	"drover/executor/ssh"
	"drover/store"
)

// What the exit codes mean; scripts rely on them.
const (
	exitDone    = 0
	exitFailed  = 1 // on some server
	exitUsage   = 2 // the command line makes no sense
	exitRefused = 3 // by policy
	exitNotRun  = 4 // denied, expired or cancelled
	exitBroken  = 5 // drover itself failed
)

// cli is one run of the command: where it reads and writes, and its settings.
type cli struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	settings settings
}

// exitError ends the command with a code, saying nothing more.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// usageError is a command line that makes no sense.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// failedError is something that a server did not do, or not as it should.
type failedError struct{ error }

func failed(format string, args ...any) error { return failedError{fmt.Errorf(format, args...)} }

func (c *cli) execute(ctx context.Context, args []string) int {
	root := c.root()
	root.SetArgs(args)
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	cmd, err := root.ExecuteContextC(ctx)
	var code exitError
	if err != nil && !errors.As(err, &code) {
		fmt.Fprintf(c.err, "drover: %s\n", sentence(cmd, err))
	}
	return exitCode(err)
}

func exitCode(err error) int {
	var code exitError
	var wrong usageError
	var bad failedError
	var refusal *executor.Refusal
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &bad):
		return exitFailed
	case errors.As(err, &refusal) && refusal.Kind == executor.Policy:
		return exitRefused
	case errors.As(err, &refusal), errors.As(err, &wrong), errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrExists), errors.Is(err, store.ErrInUse),
		errors.Is(err, store.ErrLoop), errors.Is(err, store.ErrIsJump):
		return exitUsage
	}
	return exitBroken
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "drover",
		Short:         "A Slack bot with which a team looks after its servers",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w (`%s --help` shows the flags)", err, cmd.CommandPath())
	})
	c.settings.register(root, c.getenv)
	root.AddCommand(
		c.serveCommand(), c.demoCommand(), c.runCommand(), c.previewCommand(), c.continueCommand(), c.historyCommand(), c.reportCommand(), c.showCommand(),
		c.serverCommand(), c.credentialCommand(), c.userCommand(), c.actionCommand(), c.manifestCommand(),
		c.doctorCommand(), c.importCommand(), c.setCommand(), c.scheduleCommand(), c.lockCommand(), c.unlockCommand(), c.freezeCommand(), c.unfreezeCommand(), c.canCommand(), c.auditCommand(),
	)
	wrapArgs(root)
	return root
}

// group is a command that only holds others.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(children...)
	return cmd
}

// withStore runs fn on the open database.
func (c *cli) withStore(ctx context.Context, fn func(*store.Store) error) (err error) {
	s, err := store.Open(ctx, c.settings.db, c.settings.store())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return fn(s)
}

// withEngine runs fn on the open database and an engine that names itself after the command.
func (c *cli) withEngine(ctx context.Context, ownerPrefix string, fn func(*store.Store, *executor.Engine) error) error {
	log, err := c.settings.logger(c.err)
	if err != nil {
		return err
	}
	return c.withStore(ctx, func(s *store.Store) error {
		engine, err := newEngine(ctx, s, log, ownerPrefix, c.settings.tokens()...)
		if err != nil {
			return err
		}
		defer engine.Close()
		return fn(s, engine)
	})
}

// newEngine makes an engine for this process, which hides the tokens too that it is given. Whoever asks for it closes it.
func newEngine(ctx context.Context, s *store.Store, log *slog.Logger, ownerPrefix string, hidden ...string) (*executor.Engine, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("name this process: %w", err)
	}
	engine := executor.New(executor.Config{
		Store: s, SSH: ssh.NewClient(ssh.Limits{}), Log: log, Owner: ownerPrefix + id.String(), Drain: drainLimit,
		Agent: os.Getenv("SSH_AUTH_SOCK"), Hidden: hidden, Self: executor.ThisMachine(),
	})
	return engine, engine.InstallBuiltins(ctx)
}

// actor is the login at this terminal.
func (c *cli) actor() (store.Actor, error) {
	u, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("find out who is at this terminal: %w", err)
	}
	return store.LocalActor(u.Username), nil
}
