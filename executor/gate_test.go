package executor_test

import (
	"testing"
	"time"

	"drover/executor/sshtest"
)

// gate is a handler whose commands run until the test opens it, or until they are ended.
type gate struct {
	entered chan string   // the commands, as they begin
	open    chan struct{} // closed: they end by themselves
	stopped chan string   // the commands that were ended
}

func newGate() *gate {
	return &gate{entered: make(chan string, 1000), open: make(chan struct{}), stopped: make(chan string, 1000)}
}

func (g *gate) handle(s *sshtest.Session) int {
	g.entered <- s.Command
	select {
	case <-g.open:
		return 0
	case <-s.Context().Done():
		g.stopped <- s.Command
		return 143
	}
}

// receive waits for what must come.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		t.Fatal("it did not come")
	}
	var none T
	return none
}
