package store

import (
	"context"
	"fmt"
	"time"
)

// Lease is the right to work a run: it is good until it expires or somebody else holds a higher epoch.
type Lease struct {
	RunID string
	Epoch int64
}

// ofOpenRuns is said in every query for runs in one of these states: without it, SQLite does not see that the index of
// open runs will do, and goes through all that ever ran.
const ofOpenRuns = " AND state IN ('awaiting_approval', 'queued', 'running', 'paused')"

const selectQueued = "SELECT id FROM runs WHERE state = 'queued'" + ofOpenRuns + " ORDER BY number"

// QueuedRuns lists the ids of the runs that wait to be claimed, oldest first.
func (s *Store) QueuedRuns(ctx context.Context) ([]string, error) {
	ids := []string{}
	if err := s.read.SelectContext(ctx, &ids, selectQueued); err != nil {
		return nil, fmt.Errorf("list queued runs: %w", err)
	}
	return ids, nil
}

// Claim takes a queued run: queued → running. Of several that try, one gets the lease.
func (s *Store) Claim(ctx context.Context, id, owner string, hold time.Duration) (lease Lease, claimed bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		claimed, err = t.change(ctx, `UPDATE runs SET state = 'running', owner = ?, epoch = epoch + 1, lease_until = ?, started_at = coalesce(started_at, ?)
			WHERE id = ? AND state = 'queued'`, owner, t.now.Add(hold), t.now, id)
		if err != nil {
			return fmt.Errorf("claim a run: %w", err)
		}
		if !claimed {
			return nil
		}
		lease = Lease{RunID: id}
		if err := t.GetContext(ctx, &lease.Epoch, "SELECT epoch FROM runs WHERE id = ?", id); err != nil {
			return fmt.Errorf("claim a run: %w", err)
		}
		if err := t.touch(ctx, id); err != nil {
			return err
		}
		return t.auditRun(ctx, Drover, "run.started", id, detail{"owner": owner})
	})
	return lease, claimed, err
}

// Renew keeps a lease. It returns false when the lease is lost: the holder must stop at once.
func (s *Store) Renew(ctx context.Context, lease Lease, hold time.Duration) (held bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		held, err = t.change(ctx, "UPDATE runs SET lease_until = ? WHERE id = ? AND epoch = ? AND state = 'running'", t.now.Add(hold), lease.RunID, lease.Epoch)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("renew a lease: %w", err)
	}
	return held, nil
}

// ReleaseOwners expires at once the leases of every owner whose name begins with prefix. Only for a caller who knows
// that they are dead: one that holds the Lock they held. What they were asking for is due at once, too.
func (s *Store) ReleaseOwners(ctx context.Context, prefix string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.changeMany(ctx, "UPDATE runs SET lease_until = 0 WHERE state = 'running' AND substr(owner, 1, ?) = ?", len(prefix), prefix)
		if err != nil {
			return err
		}
		_, err = t.changeMany(ctx, "UPDATE targets SET probe_at = ? WHERE probe_at > ?", t.now, t.now)
		return err
	})
}

func (t *tx) holds(ctx context.Context, lease Lease) (bool, error) {
	return t.change(ctx, "UPDATE runs SET version = version WHERE id = ? AND epoch = ? AND state = 'running'", lease.RunID, lease.Epoch)
}
