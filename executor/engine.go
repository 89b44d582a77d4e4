package executor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"drover/executor/ssh"
	"drover/store"
)

const (
	// maxSessions is how many servers drover works on at the same time, over all runs. Fewer than 256 is what makes
	// others slow over a network with a real round trip; more gains nothing.
	maxSessions = 256
	// leaseTime is how long a run stays its worker's after the last sign of life.
	leaseTime = 15 * time.Second
	// housekeepEvery is how often expired leases and stale runs are looked for.
	housekeepEvery = time.Second
	// pruneEvery is how often files are looked for that are too old.
	pruneEvery = time.Hour
)

// ServeOwner begins the name of every owner that holds the database's lock.
const ServeOwner = "serve/"

// Config is what an engine needs.
type Config struct {
	Store *store.Store
	SSH   *ssh.Client
	Log   *slog.Logger
	Owner string        // names this process in the leases it holds
	Drain time.Duration // how long a stop waits for what is under way
	Agent string        // the socket of the ssh-agent, for credentials that use it; "" means none
	// Hidden are secrets besides those of the credentials that no output of a server may show: Slack's tokens.
	Hidden []string
	Self   Machine // the machine that must never be taken down; see ThisMachine
	Pace   Pace
}

// Engine takes requests and works runs. It keeps no state that is not in the store, but for the means to end what
// it is working on.
type Engine struct {
	store    *store.Store
	ssh      *ssh.Client
	log      *slog.Logger
	owner    string
	drain    time.Duration
	agent    string
	hidden   []string
	self     Machine
	pace     Pace
	sessions *semaphore.Weighted
	probes   errgroup.Group
	looks    errgroup.Group

	mu     sync.Mutex
	active map[store.Lease]context.CancelCauseFunc // a run that was paused can be claimed anew before its last worker is gone
}

// New makes an engine.
func New(c Config) *Engine {
	e := &Engine{
		store: c.Store, ssh: c.SSH, log: c.Log, owner: c.Owner, drain: c.Drain, agent: c.Agent, hidden: c.Hidden, self: c.Self, pace: c.Pace.withDefaults(),
		sessions: semaphore.NewWeighted(maxSessions), active: map[store.Lease]context.CancelCauseFunc{},
	}
	e.probes.SetLimit(maxProbes)
	e.looks.SetLimit(maxLooks)
	return e
}

// Run claims and works runs until ctx ends. Then it claims no more, waits for what is under way, up to the drain
// limit, ends the rest, and returns.
func (e *Engine) Run(ctx context.Context) error {
	working, abort := context.WithCancelCause(context.WithoutCancel(ctx))
	defer abort(nil)
	var workers sync.WaitGroup
	ticker := time.NewTicker(housekeepEvery)
	defer ticker.Stop()
	pruning := time.NewTicker(pruneEvery)
	defer pruning.Stop()
	e.housekeep(ctx) // before the first claim: what waited through a long absence must not begin now
	e.prune(ctx)
	for ctx.Err() == nil {
		changed := e.store.Changed()
		e.claimQueued(ctx, working, &workers)
		e.lookDue(ctx)
		e.passOnCancels(ctx)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-ticker.C:
			e.housekeep(ctx)
		case <-pruning.C:
			e.prune(ctx)
		}
	}
	e.stop(context.WithoutCancel(ctx), &workers, abort)
	return errors.Join(e.probes.Wait(), e.looks.Wait())
}

// Work claims and works one run in the caller's time, for a terminal without a living serve. It returns when the run
// is over, or at once when somebody else has claimed it. To end it early, Cancel the run. What dead workers left behind
// is marked meanwhile: the run could wait for one of them for ever.
func (e *Engine) Work(ctx context.Context, id string) error {
	ctx = context.WithoutCancel(ctx)
	asking, stopAsking := context.WithCancel(ctx)
	defer func() {
		stopAsking()
		_ = e.probes.Wait() // each probe reports for itself
	}()
	e.housekeep(asking)
	lease, claimed, err := e.store.Claim(ctx, id, e.owner, leaseTime)
	if err != nil || !claimed {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.work(ctx, lease)
	}()
	ticker := time.NewTicker(housekeepEvery)
	defer ticker.Stop()
	for {
		changed := e.store.Changed()
		e.passOnCancels(ctx)
		select {
		case <-done:
			return nil
		case <-changed:
		case <-ticker.C:
			e.housekeep(asking) // the run may wait for a dead worker, or for a command whose end is not proven
		}
	}
}

