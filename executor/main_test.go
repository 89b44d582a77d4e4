package executor_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"

	"drover/executor"
	"drover/executor/ssh"
	"drover/store"
)

// workerVariable makes the test binary a worker: it holds the path of the database to work on.
const workerVariable = "DROVER_TEST_WORKER"

// TestMain lets a test start this binary once more as a process of its own, which it can then kill.
func TestMain(m *testing.M) {
	path := os.Getenv(workerVariable)
	if path == "" {
		m.Run()
		return
	}
	if err := worker(path); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
	}
}

// worker is what `drover serve` does with runs. It ends with its standard input, so that it cannot outlive the test.
func worker(path string) error {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	return executor.New(executor.Config{
		Store: s, SSH: ssh.NewClient(ssh.Limits{}), Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Owner: executor.ServeOwner + "worker",
	}).Run(ctx)
}
