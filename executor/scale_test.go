package executor_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/executor/sshtest"
	"drover/store"
)

// TestThreeHundredServersAtOnce is not parallel: it counts what the process has.
func TestThreeHundredServersAtOnce(t *testing.T) {
	const servers, limit = 300, 256
	w := newWorld(t)
	crowd := newCrowd(limit)
	host := w.host("web0", crowd.handle)
	for i := 1; i < servers; i++ {
		w.enlist(fmt.Sprintf("web%d", i), host) // one sshd behind many names
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- w.engine.Run(ctx) }()

	var heap [2]uint64
	for round := range heap {
		run := w.ended(w.submit("poke all").ID)
		if run.State != store.Succeeded || len(run.Targets) != servers {
			t.Fatalf("it is %s with %d targets", run.State, len(run.Targets))
		}
		for _, target := range run.Targets {
			if len(target.Stdout) < 10_000 {
				t.Fatalf("%s said %q", target.Server, target.Stdout)
			}
		}
		heap[round] = inUse()
	}
	if host.Sessions() != len(heap)*servers || crowd.most != limit {
		t.Errorf("%d commands, at most %d at the same time", host.Sessions(), crowd.most)
	}
	if grown := int64(heap[1]) - int64(heap[0]); grown > 8<<20 {
		t.Errorf("a run leaves %d KiB behind", grown>>10)
	}
	cancel()
	must(t, receive(t, stopped))
	must(t, host.Close())
	if left := working(t); left != "" {
		t.Errorf("still there:\n%s", left)
	}
}

// inUse is what the heap holds when nothing is left to collect.
func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// working waits until no goroutine of the engine or of SSH is left, and returns those that stay.
func working(t *testing.T) string {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	buffer := make([]byte, 16<<20)
	var left []string
	for range 500 {
		left = left[:0]
		for stack := range bytes.SplitSeq(buffer[:runtime.Stack(buffer, true)], []byte("\n\n")) {
			text := string(stack)
			if (strings.Contains(text, "drover/executor.") || strings.Contains(text, "drover/executor/ssh") || strings.Contains(text, "x/crypto/ssh")) &&
				!strings.Contains(text, "executor_test.working") {
				left = append(left, text)
			}
		}
		if len(left) == 0 {
			break
		}
		<-tick.C
	}
	return strings.Join(left, "\n\n")
}

// crowd is a handler of which the first commands wait until there are as many as there may be.
type crowd struct {
	limit int
	full  chan struct{}
	once  sync.Once

	mu         sync.Mutex
	here, most int
}

func newCrowd(limit int) *crowd { return &crowd{limit: limit, full: make(chan struct{})} }

func (c *crowd) handle(s *sshtest.Session) int {
	if c.come(1) == c.limit {
		c.once.Do(func() { close(c.full) })
	}
	defer c.come(-1)
	<-c.full
	fmt.Fprint(s.Stdout, strings.Repeat("all work and no play\n", 500))
	return 0
}

func (c *crowd) come(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.here += n
	c.most = max(c.most, c.here)
	return c.here
}