// claimQueued claims what waits, and works each claimed run beside the others.
func (e *Engine) claimQueued(ctx, working context.Context, workers *sync.WaitGroup) {
	ids, err := e.store.QueuedRuns(ctx)
	if err != nil {
		e.report(ctx, "look for queued runs", err)
		return
	}
	for _, id := range ids {
		if ctx.Err() != nil {
			return
		}
		lease, claimed, err := e.store.Claim(ctx, id, e.owner, leaseTime)
		if err != nil {
			e.report(ctx, "claim a run", err)
			return
		}
		if claimed {
			workers.Go(func() { e.work(working, lease) })
		}
	}
}

// passOnCancels ends the runs of this process that somebody, in any process, wants ended.
func (e *Engine) passOnCancels(ctx context.Context) {
	by, err := e.store.CancelRequested(ctx)
	if err != nil {
		e.report(ctx, "look for cancelled runs", err)
		return
	}
	for id, actor := range by {
		e.end(id, cancelledBy{actor})
	}
}

// housekeep marks what dead workers left behind, what waited too long and what has come to its end.
func (e *Engine) housekeep(ctx context.Context) {
	reaped, err := e.store.ReapExpired(ctx, e.working()...)
	if err != nil {
		e.report(ctx, "mark abandoned runs", err)
	}
	for _, id := range reaped {
		e.log.Warn("a worker died: what it had under way is marked interrupted", "run", id)
	}
	for _, chore := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"expire runs that nobody began", e.expireQueued},
		{"expire runs that nobody continued", e.store.ExpirePaused},
		{"expire runs that nobody approved", e.store.ExpireUnapproved},
		{"remind of break-glass runs", e.remindReviews},
		{"end what a window is over for", e.store.EndAtCutoff},
		{"record the end of bindings", e.store.ExpireBindings},
		{"end locks", e.expireLocks},
	} {
		if err := chore.do(ctx); err != nil {
			e.report(ctx, chore.what, err)
		}
	}
	e.probeDue(ctx)
}

// prune removes the whole outputs that have been kept for long enough.
func (e *Engine) prune(ctx context.Context) {
	if err := e.store.PruneLogs(); err != nil {
		e.report(ctx, "remove old outputs", err)
	}
}

func (e *Engine) expireQueued(ctx context.Context) error {
	limit, err := e.span(ctx, RunExpiry)
	if err != nil {
		return err
	}
	return e.store.ExpireQueued(ctx, limit)
}

// stop waits for the workers. It ends their runs when somebody cancels them, or when the drain limit is over.
func (e *Engine) stop(ctx context.Context, workers *sync.WaitGroup, abort context.CancelCauseFunc) {
	done := make(chan struct{})
	go func() { workers.Wait(); close(done) }()
	select {
	case <-done:
		return
	default:
		e.log.Info("stopping: waiting for runs that are under way", "limit", e.drain)
	}
	limit := time.After(e.drain)
	for {
		changed := e.store.Changed()
		e.passOnCancels(ctx)
		select {
		case <-done:
			return
		case <-limit:
			abort(errStopped)
			<-done
			return
		case <-changed:
		}
	}
}

// errStopped ends targets because drover itself stops.
var errStopped = errors.New("drover was stopped")

// errLeaseLost ends targets because another worker has marked the run.
var errLeaseLost = errors.New("the lease of the run was lost")

// cancelledBy ends targets because somebody asked for it.
type cancelledBy struct{ actor store.Actor }

func (c cancelledBy) Error() string { return fmt.Sprintf("cancelled by %s", c.actor) }

func (e *Engine) begin(lease store.Lease, cancel context.CancelCauseFunc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.active[lease] = cancel
}

func (e *Engine) forget(lease store.Lease) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.active, lease)
}

// working lists the runs that this process is at.
func (e *Engine) working() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var ids []string
	for lease := range e.active {
		ids = append(ids, lease.RunID)
	}
	return ids
}

func (e *Engine) end(id string, cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for lease, cancel := range e.active {
		if lease.RunID == id {
			cancel(cause)
		}
	}
}

// report logs what went wrong with the engine's own work, unless it only ended with ctx.
func (e *Engine) report(ctx context.Context, attempted string, err error) {
	if ctx.Err() == nil {
		e.log.Error("cannot "+attempted, "error", err)
	}
}
