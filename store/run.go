package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// RunState is where a run is in its life.
type RunState string

// The states of a run. From Succeeded on they are final.
const (
	AwaitingApproval RunState = "awaiting_approval"
	Queued           RunState = "queued"
	Running          RunState = "running"
	Paused           RunState = "paused"
	Succeeded        RunState = "succeeded"
	Failed           RunState = "failed"
	Partial          RunState = "partial"
	Cancelled        RunState = "cancelled"
	Denied           RunState = "denied"
	Expired          RunState = "expired"
	Interrupted      RunState = "interrupted"
)

// Final says whether nothing more will happen to the run by itself.
func (s RunState) Final() bool {
	switch s {
	case AwaitingApproval, Queued, Running, Paused:
		return false
	}
	return true
}

// Origin is where a request came from.
type Origin string

// The origins. All take the same path.
const (
	Slash     Origin = "slash"
	Mention   Origin = "mention"
	DM        Origin = "dm"
	Button    Origin = "button"
	Modal     Origin = "modal"
	Scheduled Origin = "schedule"
	CLI       Origin = "cli"
)

// Run is one request that was accepted.
type Run struct {
	ID               string   `db:"id"`
	Number           int      `db:"number"`
	Version          int64    `db:"version"` // grows with every change of the run or its targets
	State            RunState `db:"state"`
	StateReason      string   `db:"state_reason"`
	ActionID         string   `db:"action_id"`
	Action           string   `db:"action"`
	Changes          bool     `db:"changes"`
	Preview          bool     `db:"preview"` // it only looked at what its action would do
	Selector         string   `db:"selector"`
	Params           Strings  `db:"params"`
	Options          string   `db:"options"` // JSON of executor.Options
	Plan             string   `db:"plan"`    // JSON of executor.Plan
	PlanHash         string   `db:"plan_hash"`
	Reason           string   `db:"reason"`
	Origin           Origin   `db:"origin"`
	RequestedBy      Actor    `db:"requested_by"`
	Channel          string   `db:"channel"`
	MaxFailures      *int     `db:"max_failures"` // failed targets beyond which nothing new begins; nil: no limit
	RetryOf          *string  `db:"retry_of"`
	Occurrence       *string  `db:"occurrence_id"`     // the occurrence of a schedule that it is for; nil: none
	Schedule         string   `db:"schedule"`          // the schedule's name
	StandingSchedule *string  `db:"standing_schedule"` // the schedule that it only asks for; nil: it runs
	StandingRevision *int     `db:"standing_revision"`
	BeginBy          *Time    `db:"begin_by"`   // from then on nothing of it begins; nil: no limit
	RetriedBy        int      `db:"retried_by"` // the number of the run that repeats this one; 0: none
	Owner            string   `db:"owner"`
	Epoch            int64    `db:"epoch"`
	LeaseUntil       *Time    `db:"lease_until"`
	CancelBy         Actor    `db:"cancel_by"`
	PausedUntil      *Time    `db:"paused_until"` // how long it waits, or waited, for Continue; nil: it never was paused
	ContinuedBy      Actor    `db:"continued_by"`
	ContinuedAt      *Time    `db:"continued_at"`
	CreatedAt        Time     `db:"created_at"`
	QueuedAt         *Time    `db:"queued_at"`
	StartedAt        *Time    `db:"started_at"`
	FinishedAt       *Time    `db:"finished_at"`

	ApprovalsNeeded int        `db:"approvals_needed"` // before it may begin
	ApproveBy       *Time      `db:"approve_by"`       // until when; nil: it never waited for approval
	Approvals       []Approval `db:"-"`                // the oldest first

	Urgent     bool  `db:"urgent"`      // break-glass: it began without the approvals that it needed
	ReviewedBy Actor `db:"reviewed_by"` // who looked at such a one afterwards; "": nobody yet
	ReviewedAt *Time `db:"reviewed_at"`
	RemindAt   *Time `db:"remind_at"` // when to remind of it; nil: there is nothing open

	Targets []Target `db:"-"`
}

// NewRun is what CreateRun needs: the fields of the run that are decided before it exists, and the servers.
type NewRun struct {
	Run
	InboxKey string // what Slack calls this delivery; "": not from Slack
	Servers  []Server
	Detached map[string]bool // by server id: the command outlives its connection
	Verify   Verify          // how the end of each command is proven beside its exit code; "": not at all
	Stage    *Stage          // what it is to an occurrence of a schedule; nil: to none
	Approved []Approval      // by whom it was approved beforehand; then it does not wait
	Batches  map[string]int  // by server id: its turn, see Target.Batch; nil: all in one batch
	Expiry   time.Duration   // how long it may wait for the approvals that it needs
	Tell     []Actor         // of an urgent one: who is to know at once
}

// CreateRun records a run that is ready to be claimed, or, when it needs approvals, that waits for them: inbox key, run, targets, card and audit
// entry in one transaction. When Slack has delivered the same key before, it returns the run made then, and duplicate is true. ErrExists: the
// run that it would repeat has been repeated already.
func (s *Store) CreateRun(ctx context.Context, n NewRun) (run Run, duplicate bool, err error) {
	if n.ID, err = newID(); err != nil {
		return Run{}, false, err
	}
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		if duplicate, err = t.receive(ctx, n.InboxKey); err != nil || duplicate {
			return err
		}
		run, err = t.createRun(ctx, n)
		return err
	})
	if err == nil && duplicate {
		run, err = s.runByInboxKey(ctx, n.InboxKey)
	}
	return run, duplicate, err
}

func (t *tx) createRun(ctx context.Context, n NewRun) (Run, error) {
	run := n.Run
	if n.Stage != nil {
		run.Occurrence, run.BeginBy = &n.Stage.Occurrence.ID, &n.Stage.Occurrence.CutoffAt
		if err := t.takeStage(ctx, *n.Stage); err != nil {
			return run, err
		}
	}
	run.State, run.Version, run.CreatedAt, run.QueuedAt = Queued, 1, t.now, &t.now
	if run.ApprovalsNeeded > 0 && len(n.Approved) == 0 {
		by := t.now.Add(n.Expiry)
		run.State, run.QueuedAt, run.ApproveBy = AwaitingApproval, nil, &by
	}
	if run.Urgent {
		again := t.now.Add(remindEvery)
		run.RemindAt = &again
	}
	if err := t.GetContext(ctx, &run.Number, "SELECT coalesce(max(number), 0) + 1 FROM runs"); err != nil {
		return run, fmt.Errorf("number a run: %w", err)
	}
	result, err := t.NamedExecContext(ctx, `INSERT INTO runs (id, number, state, action_id, action, changes, preview, selector, params, options,
			plan, plan_hash, reason, origin, requested_by, channel, max_failures, retry_of, occurrence_id, standing_schedule, standing_revision, begin_by, approvals_needed, approve_by,
			urgent, remind_at, created_at, queued_at)
		VALUES (:id, :number, :state, :action_id, :action, :changes, :preview, :selector, :params, :options,
			:plan, :plan_hash, :reason, :origin, :requested_by, :channel, :max_failures, :retry_of, :occurrence_id, :standing_schedule, :standing_revision, :begin_by, :approvals_needed, :approve_by,
			:urgent, :remind_at, :created_at, :queued_at) ON CONFLICT (retry_of) DO NOTHING`, run)
	if err != nil {
		return run, fmt.Errorf("record run: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return run, notAdded(err)
	}
	if run.RetryOf != nil {
		if err := t.touch(ctx, *run.RetryOf); err != nil { // its card loses the button
			return run, err
		}
	}
	if err := t.createTargets(ctx, run, n); err != nil {
		return run, err
	}
	if err := t.copyApprovals(ctx, run.ID, n.Approved); err != nil {
		return run, err
	}
	if err := t.createCard(ctx, run); err != nil {
		return run, err
	}
	if err := t.showStanding(ctx, run.ID); err != nil {
		return run, err
	}
	if err := t.createReviews(ctx, run, n.Tell); err != nil {
		return run, err
	}
	if n.InboxKey != "" {
		if _, err := t.ExecContext(ctx, "UPDATE inbox SET run_id = ? WHERE key = ?", run.ID, n.InboxKey); err != nil {
			return run, fmt.Errorf("note the run of a delivery: %w", err)
		}
	}
	return run, t.audit(ctx, run.RequestedBy, "run.requested", run.subject(), detail{
		"action": run.Action, "action_id": run.ActionID, "selector": run.Selector, "params": run.Params,
		"plan_hash": run.PlanHash, "reason": run.Reason, "origin": run.Origin, "approvals_needed": run.ApprovalsNeeded, "urgent": run.Urgent,
	})
}

func (r Run) subject() string { return fmt.Sprintf("run/%d", r.Number) }

const selectApprovals = "SELECT * FROM approvals WHERE run_id = ? ORDER BY at, actor"

const selectRun = `SELECT runs.*, coalesce((SELECT number FROM runs AS again WHERE again.retry_of = runs.id), 0) AS retried_by,
	coalesce((SELECT s.name FROM occurrences o JOIN schedules s ON s.id = o.schedule_id WHERE o.id = runs.occurrence_id),
		(SELECT s.name FROM schedules s WHERE s.id = runs.standing_schedule), '') AS schedule FROM runs`

// Run returns a run with its targets as they are at one moment, or ErrNotFound.
func (s *Store) Run(ctx context.Context, id string) (Run, error) {
	return s.run(ctx, selectRun+" WHERE runs.id = ?", id)
}

// RunInBrief is Run without its targets' output, which may be large.
func (s *Store) RunInBrief(ctx context.Context, id string) (Run, error) {
	list, err := s.runs(ctx, " WHERE runs.id = ?", id)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("run: %w", ErrNotFound)
	}
	if err != nil {
		return Run{}, err
	}
	return list[0], nil
}

// RunNumbered is Run by the number that people see.
func (s *Store) RunNumbered(ctx context.Context, number int) (Run, error) {
	return s.run(ctx, selectRun+" WHERE runs.number = ?", number)
}

func (s *Store) runByInboxKey(ctx context.Context, key string) (Run, error) {
	run, err := s.run(ctx, selectRun+" JOIN inbox ON inbox.run_id = runs.id WHERE inbox.key = ?", key)
	if errors.Is(err, ErrNotFound) {
		return Run{}, nil // the delivery was answered without a run
	}
	return run, err
}

func (s *Store) run(ctx context.Context, query string, args ...any) (Run, error) {
	var run Run
	snapshot, err := s.read.BeginTxx(ctx, nil)
	if err != nil {
		return run, fmt.Errorf("read a run: %w", err)
	}
	defer snapshot.Rollback() //nolint:errcheck // it only read
	if err := snapshot.GetContext(ctx, &run, query, args...); err != nil {
		return run, fmt.Errorf("run: %w", found(err))
	}
	run.Targets = []Target{}
	if err := snapshot.SelectContext(ctx, &run.Targets, "SELECT * FROM targets WHERE run_id = ? ORDER BY position", run.ID); err != nil {
		return run, fmt.Errorf("read the targets of run %d: %w", run.Number, err)
	}
	run.Approvals = []Approval{}
	if err := snapshot.SelectContext(ctx, &run.Approvals, selectApprovals, run.ID); err != nil {
		return run, fmt.Errorf("read the approvals of run %d: %w", run.Number, err)
	}
	s.findLogs(run.Targets)
	return run, nil
}

// Runs lists the newest runs first, without their targets' output.
func (s *Store) Runs(ctx context.Context, limit int) ([]Run, error) {
	return s.runs(ctx, " ORDER BY runs.number DESC LIMIT ?", limit)
}

// runs lists runs without their targets' output.
func (s *Store) runs(ctx context.Context, which string, args ...any) ([]Run, error) {
	list := []Run{}
	if err := s.read.SelectContext(ctx, &list, selectRun+which, args...); err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	for i := range list {
		list[i].Approvals = []Approval{}
		if err := s.read.SelectContext(ctx, &list[i].Approvals, selectApprovals, list[i].ID); err != nil {
			return nil, fmt.Errorf("read the approvals of run %d: %w", list[i].Number, err)
		}
		list[i].Targets = []Target{}
		err := s.read.SelectContext(ctx, &list[i].Targets, `SELECT id, run_id, position, server_id, server, batch, changes, state, exit_code,
			error_kind, summary, started_at, finished_at FROM targets WHERE run_id = ? ORDER BY position`, list[i].ID)
		if err != nil {
			return nil, fmt.Errorf("read the targets of run %d: %w", list[i].Number, err)
		}
	}
	return list, nil
}
